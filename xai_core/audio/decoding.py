"""Bytes of an audio file to mono samples: the kind of file, the checks and the bounded reads.

Conventions
-----------
The kind of a file is recognised by its first bytes, never by its name. WAV, FLAC,
OGG, MP3 and AIFF go to libsndfile, what phones, browsers and cameras record to
FFmpeg (:mod:`xai_core.audio.containers`). Both read many more formats, which are
not needed here and are a risk with untrusted files.

A header is not trusted: samples are counted as they are decoded, block by block.
Memory is bounded by :data:`KEPT_SAMPLES` for any input; a recording with more
samples, such as 5 minutes at 44.1 kHz, is returned at 16 kHz, the rate of every
note, and says so.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from xai_core.audio.channels import ChannelPowers, mix
from xai_core.audio.containers import ContainerFile, container_format
from xai_core.errors import AudioError
from xai_core.values import SAMPLE_RATE, Waveform

__all__ = [
    "EXPECTED",
    "KEPT_SAMPLES",
    "MAX_BYTES",
    "MAX_SECONDS",
    "check_kind",
    "check_size",
    "decode",
]

MAX_BYTES = 10 * 1024 * 1024
MAX_SECONDS = 600  # longer recordings are refused
MAX_CHANNELS = 8
RATE_RANGE = (8_000, 192_000)  # Hz
KEPT_SAMPLES = MAX_SECONDS * SAMPLE_RATE  # mono; 38 MB
BLOCK = 1 << 18  # samples over all channels, decoded at once
AUDIBLE_OFFSET = 3e-3  # of the peak (-50 dB)
OFFSET_PARTS = 8
OFFSET_SECONDS = 0.15  # at least, of a part
RIFF_HEADER = 12  # bytes
MAX_CHUNKS = 64  # of different kinds, that are looked through for the sound
FORMATS = {"WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF"}

Samples = npt.NDArray[np.float32]


def check_size(content: bytes, *, max_bytes: int = MAX_BYTES) -> None:
    """Refuse a file that is empty or has more than `max_bytes` bytes.

    Raises
    ------
    AudioError
    """
    if not content:
        raise AudioError("expected audio, got 0 bytes: is the file empty?")
    if len(content) > max_bytes:
        raise AudioError(
            f"expected at most {max_bytes / 2**20:.0f} MB, got {len(content) / 2**20:.1f} MB: "
            "cut the recording or use FLAC"
        )


def decode(content: bytes, *, max_bytes: int = MAX_BYTES, seconds: float | None = None) -> Waveform:
    """Decode an audio file to a mono waveform.

    Parameters
    ----------
    content : bytes
    max_bytes : int
    seconds : float, optional
        Processor time after which the file is refused.

    Returns
    -------
    Waveform
        At the rate of the file; at 16 kHz if it would have more than
        :data:`KEPT_SAMPLES` samples. Channels are averaged, but for silent ones,
        and where they would cancel each other one is taken. A DC offset is
        removed.

    Raises
    ------
    AudioError
        If the audio cannot be read, is longer than 10 minutes, has a rate or
        a number of channels out of range, holds NaN or infinity, or takes too
        long.
    """
    began = time.process_time()

    def check_time() -> None:
        if seconds is not None and time.process_time() - began > seconds:
            raise AudioError(
                f"expected audio that is decoded within {seconds:g} s, got a file that takes "
                "longer: is it damaged, or much longer than it seems?"
            )

    check_size(content, max_bytes=max_bytes)
    check_kind(content)
    edits = []
    content, n_behind = _with_length(content)
    if n_behind:
        edits.append(
            f"read {n_behind / 1000:,.0f} KB behind a header that says 0 bytes, as of a recorder "
            "that lost power"
        )
    try:
        with _open(content) as file:
            _check_header(file)
            stored_sr, n_channels = file.samplerate, file.channels
            everything = tuple(range(n_channels))
            powers = ChannelPowers(n_channels) if n_channels > 1 else None
            y, sr = _decode_mono(file, everything, check_time, powers)
        if powers is not None:
            channels, sentence = powers.choose()
            edits.append(sentence)
            if channels != everything:  # memory holds one channel, so it is decoded again
                with _open(content) as file:
                    y, sr = _decode_mono(file, channels, check_time)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise AudioError(
            f"expected {EXPECTED}, got a file that begins like it and cannot be read: "
            "is it damaged or cut short?"
        ) from error
    if offset := _remove_offset(y, sr):
        edits.append(f"removed a DC offset of {offset:.2g}")
    if sr != stored_sr:
        edits.append(f"resampled {stored_sr / 1000:g} kHz to {sr / 1000:g} kHz")
    return Waveform(y, sr, tuple(edits))


def _with_length(content: bytes) -> tuple[bytes, int]:
    """Return a WAV file whose header says 0 bytes of sound with the bytes that lie behind it.

    A recorder writes the lengths at the end: they are 0 where it lost power.

    Returns
    -------
    content : bytes
        As it came, where the header says more than 0, or only whole chunks follow.
    n_behind : int
        Bytes of sound that the header did not tell; 0 where it came as it is.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return content, 0
    place = _chunk_places(content, RIFF_HEADER).get(b"data")
    if place is None or content[place + 4 : place + 8] != bytes(4):
        return content, 0
    sound = place + 8
    n_behind = len(content) - sound
    if n_behind <= 0 or _ends_with(_chunk_places(content, sound), content):
        return content, 0
    sizes = [(len(content) - 8).to_bytes(4, "little"), n_behind.to_bytes(4, "little")]
    parts = [content[:4], sizes[0], content[8 : place + 4], sizes[1], content[sound:]]
    return b"".join(parts), n_behind


def _chunk_places(content: bytes, start: int) -> dict[bytes, int]:
    """Return where each kind of chunk of a WAV file begins first, as far as sizes make sense."""
    places: dict[bytes, int] = {}
    while start + 8 <= len(content) and len(places) < MAX_CHUNKS:
        name = content[start : start + 4]
        if name in places or not (name.isascii() and name.decode("ascii").isprintable()):
            break
        places[name] = start
        size = int.from_bytes(content[start + 4 : start + 8], "little")
        if name == b"data" or start + 8 + size > len(content):
            break
        start += 8 + size + size % 2
    return places


def _ends_with(places: dict[bytes, int], content: bytes) -> bool:
    """Whether the last of some chunks ends where the file does: what follows is no sound."""
    if not places:
        return False
    last = max(places.values())
    end = last + 8 + int.from_bytes(content[last + 4 : last + 8], "little")
    return end <= len(content) <= end + 1


def _open(content: bytes) -> _SoundFile | ContainerFile:
    return ContainerFile(content) if container_format(content) else _SoundFile(content)


class _SoundFile:
    """A file that libsndfile decodes, as :class:`ContainerFile` is one that FFmpeg does."""

    def __init__(self, content: bytes) -> None:
        self._file = soundfile.SoundFile(_Content(content))
        self.samplerate, self.channels = int(self._file.samplerate), int(self._file.channels)
        try:
            self._check()
        except AudioError:
            self._file.close()
            raise

    def __enter__(self) -> _SoundFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def blocks(self) -> Iterator[Samples]:
        """Yield the samples in order, shape (n_samples, n_channels)."""
        while True:
            block = self._file.read(BLOCK // self.channels, dtype="float32", always_2d=True)
            if len(block) == 0:
                return
            yield block

    def _check(self) -> None:
        if self._file.format not in FORMATS:
            raise AudioError(
                f"expected {EXPECTED}, got {self._file.format}: save it as WAV or FLAC"
            )
        if self._file.frames <= 0:
            raise AudioError("expected audio, got 0 samples: is the recording empty?")
        if self._file.frames == np.iinfo(np.int64).max:
            raise AudioError(
                "expected a recording that states its length, got a stream that does not: "
                "save it again as WAV or FLAC"
            )
        _check_header(self)
        if self._file.frames > MAX_SECONDS * self.samplerate:
            raise _too_long()


class _Content(io.BytesIO):
    """Bytes of a file; a damaged one that seeks before its start stays where it is."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


class _Mono:
    """Samples as they come, in one buffer; brought to 16 kHz when it would overflow."""

    def __init__(self, sr: int) -> None:
        self.sr = sr
        self._resample: Callable[..., Samples] | None = None
        self._buffer = np.empty(KEPT_SAMPLES, np.float32)  # untouched pages cost no memory
        self._n = 0

    def add(self, y: Samples) -> None:
        if self._resample is None and self._n + y.size > KEPT_SAMPLES:
            self._go_down()
        self._append(y if self._resample is None else self._resample(y))

    def finish(self) -> Samples:
        if self._resample is not None:
            self._append(self._resample(np.zeros(0, np.float32), last=True))
        return self._buffer[: self._n]

    def _append(self, y: Samples) -> None:
        self._buffer[self._n : self._n + y.size] = y
        self._n += y.size

    def _go_down(self) -> None:
        """Resample what is there, in its own place: the result is shorter at every point."""
        stream = soxr.ResampleStream(self.sr, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        n, self._n = self._n, 0
        for first in range(0, n, BLOCK):
            self._append(stream.resample_chunk(self._buffer[first : min(n, first + BLOCK)].copy()))
        self._resample, self.sr = stream.resample_chunk, SAMPLE_RATE


def _check_header(file: _SoundFile | ContainerFile) -> None:
    if not RATE_RANGE[0] <= file.samplerate <= RATE_RANGE[1]:
        raise AudioError(f"expected a sample rate of 8 to 192 kHz, got {file.samplerate} Hz")
    if file.channels > MAX_CHANNELS:
        raise AudioError(f"expected at most {MAX_CHANNELS} channels, got {file.channels}")


def _decode_mono(
    file: _SoundFile | ContainerFile,
    channels: tuple[int, ...],
    check_time: Callable[[], None],
    powers: ChannelPowers | None = None,
) -> tuple[Samples, int]:
    """Read and mix block by block: the length a header states may be a lie."""
    limit = MAX_SECONDS * file.samplerate
    mono = _Mono(file.samplerate)
    n_samples = n_bad = 0
    for block in file.blocks():
        n_samples += len(block)
        if n_samples > limit:
            raise _too_long()
        if powers is not None:
            powers.add(block)
        y = mix(block, channels)
        if not np.isfinite(y).all():
            n_bad += _count_bad(block) or _count_bad(y)  # or only the sum is too large
        mono.add(y)
        check_time()
    if n_bad:
        raise AudioError(
            f"expected finite samples, got {n_bad} that are NaN or infinite: "
            "was the file written by a program that divided by zero?"
        )
    return mono.finish(), mono.sr


def _remove_offset(y: Samples, sr: int) -> float:
    """Subtract a DC offset in place, between the first and the last sample that is not 0.

    An offset is the same throughout: the means of up to eight parts are within half
    of their median. They are taken under a Hann window, to which the end of a
    period adds nothing, and of parts that hold six periods of 41 Hz.

    Returns
    -------
    float
        The offset; 0.0 where there is none, one below -50 dB of the peak, or less
        than 0.3 s of sound to judge it by.
    """
    sounding = y != 0.0
    if not sounding.any():
        return 0.0
    part = y[int(sounding.argmax()) : y.size - int(sounding[::-1].argmax())]
    n_parts = min(OFFSET_PARTS, int(part.size / sr / OFFSET_SECONDS))
    if n_parts < 2:
        return 0.0
    pieces = np.array_split(part, n_parts)  # views
    means = np.array([_hann_mean(piece) for piece in pieces])
    offset = float(np.median(means))
    peak = float(max(part.max(), -part.min()))
    changes = np.abs(means - offset).max()
    if abs(offset) < AUDIBLE_OFFSET * peak or changes > abs(offset) / 2.0:
        return 0.0
    part -= np.float32(offset)
    return offset


def _hann_mean(y: Samples) -> float:
    phases = (np.arange(y.size) + 0.5) * (2.0 * np.pi / y.size)
    return float(y.astype(np.float64) @ (1.0 - np.cos(phases))) / y.size


def _count_bad(y: Samples) -> int:
    return y.size - int(np.isfinite(y).sum())


def _too_long() -> AudioError:
    return AudioError(
        f"expected at most {MAX_SECONDS / 60:.0f} minutes, got more: cut the recording"
    )


EXPECTED = "WAV, FLAC, OGG, MP3, AIFF, M4A, MP4, WebM or WMA audio"

_SOUNDS = (  # offset, how it begins, what it is
    (0, b".snd", "AU"),
    (0, b"caff", "CAF"),
    (0, b"riff\x2e\x91\xcf\x11", "Wave64"),
    (0, b"MThd", "MIDI, which holds no sound"),
)
_OTHERS = (
    (8, b"AVI ", "an AVI film"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or a document"),
)


def check_kind(content: bytes) -> None:
    """Refuse what does not begin like a file of a known kind.

    Parameters
    ----------
    content : bytes
        A file, or its first 12 bytes.

    Raises
    ------
    AudioError
        That names what came, where that is known.

    Examples
    --------
    >>> check_kind(b"fLaC")
    >>> check_kind(b"%PDF-1.7")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xai_core.errors.AudioError: expected WAV, FLAC, OGG, MP3, AIFF, M4A, ..., got a PDF document...
    """
    if _is_known(content):
        return
    for names, hint in (
        (_SOUNDS, "save it as WAV or FLAC"),
        (_OTHERS, "was the right file chosen?"),
    ):
        for offset, begin, name in names:
            if content[offset : offset + len(begin)] == begin:
                raise AudioError(f"expected {EXPECTED}, got {name}: {hint}")
    raise AudioError(
        f"expected {EXPECTED}, got something else: is it damaged, or another kind of file, renamed?"
    )


def _is_known(content: bytes) -> bool:
    first, form = content[:4], content[8:12]
    if container_format(content):
        return True
    if first in (b"RIFF", b"RIFX", b"RF64"):
        return form == b"WAVE"
    if first == b"FORM":
        return form in (b"AIFF", b"AIFC")
    if first in (b"fLaC", b"OggS") or first[:3] == b"ID3":
        return True
    return len(first) == 4 and first[0] == 0xFF and first[1] & 0xE0 == 0xE0  # a frame of MP3
