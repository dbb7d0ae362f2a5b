"""Files of phones, messengers, browsers and cameras, written by FFmpeg."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import av
import numpy as np

from xai_core.values import FloatArray

__all__ = ["KINDS", "film", "media", "with_box", "with_tracks"]


FRAME = 1024  # samples


@dataclass(frozen=True)
class Kind:
    """Container and codec of a kind of file, and the rate at which it is decoded, in Hz."""

    container: str
    codec: str
    rate: int = 48_000


KINDS = {
    "M4A, AAC": Kind("ipod", "aac"),
    "M4A, Apple Lossless": Kind("ipod", "alac"),
    "MP4, AAC": Kind("mp4", "aac"),
    "3GP, AAC": Kind("3gp", "aac"),
    "WebM, Opus": Kind("webm", "libopus"),
    "Matroska, FLAC": Kind("matroska", "flac"),
    "OGG, Opus": Kind("ogg", "libopus"),
    "WMA": Kind("asf", "wmav2"),
    "AAC in ADTS frames": Kind("adts", "aac"),
}


def media(kind: str, y: FloatArray, sr: int) -> bytes:
    """Return samples, (n,) or (n, n_channels), as a file of one of :data:`KINDS`."""
    chosen = KINDS[kind]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=chosen.container) as container:
        _write_sound(container, chosen.codec, y, sr)
    return buffer.getvalue()


def film(y: FloatArray | None, sr: int) -> bytes:
    """Return an MP4 of ten black frames, with or without sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        sound = None if y is None else _sound_stream(container, "aac", y, sr)
        for _ in range(10):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode())
        if sound is not None and y is not None:
            _encode(container, sound, y, sr)
    return buffer.getvalue()


def _write_sound(
    container: av.container.OutputContainer, codec: str, y: FloatArray, sr: int
) -> None:
    _encode(container, _sound_stream(container, codec, y, sr), y, sr)


def _sound_stream(
    container: av.container.OutputContainer, codec: str, y: FloatArray, sr: int
) -> av.AudioStream:
    layout = "mono" if y.ndim == 1 else "stereo"
    stream = container.add_stream(codec, rate=sr, layout=layout)
    stream.bit_rate = 128_000
    return stream


def _encode(
    container: av.container.OutputContainer, stream: av.AudioStream, y: FloatArray, sr: int
) -> None:
    samples = np.round(2.0**15 * y).clip(-(2**15), 2**15 - 1).astype(np.int16)
    for start in range(0, len(samples), FRAME):
        part = samples[start : start + FRAME]
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(part).reshape(1, -1),
            format="s16",
            layout="mono" if y.ndim == 1 else "stereo",
        )
        frame.sample_rate, frame.pts = sr, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def with_tracks(mp4: bytes, n: int) -> bytes:
    """Return an MP4 whose index names its only track `n` times; samples come before it."""
    return with_box(mp4, (b"moov", b"trak"), lambda box: box * n)


def with_box(mp4: bytes, path: Sequence[bytes], change: Callable[[bytes], bytes]) -> bytes:
    """Return an MP4 in which one box is replaced, and the sizes of those around it follow.

    Parameters
    ----------
    mp4 : bytes
        Boxes are a size of four bytes, a name of four, and what they hold.
    path : sequence of bytes
        Names from the outermost box in; of several of a name, the first is meant.
    change : callable
        Gets the whole box and returns what stands in its place.
    """
    start = 0
    while start < len(mp4):
        (size,) = struct.unpack(">I", mp4[start : start + 4])
        if mp4[start + 4 : start + 8] == path[0]:
            break
        start += size
    else:
        raise ValueError(f"no box {path[0]!r}")
    box = mp4[start : start + size]
    if len(path) == 1:
        new = change(box)
    else:
        inner = with_box(box[8:], path[1:], change)
        new = struct.pack(">I", 8 + len(inner)) + path[0] + inner
    return mp4[:start] + new + mp4[start + size :]
