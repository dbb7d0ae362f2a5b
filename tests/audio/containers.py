"""Audio files made byte by byte, so that every field of a header can be a lie.

Conventions
-----------
All functions return the bytes of a file. What they are not told to falsify is right:
sizes, and the checksums of FLAC frames and OGG pages. Silence is what compresses
best, so bombs are silent.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

DATA = Path(__file__).parents[1] / "data"
PCM, FLOAT = 1, 3  # format tags of WAV
FLAC_BLOCK = 65_535  # samples, the most a frame can hold
OGG_PACKETS = 255  # the most a page can hold
OGG_SILENCE = 0x0E  # a whole Vorbis packet: long block between long blocks, no floor
OGG_LONG = 512  # samples that a long block of a440.ogg adds

Bytes = npt.NDArray[np.uint8]


def wav(
    data: bytes,
    *,
    tag: int = PCM,
    channels: int = 1,
    rate: int = 8_000,
    bits: int = 16,
    align: int | None = None,
    fmt_size: int = 16,
    data_size: int | None = None,
    riff_size: int | None = None,
    before: bytes = b"",
    magic: bytes = b"RIFF",
) -> bytes:
    """Return a WAV file; `before` is put in front of its ``fmt`` chunk."""
    align = channels * bits // 8 if align is None else align
    fmt = struct.pack(
        "<HHIIHH", tag, channels, rate, rate * align & 0xFFFFFFFF, align & 0xFFFF, bits
    )
    size = len(data) if data_size is None else data_size
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", fmt_size) + fmt
    body += b"data" + struct.pack("<I", size) + data
    return magic + struct.pack("<I", len(body) if riff_size is None else riff_size) + body


def aiff(
    data: bytes,
    *,
    channels: int = 1,
    frames: int | None = None,
    bits: int = 16,
    rate: bytes = b"\x40\x0b\xfa\x00\x00\x00\x00\x00\x00\x00",
    ssnd_size: int | None = None,
) -> bytes:
    """Return an AIFF file; `rate` is an 80-bit float, by default 8 kHz."""
    n = len(data) * 8 // bits // max(channels, 1) if frames is None else frames
    comm = struct.pack(">HIH", channels, n, bits) + rate
    size = len(data) + 8 if ssnd_size is None else ssnd_size
    body = b"AIFF" + b"COMM" + struct.pack(">I", len(comm)) + comm
    body += b"SSND" + struct.pack(">I", size) + bytes(8) + data
    return b"FORM" + struct.pack(">I", len(body)) + body


def flac(
    n_frames: int, *, rate: int = 16_000, channels: int = 1, stated: int | None = None
) -> bytes:
    """Return a FLAC file of silence, 65,535 samples and some 14 bytes a frame.

    Parameters
    ----------
    n_frames : int
    rate : int
    channels : int
    stated : int, optional
        What STREAMINFO gives as the number of samples; 0 for unknown.
    """
    total = n_frames * FLAC_BLOCK if stated is None else stated
    about = rate << 44 | (channels - 1) << 41 | 15 << 36 | total
    info = struct.pack(">HH", FLAC_BLOCK, FLAC_BLOCK) + bytes(6) + about.to_bytes(8, "big")
    head = b"fLaC" + b"\x80\x00\x00\x22" + info + bytes(16)
    return head + _flac_frames(n_frames, channels)


def _flac_frames(n_frames: int, channels: int) -> bytes:
    """Return frames of constant subframes; their numbers are written as UTF-8 would be."""
    parts = []
    bounds = (0, 1 << 7, 1 << 11, 1 << 16, 1 << 21)
    for size, (first, last) in enumerate(pairwise(bounds), 1):
        numbers = np.arange(first, min(last, n_frames))
        if numbers.size == 0:
            break
        digits = [numbers >> 6 * place & 0x3F | 0x80 for place in reversed(range(size))]
        digits[0] = numbers if size == 1 else (numbers >> 6 * (size - 1)) | (0xF00 >> size & 0xFF)
        fixed = [0xFF, 0xF8, 0x70, channels - 1 << 4 | 8]
        size_code = (FLAC_BLOCK - 1).to_bytes(2, "big")
        head = _columns(numbers.size, *fixed, *digits, *size_code)
        checked = np.column_stack([head, _crc(head, bits=8, polynomial=0x07)])
        body = np.column_stack([checked, np.zeros((numbers.size, 3 * channels), np.uint8)])
        crc = _crc(body, bits=16, polynomial=0x8005)
        parts.append(np.column_stack([body, crc >> 8, crc & 0xFF]).astype(np.uint8).tobytes())
    return b"".join(parts)


def ogg(n_pages: int, *, stated: int | None = None, head: bytes | None = None) -> bytes:
    """Return an OGG file of silence at 16 kHz, 8 s and 537 bytes a page.

    Parameters
    ----------
    n_pages : int
    stated : int, optional
        What the last page gives as the number of samples.
    head : bytes, optional
        Pages in front, by default the three headers of ``a440.ogg``.
    """
    head = ogg_head() if head is None else head
    serial = head[14:18]
    numbers = np.arange(n_pages)
    granules = (numbers + 1) * OGG_PACKETS * OGG_LONG
    if stated is not None:
        granules[-1] = stated
    pages = np.zeros((n_pages, 27 + 2 * OGG_PACKETS), np.uint8)
    pages[:, :4] = list(b"OggS")
    pages[-1, 5] = 4  # the last page of the stream
    pages[:, 6:14] = granules.astype("<i8")[:, np.newaxis].view(np.uint8)
    pages[:, 14:18] = list(serial)
    pages[:, 18:22] = (numbers + 2).astype("<u4")[:, np.newaxis].view(np.uint8)
    pages[:, 26] = OGG_PACKETS
    pages[:, 27 : 27 + OGG_PACKETS] = 1
    pages[:, 27 + OGG_PACKETS :] = OGG_SILENCE
    crc = _crc(pages, bits=32, polynomial=0x04C11DB7)
    pages[:, 22:26] = crc.astype("<u4")[:, np.newaxis].view(np.uint8)
    return head + pages.tobytes()


def ogg_head() -> bytes:
    """Return the pages of ``a440.ogg`` that hold no sound."""
    pages = ogg_pages((DATA / "a440.ogg").read_bytes())
    return b"".join(page for page in pages if page[6:14] == bytes(8))


def ogg_pages(content: bytes) -> list[bytes]:
    """Return the pages of an OGG file as far as they are whole."""
    pages, place = [], 0
    while content[place : place + 4] == b"OggS" and len(content) >= place + 27:
        n = content[place + 26]
        end = place + 27 + n + sum(content[place + 27 : place + 27 + n])
        pages.append(content[place:end])
        place = end
    return pages


def sealed(page: bytes) -> bytes:
    """Return an OGG page with the checksum that its content has."""
    bare = page[:22] + bytes(4) + page[26:]
    crc = int(_crc(np.frombuffer(bare, np.uint8)[np.newaxis], bits=32, polynomial=0x04C11DB7)[0])
    return page[:22] + struct.pack("<I", crc) + page[26:]


def mp3(n_frames: int, *, xing: int | None = None) -> bytes:
    """Return an MP3 file of silence at 8 kHz and 8 kbit/s, 72 ms and 72 bytes a frame.

    Parameters
    ----------
    n_frames : int
    xing : int, optional
        What a Xing header in front gives as the number of frames.
    """
    begin = b"\xff\xe3\x18\xc0"  # MPEG 2.5, layer III, 8 kbit/s, 8 kHz, mono
    first = b""
    if xing is not None:
        first = (begin + bytes(9) + b"Xing" + struct.pack(">II", 1, xing)).ljust(72, b"\0")
    return first + (begin + bytes(68)) * n_frames


def _columns(n: int, *values: int | npt.NDArray[np.int_]) -> Bytes:
    return np.column_stack([np.broadcast_to(np.asarray(v), n) for v in values]).astype(np.uint8)


def _crc(rows: Bytes, *, bits: int, polynomial: int) -> npt.NDArray[np.int64]:
    """Return the checksum of each row, highest bit first, beginning at 0."""
    mask = (1 << bits) - 1
    table = np.arange(256, dtype=np.int64) << bits - 8
    for _ in range(8):
        table = (table << 1 ^ np.where(table >> bits - 1, polynomial, 0)) & mask
    crc = np.zeros(len(rows), np.int64)
    for column in rows.T:
        crc = (crc << 8 & mask) ^ table[(crc >> bits - 8) ^ column]
    return crc
