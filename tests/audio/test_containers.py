"""What phones, messengers, browsers and cameras record, through FFmpeg inside the same limits."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from tests.audio.media import KINDS, film, media
from tests.audio.signals import encode, pitch_and_level, sine
from xai_core import audio
from xai_core.audio.containers import container_format
from xai_core.errors import AudioError
from xai_core.values import FloatArray


def _without_delay(y: FloatArray, expected: FloatArray) -> FloatArray:
    """Return `y` shifted onto `expected`: lossy codecs begin with some silence."""
    lag = int(np.argmax(np.correlate(y[: expected.size], expected[:4000], "valid")))
    return y[lag:]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_keeps_pitch_level_and_length(kind: str) -> None:
    loaded = audio.load(media(kind, sine(2.0, 48_000), 48_000))
    assert loaded.sr == KINDS[kind].rate
    note = audio.load_note(loaded)
    frequency, amplitude = pitch_and_level(note.y)
    assert frequency == pytest.approx(440.0, abs=0.1)
    assert amplitude == pytest.approx(0.5, rel=0.03)
    assert loaded.duration == pytest.approx(2.0, abs=0.15)  # frames of the codec, at both ends


def test_a_lossless_m4a_gives_its_samples() -> None:
    y = np.round(2**15 * 0.5 * np.random.default_rng(0).uniform(-1, 1, 48_000)) / 2**15
    loaded = audio.load(media("M4A, Apple Lossless", y, 48_000))
    np.testing.assert_array_equal(loaded.y, y.astype(np.float32))


def test_stereo_is_mixed_and_channels_that_cancel_are_not() -> None:
    left = sine(1.0, 48_000)
    right = sine(1.0, 48_000, 660.0)
    mixed = audio.load(media("M4A, Apple Lossless", np.stack([left, right], 1), 48_000))
    assert mixed.edits == ("mixed 2 channels to mono",)
    np.testing.assert_allclose(mixed.y, (left + right) / 2, atol=2**-15)
    kept = audio.load(media("M4A, Apple Lossless", np.stack([left, -left], 1), 48_000))
    assert kept.edits == ("took channel 1 of 2: mixed to mono, they would cancel each other",)
    np.testing.assert_allclose(kept.y, left, atol=2**-15)


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really_m4a.wav"
    path.write_bytes(media("M4A, AAC", sine(1.0, 48_000), 48_000))
    assert pitch_and_level(audio.load_note(path).y)[0] == pytest.approx(440.0, abs=0.1)


def test_only_the_sound_of_a_film_is_read() -> None:
    loaded = audio.load(film(sine(1.0, 48_000), 48_000))
    assert pitch_and_level(audio.load_note(loaded).y)[0] == pytest.approx(440.0, abs=0.1)


def test_a_film_without_sound_says_so() -> None:
    with pytest.raises(AudioError, match="got a video without sound: was the right file chosen"):
        audio.load(film(None, 48_000))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(610 * 8_000), "at most 10 minutes, got more"),
        (np.zeros(8_000), "expected a sound, got silence"),
        (sine(0.05, 8_000), r"expected audio of at least 0\.1 s"),
    ],
)
def test_the_limits_are_the_same(y: FloatArray, message: str) -> None:
    content = media("M4A, Apple Lossless", y, 8_000)
    with pytest.raises(AudioError, match=message):
        audio.load_note(content)


def test_half_a_file_is_one_sentence_or_its_first_half() -> None:
    for kind in KINDS:
        whole = media(kind, sine(2.0, 48_000), 48_000)
        try:
            outcome = audio.load(whole[: len(whole) // 2]).duration
        except AudioError as error:
            outcome = str(error)
        if isinstance(outcome, str):
            assert "is it damaged or cut short" in outcome, kind
        else:
            assert 0.5 < outcome < 2.0, kind


def test_the_gate_gives_the_same_samples() -> None:
    content = media("WebM, Opus", sine(1.0, 48_000), 48_000)
    np.testing.assert_array_equal(audio.load_untrusted(content).y, audio.load(content).y)


def test_no_other_format_of_ffmpeg_is_reached() -> None:
    for content in (
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        encode(sine(0.2), format="AU"),
        b"GIF89a" + bytes(99),
        b"\x00\x00\x01\xba" + bytes(99),  # an MPEG programme stream
    ):
        assert container_format(content) == ""
        with pytest.raises(AudioError, match="expected WAV, FLAC"):
            audio.load(content)


def test_a_reference_to_another_file_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "secret.wav"
    other.write_bytes(encode(sine(1.0)))
    playlist = f"#EXTM3U\n#EXTINF:1,\n{other}\n".encode()
    with pytest.raises(AudioError):
        audio.load(b"\0\0\0\x18ftypM4A " + playlist)


def test_ffmpeg_is_there_for_all_of_them() -> None:
    assert {"aac", "alac", "opus", "vorbis", "wmav2", "amrnb"} <= av.codecs_available
    with av.open(io.BytesIO(media("3GP, AAC", sine(1.0, 48_000), 48_000))) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
