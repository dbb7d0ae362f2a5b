"""Audio out of M4A, MP4, 3GP, WebM, Matroska, WMA and AAC files, decoded by FFmpeg.

Conventions
-----------
The demultiplexer is named by the first bytes of the file and never guessed, so that
no playlist, picture or network format of FFmpeg is reached. Only the first audio
stream is decoded; what a header states of length, streams or edits is not believed:
samples are counted as they come. Blocks are ``(n_samples, n_channels)`` float32.

PyAV is imported on first use: it takes 0.3 s and 20 MB.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.errors import AudioError

__all__ = ["ContainerFile", "container_format", "preload"]

Samples = npt.NDArray[np.float32]

# of FFmpeg: streams are counted before they are opened, and a probe reads no further
OPTIONS = {"max_streams": "64", "probesize": "1000000", "analyzeduration": "2000000"}
BLOCK = 1 << 16  # samples of one channel that are gathered before they are handed on


def container_format(content: bytes) -> str:
    r"""Return the FFmpeg demultiplexer of a file by its first bytes, or "".

    Examples
    --------
    >>> container_format(b"\0\0\0\x20ftypM4A "), container_format(b"RIFF....WAVE")
    ('mov', '')
    """
    if content[4:8] == b"ftyp":
        return "mov"
    if content[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if content[:8] == b"\x30\x26\xb2\x75\x8e\x66\xcf\x11":
        return "asf"
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xF6 == 0xF0:
        return "aac"  # ADTS: like a frame of MP3, but of layer 0
    return ""


def preload() -> None:
    """Import PyAV, where its memory is to be counted before a limit is set."""
    import av  # noqa: F401


class ContainerFile:
    """The first audio stream of a file, open for reading.

    Parameters
    ----------
    content : bytes
        A file for which :func:`container_format` names a demultiplexer.

    Attributes
    ----------
    samplerate : int
        Hz, of the first frame.
    channels : int

    Raises
    ------
    AudioError
        If there is no audio stream, or none that can be decoded.
    """

    def __init__(self, content: bytes) -> None:
        import av

        self._error = av.error.FFmpegError
        try:
            self._container: Any = av.open(
                io.BytesIO(content),
                format=container_format(content),
                options=OPTIONS,
                metadata_errors="replace",
            )
        except (self._error, ValueError, EOFError) as error:
            raise _damaged() from error
        try:
            if not self._container.streams.audio:
                films = bool(self._container.streams.video)
                what = "a video without sound" if films else "a file without a sound track"
                raise AudioError(f"expected audio, got {what}: was the right file chosen?")
            self._stream = self._container.streams.audio[0]
            self._stream.codec_context.thread_count = 1
            self._frames = self._decoded()
            try:
                first = next(self._frames)
            except StopIteration:
                raise AudioError("expected audio, got 0 samples: is the recording empty?") from None
        except BaseException:
            self._container.close()
            raise
        self._first = first
        self.samplerate, self.channels = int(first.sample_rate), len(first.layout.channels)

    def __enter__(self) -> ContainerFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def blocks(self) -> Iterator[Samples]:
        """Yield the samples in order.

        Yields
        ------
        ndarray, shape (n_samples, n_channels), float32

        Raises
        ------
        AudioError
            If the file is damaged, or its rate or channels change on the way.
        """
        import av

        convert = av.AudioResampler(format="fltp")
        gathered: list[Any] = []  # of (n_channels, n_samples)
        n = 0
        for frame in self._all():
            if (frame.sample_rate, len(frame.layout.channels)) != (self.samplerate, self.channels):
                raise AudioError(
                    "expected one sample rate and one number of channels, got a recording in which "
                    "they change: save it as WAV or FLAC"
                )
            for piece in convert.resample(frame):
                gathered.append(piece.to_ndarray())
                n += gathered[-1].shape[1]
            if n >= BLOCK:
                yield _joined(gathered)
                gathered, n = [], 0
        if gathered:
            yield _joined(gathered)

    def _all(self) -> Iterator[Any]:
        yield self._first
        yield from self._frames

    def _decoded(self) -> Iterator[Any]:
        """Yield decoded frames; packets of other streams are passed over."""
        try:
            yield from self._container.decode(self._stream)
        except (self._error, ValueError, EOFError) as error:
            raise _damaged() from error


def _joined(pieces: list[Samples]) -> Samples:
    return np.ascontiguousarray(np.concatenate(pieces, axis=1).T, np.float32)


def _damaged() -> AudioError:
    return AudioError(
        "expected audio that FFmpeg can decode, got a file that begins like it and cannot be read: "
        "is it damaged or cut short?"
    )
