"""Hostile and odd audio files, and what has to become of each.

Conventions
-----------
All are made here, by code, the same every time. `outcome` is a regular expression
for the sentence of the refusal, or :data:`ACCEPTED`. A file that is let through
where its header lies holds what could be read of it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import soundfile

from tests.audio.containers import (
    DATA,
    FLAC_BLOCK,
    FLOAT,
    aiff,
    flac,
    mp3,
    ogg,
    ogg_head,
    ogg_pages,
    sealed,
    wav,
)
from tests.audio.media import KINDS, film, media, with_box, with_tracks

__all__ = ["ACCEPTED", "GOOD", "HostileFile", "hostile_files", "truncations"]

ACCEPTED = "accepted"
ANOTHER = "got something else: is it damaged, or another kind of file, renamed"
DAMAGED = "begins like it and cannot be read: is it damaged or cut short"
EMPTY = "got 0 samples"
TOO_LONG = "at most 10 minutes, got more: cut the recording"
COSTLY = "that is decoded within|takes more|needs more"
NO_LENGTH = "expected a recording that states its length"
NOT_FINITE = "that are NaN or infinite: was the file written by a program"
MEGABYTE = 1 << 20
LARGEST = 10 * MEGABYTE  # bytes that the gate takes
U32 = 0xFFFFFFFF


def _tone(n: int = 1600, amplitude: float = 0.5) -> np.ndarray:
    """Return 440 Hz at 8 kHz."""
    return amplitude * np.sin(2 * np.pi * 440 * np.arange(n) / 8_000)


def _pcm(n: int = 1600) -> bytes:
    return (32767 * _tone(n)).astype("<i2").tobytes()


def _written(y: np.ndarray, rate: int = 8_000, format: str = "WAV", subtype: str = "") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, y, rate, format=format, subtype=subtype or None)
    return buffer.getvalue()


GOOD = wav(_pcm())  # 0.2 s of a tone


@dataclass(frozen=True)
class HostileFile:
    """One file: what is wrong with it, how it is made, what must become of it."""

    name: str
    make: Callable[[], bytes]
    outcome: str


def hostile_files() -> list[HostileFile]:
    """Return all of them; none is made yet."""
    groups = (_no_audio, _wav_headers, _wav_samples, _flac, _ogg, _mp3, _aiff, _containers, _bombs)
    return [HostileFile(*row) for group in groups for row in group()]


def truncations() -> list[bytes]:
    """Return a WAV of 0.1 s cut after every tenth byte."""
    whole = wav(bytes(128 + round(90 * y) for y in _tone(800)), bits=8)
    return [whole[:n] for n in range(0, len(whole), 10)]


Rows = Iterator[tuple[str, Callable[[], bytes], str]]


def _no_audio() -> Rows:
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 1, 1, 8, 2, 0, 0, 0)
    yield "nothing at all", lambda: b"", "got 0 bytes: is the file empty"
    yield "one byte", lambda: b"R", ANOTHER
    yield "10 MB and one byte", lambda: bytes(LARGEST + 1), "at most 10 MB, got 10.0 MB"
    yield "10 MB of zeros", lambda: bytes(LARGEST), ANOTHER
    yield "random bytes", lambda: np.random.default_rng(0).bytes(100_000), ANOTHER
    yield "text", lambda: b"These are the notes of my song.\n" * 100, ANOTHER
    yield "text in UTF-16, which begins like MP3", lambda: ("do re mi " * 99).encode("u16"), DAMAGED
    yield "a web page", lambda: b"<!DOCTYPE html><title>404</title>", ANOTHER
    yield "a picture (PNG)", lambda: png + zlib.compress(bytes(99)), "got a PNG picture"
    yield "a picture (JPEG)", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(99), "a JPEG picture"
    yield "a picture (WebP, RIFF like WAV)", lambda: b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP picture"
    yield "a film (AVI, RIFF like WAV)", lambda: b"RIFF\x24\0\0\0AVI LIST", "got an AVI film"
    yield "a PDF document", lambda: b"%PDF-1.7\n%\xe2\xe3", "got a PDF document"
    yield "a ZIP archive", lambda: b"PK\x03\x04" + bytes(99), "got a ZIP archive"
    yield "M4A: a mark and nothing else", lambda: b"\0\0\0\x20ftypM4A " + bytes(99), DAMAGED
    yield "MIDI", lambda: b"MThd\0\0\0\6\0\1\0\1\0\x60", "got MIDI, which holds no sound"
    yield "AU, a format that is not taken", lambda: _written(_tone(), format="AU"), "got AU: save"
    yield "CAF, a format that is not taken", lambda: _written(_tone(), format="CAF"), "got CAF"
    yield (
        "Wave64, a format that is not taken",
        lambda: _written(_tone(), format="W64"),
        "got Wave64: save",
    )
    yield "an ID3 tag and nothing else", lambda: b"ID3\x03\0\0\0\0\0\x0a" + bytes(10), DAMAGED
    yield "an ID3 tag that claims 256 MB", lambda: b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + GOOD, DAMAGED


def _wav_headers() -> Rows:
    data = _pcm()
    yield "WAV: a header alone", lambda: wav(b""), EMPTY
    yield "WAV: data said to be 0 bytes", lambda: wav(data, data_size=0), ACCEPTED
    yield "WAV: data said to be 4 GB", lambda: wav(data, data_size=U32), ACCEPTED
    yield "WAV: data said to be 2 GB", lambda: wav(data, data_size=1 << 31), ACCEPTED
    yield "WAV: data of an odd number of bytes", lambda: wav(data[:-1]), ACCEPTED
    yield "WAV: file said to be 0 bytes", lambda: wav(data, riff_size=0), ACCEPTED
    yield "WAV: file said to be 4 GB", lambda: wav(data, riff_size=U32), ACCEPTED
    yield "WAV: big-endian marks, little-endian content", lambda: wav(data, magic=b"RIFX"), DAMAGED
    yield "WAV: RF64 without its sizes", lambda: wav(data, magic=b"RF64"), ACCEPTED
    yield "WAV: fmt chunk of 0 bytes", lambda: wav(data, fmt_size=0), DAMAGED
    yield "WAV: fmt chunk said to be 4 GB", lambda: wav(data, fmt_size=U32), DAMAGED
    yield "WAV: no fmt chunk", lambda: wav(data).replace(b"fmt ", b"junk"), DAMAGED
    yield "WAV: no data chunk", lambda: wav(data).replace(b"data", b"junk"), DAMAGED
    yield "WAV: 100,000 empty chunks", lambda: wav(data, before=b"junk\0\0\0\0" * 100_000), DAMAGED
    yield (
        "WAV: a chunk of 4 GB in front",
        lambda: wav(data, before=b"junk\xff\xff\xff\xff"),
        DAMAGED,
    )
    for rate in (0, 1, 7_999, 192_001, 384_000, U32):
        said = f"8 to 192 kHz, got {rate} Hz" if 0 < rate < U32 else f"8 to 192 kHz|{DAMAGED}"
        yield f"WAV: {rate} Hz", lambda rate=rate: wav(data, rate=rate), said
    for rate in (8_000, 192_000):
        yield f"WAV: {rate} Hz", lambda rate=rate: wav(data, rate=rate), ACCEPTED
    for channels in (0, 9, 64, 1024, 65_535):
        said = f"at most 8 channels, got {channels}" if 0 < channels <= 1024 else DAMAGED
        yield f"WAV: {channels} channels", lambda n=channels: wav(data * 9, channels=n), said
    for channels in (2, 8):
        yield f"WAV: {channels} channels", lambda n=channels: wav(data * n, channels=n), ACCEPTED
    for bits in (0, 1, 7, 12, 64, 255):
        yield (
            f"WAV: integers of {bits} bits",
            lambda n=bits: wav(data, bits=n),
            ACCEPTED if 0 < bits < 32 else DAMAGED,
        )
    for align in (0, 3, 65_535):
        yield f"WAV: {align} bytes a sample", lambda n=align: wav(data, align=n), ACCEPTED
    for tag, what in ((0xFFFF, "unknown"), (0x55, "MP3"), (0x11, "IMA ADPCM"), (0x31, "GSM")):
        yield f"WAV: coding {what}, header of PCM", lambda tag=tag: wav(data, tag=tag), DAMAGED
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 2**63 - 1, 2**63 - 1, 2**63 - 1, 0)
    yield "WAV: RF64 said to be 8 EB", lambda: wav(data, magic=b"RF64", before=ds64), ACCEPTED


def _wav_samples() -> Rows:
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"):
        yield f"WAV: samples as {subtype}", lambda s=subtype: _written(_tone(), subtype=s), ACCEPTED
    for subtype in ("IMA_ADPCM", "MS_ADPCM", "GSM610"):
        yield f"WAV: samples as {subtype}", lambda s=subtype: _written(_tone(), subtype=s), ACCEPTED
    odd = {
        "one NaN": (float("nan"), 1, f"got 1 {NOT_FINITE}"),
        "NaN throughout": (float("nan"), 1600, f"got 1600 {NOT_FINITE}"),
        "one infinity": (float("inf"), 1, f"got 1 {NOT_FINITE}"),
        "infinity below zero": (float("-inf"), 7, f"got 7 {NOT_FINITE}"),
        "denormal numbers": (1e-40, 1600, ACCEPTED),
        "the largest float": (3.4e38, 1600, ACCEPTED),
        "the largest double": (1.7e308, 1600, f"got 1600 {NOT_FINITE}"),
        "zeros below zero": (-0.0, 1600, ACCEPTED),
    }
    for name, (value, n, outcome) in odd.items():
        size = 64 if name.endswith("double") else 32

        def make(value: float = value, n: int = n, size: int = size) -> bytes:
            y = _tone()
            y[-n:] = value
            return wav(y.astype(f"<f{size // 8}").tobytes(), tag=FLOAT, bits=size)

        yield f"WAV: {name}", make, outcome

    def sum_overflows() -> bytes:
        return wav(np.full(3200, 3.4e38, "<f4").tobytes(), tag=FLOAT, bits=32, channels=2)

    yield "WAV: the largest floats in two channels", sum_overflows, f"got 1600 {NOT_FINITE}"
    yield "WAV: channels that cancel", lambda: _written(np.stack([_tone(), -_tone()], 1)), ACCEPTED


def _flac() -> Rows:
    whole = _written(_tone(16_000), format="FLAC")
    n = len(whole)

    def big_blocks(kind: int) -> bytes:
        block = bytes([kind]) + (1 << 20).to_bytes(3, "big") + bytes(1 << 20)
        return whole[:4] + b"\0" + whole[5:42] + 9 * block + whole[42:]

    yield "FLAC: half of it", lambda: whole[: n // 2], DAMAGED
    yield "FLAC: a header alone", lambda: whole[:42], DAMAGED
    yield (
        "FLAC: zeros in its midst",
        lambda: whole[: n // 2] + bytes(500) + whole[n // 2 + 500 :],
        DAMAGED,
    )
    yield "FLAC: length unknown", lambda: flac(3, stated=0), NO_LENGTH
    yield "FLAC: less stated than there is", lambda: flac(3, stated=20_000), ACCEPTED
    yield "FLAC: more stated than there is", lambda: flac(1, stated=200_000), DAMAGED
    yield "FLAC: 2^36 samples stated", lambda: flac(1, stated=2**36 - 1), TOO_LONG
    yield "FLAC: 0 Hz", lambda: flac(1, rate=0), f"8 to 192 kHz|{DAMAGED}"
    yield "FLAC: 1 Hz", lambda: flac(1, rate=1), "8 to 192 kHz, got 1 Hz"
    yield "FLAC: 655,350 Hz", lambda: flac(1, rate=655_350), "8 to 192 kHz, got 655350 Hz"
    yield (
        "FLAC: a first block said to be 16 MB",
        lambda: whole[:5] + b"\xff" * 3 + whole[8:],
        DAMAGED,
    )
    yield "FLAC: 9 MB of padding", lambda: big_blocks(1), ACCEPTED
    yield "FLAC: 9 MB of pictures", lambda: big_blocks(6), DAMAGED
    yield "FLAC: 9 MB of comments", lambda: big_blocks(4), DAMAGED
    yield "FLAC: a second file behind it", lambda: whole + whole, ACCEPTED


def _ogg() -> Rows:
    whole = (DATA / "a440.ogg").read_bytes()
    pages = ogg_pages(whole)
    head = ogg_head()

    def stated(granule: int) -> bytes:
        last = pages[-1][:6] + struct.pack("<q", granule) + pages[-1][14:]
        return b"".join(pages[:-1]) + sealed(last)

    def ident(place: int, value: bytes) -> bytes:
        first = pages[0][:place] + value + pages[0][place + len(value) :]
        return sealed(first) + b"".join(pages[1:])

    yield "OGG: half of it", lambda: whole[: len(whole) // 2], DAMAGED
    yield "OGG: headers alone", lambda: head, EMPTY
    yield "OGG: first page alone", lambda: pages[0], DAMAGED
    yield "OGG: wrong checksums", lambda: whole.replace(b"OggS\0\0", b"OggS\0\1"), DAMAGED
    yield "OGG: 2^62 samples stated", lambda: stated(1 << 62), ACCEPTED
    yield "OGG: -2^63 samples stated", lambda: stated(-(1 << 63)), ACCEPTED
    yield "OGG: 0 samples stated", lambda: stated(0), EMPTY
    yield "OGG: less stated than there is", lambda: stated(4_000), ACCEPTED
    yield "OGG: 0 channels", lambda: ident(28 + 11, b"\0"), DAMAGED
    yield "OGG: 64 channels", lambda: ident(28 + 11, b"\x40"), "at most 8 channels, got 64"
    yield "OGG: 0 Hz", lambda: ident(28 + 12, bytes(4)), DAMAGED
    yield "OGG: 384 kHz", lambda: ident(28 + 12, struct.pack("<I", 384_000)), "8 to 192 kHz|damaged"
    yield "OGG: blocks of 2^15 samples", lambda: ident(28 + 28, b"\xff"), DAMAGED
    yield "OGG: 10 KB of zeros behind it", lambda: ogg(1) + bytes(9999), ACCEPTED
    yield "OGG: two streams, one behind the other", lambda: whole + whole, ACCEPTED
    yield "OGG: an unknown codec", lambda: whole.replace(b"\x01vorbis", b"\x01vorbit"), DAMAGED


def _mp3() -> Rows:
    whole = (DATA / "a440.mp3").read_bytes()
    yield "MP3: half of it", lambda: whole[: len(whole) // 2], ACCEPTED
    yield "MP3: one frame's header", lambda: b"\xff\xe3\x18\xc0", DAMAGED
    yield "MP3: marks of frames, no frames", lambda: b"\xff\xfb" * 50_000, DAMAGED
    yield "MP3: 2^32 frames stated", lambda: mp3(20, xing=U32), TOO_LONG
    yield "MP3: 0 frames stated", lambda: mp3(20, xing=0), ACCEPTED
    yield "MP3: less stated than there is", lambda: mp3(99, xing=5), ACCEPTED
    yield "MP3: 1 MB of zeros between frames", lambda: mp3(9) + bytes(MEGABYTE) + mp3(9), TOO_LONG
    yield "MP3: another rate half-way", lambda: mp3(50) + whole, ACCEPTED


def _aiff() -> Rows:
    data = _pcm()
    yield "AIFF: 2^32 samples stated", lambda: aiff(data, frames=U32), ACCEPTED
    yield "AIFF: 0 samples stated", lambda: aiff(data, frames=0), ACCEPTED
    yield "AIFF: data said to be 4 GB", lambda: aiff(data, ssnd_size=U32), ACCEPTED
    yield "AIFF: 0 channels", lambda: aiff(data, channels=0), DAMAGED
    yield "AIFF: 64 channels", lambda: aiff(data, channels=64), "at most 8 channels, got 64"
    yield "AIFF: integers of 0 bits", _zero_bits, DAMAGED
    yield "AIFF: 0 Hz", lambda: aiff(data, rate=bytes(10)), f"8 to 192 kHz|{DAMAGED}"
    yield "AIFF: a rate below zero", lambda: aiff(data, rate=b"\xc0\x0b\xfa" + bytes(7)), DAMAGED
    yield (
        "AIFF: a rate that is NaN",
        lambda: aiff(data, rate=b"\x7f\xff\xff" + bytes(7)),
        "8 to 192 kHz, got",
    )
    yield (
        "AIFF: a rate of 1e4932 Hz",
        lambda: aiff(data, rate=b"\x7f\xfe" + b"\xff" * 8),
        "8 to 192 kHz, got",
    )


def _zero_bits() -> bytes:
    return aiff(_pcm()).replace(b"\x00\x10\x40\x0b", b"\x00\x00\x40\x0b")


def _containers() -> Rows:
    def m4a(seconds: float = 0.5) -> bytes:
        return media("M4A, AAC", _tone(round(8_000 * seconds)), 8_000)

    def lying(box: bytes, at: int) -> bytes:
        path = (b"moov", b"mvhd") if box == b"mvhd" else (b"moov", b"trak", b"mdia", b"mdhd")
        lie = struct.pack(">I", U32)
        return with_box(m4a(), path, lambda old: old[:at] + lie + old[at + 4 :])

    def edits(entries: bytes) -> bytes:
        list_ = b"elst" + bytes(4) + struct.pack(">I", len(entries) // 12) + entries
        body = struct.pack(">I", 4 + len(list_)) + list_
        edts = struct.pack(">I", 8 + len(body)) + b"edts" + body
        return with_box(m4a(), (b"moov", b"trak", b"edts"), lambda _: edts)

    def sample_table(box: bytes, content: bytes) -> bytes:
        path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", box)
        return with_box(m4a(), path, lambda _: struct.pack(">I", 8 + len(content)) + box + content)

    half = f"{ACCEPTED}|{DAMAGED}"
    for kind in KINDS:
        whole = media(kind, _tone(8_000), 8_000 if "Opus" not in kind else 48_000)
        yield f"{kind}: good", lambda content=whole: content, ACCEPTED
        yield f"{kind}: cut in half", lambda content=whole: content[: len(content) // 2], half
        yield f"{kind}: cut after 100 bytes", lambda content=whole: content[:100], half
    yield "M4A: 13 hours stated for the film", lambda: lying(b"mvhd", 24), ACCEPTED
    yield "M4A: 149 hours stated for the track", lambda: lying(b"mdhd", 24), ACCEPTED
    again = struct.pack(">IIHH", 500, 0, 1, 0)  # half a second from the beginning, at speed 1
    yield "M4A: an edit list that repeats half a second", lambda: edits(again * 20), ACCEPTED
    yield (
        "M4A: an edit list that repeats it 100,000 times (14 h)",
        lambda: edits(again * 100_000),
        f"{ACCEPTED}|{TOO_LONG}|{COSTLY}|{DAMAGED}",
    )
    yield (
        "M4A: an edit that begins after the end",
        lambda: edits(struct.pack(">IIHH", 500, 1 << 30, 1, 0)),
        f"{ACCEPTED}|{DAMAGED}|{EMPTY}",
    )
    yield "M4A: ten thousand tracks", lambda: with_tracks(m4a(), 10_000), f"{DAMAGED}|{COSTLY}"
    yield "M4A: fifty tracks", lambda: with_tracks(m4a(), 50), ACCEPTED
    yield (
        "M4A: four thousand million samples in a table of one",
        lambda: sample_table(b"stsz", bytes(4) + struct.pack(">II", 1, U32)),
        f"{ACCEPTED}|{DAMAGED}|{COSTLY}|{EMPTY}",
    )
    yield (
        "M4A: samples that lie beyond the end of the file",
        lambda: sample_table(b"stco", bytes(4) + struct.pack(">II", 1, U32)),
        f"{DAMAGED}|{EMPTY}",
    )
    yield "MP4: a film without sound", lambda: film(None, 8_000), "got a video without sound"
    yield "MP4: a film with sound", lambda: film(_tone(8_000), 8_000), ACCEPTED
    yield (
        "M4A bomb: 9.8 minutes of silence",
        lambda: media("M4A, Apple Lossless", np.zeros(590 * 8_000), 8_000),
        ACCEPTED,
    )
    yield (
        "M4A bomb: 11 minutes of silence",
        lambda: media("M4A, Apple Lossless", np.zeros(660 * 8_000), 8_000),
        TOO_LONG,
    )
    yield (
        "a playlist that begins like M4A",
        (lambda: b"\0\0\0\x18ftypM4A #EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"),
        DAMAGED,
    )


def _bombs() -> Rows:
    minutes = 590 * 192_000 // FLAC_BLOCK  # frames, within the limit of 600 s

    def wide() -> bytes:
        return flac(300_000, rate=192_000, channels=8, stated=minutes * FLAC_BLOCK)[:LARGEST]

    either = f"{ACCEPTED}|decoded within .* s, got a file that takes longer"
    yield (
        "FLAC bomb: 10 MB, 28 h of 8 channels, as stated",
        lambda: flac(300_000, rate=192_000, channels=8)[:LARGEST],
        TOO_LONG,
    )
    yield "FLAC bomb: the same, 9.8 minutes stated (3.6 GB of samples)", wide, either
    yield (
        "FLAC bomb: the same, length unknown",
        lambda: flac(300_000, rate=192_000, channels=8, stated=0)[:LARGEST],
        NO_LENGTH,
    )
    yield "FLAC bomb: 24 KB, 9.8 minutes at 192 kHz", lambda: flac(minutes, rate=192_000), ACCEPTED
    yield "OGG bomb: 10 MB, 44 h, as stated", lambda: ogg(19_500), TOO_LONG
    yield "OGG bomb: the same, 5 s stated", lambda: ogg(19_500, stated=5 * 16_000), ACCEPTED
    yield "OGG bomb: 42 KB, 9.8 minutes", lambda: ogg(72), ACCEPTED
    yield "MP3 bomb: 10 MB, 2.9 h", lambda: mp3(145_000), TOO_LONG
    yield "MP3 bomb: the same, 10 frames stated", lambda: mp3(145_000, xing=10), ACCEPTED
    yield "MP3 bomb: 590 KB, 9.8 minutes", lambda: mp3(8_190), ACCEPTED
    yield (
        "WAV: 10 MB of 8-bit silence, 21 minutes",
        lambda: wav(b"\x80" * (LARGEST - 44), bits=8),
        TOO_LONG,
    )
