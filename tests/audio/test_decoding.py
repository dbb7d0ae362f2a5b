"""Decoding: every format keeps its samples, the rest gets one sentence.

`tests/data/a440.ogg` and `a440.mp3` hold 1 s of a 440 Hz sine of amplitude 0.5 at 16 kHz,
written once by soundfile, since writing OGG through it can crash a process.
"""

from __future__ import annotations

import re
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from tests.audio.containers import flac
from tests.audio.signals import DATA, SR, N, encode, pitch_and_level, sine
from xai_core import audio
from xai_core.audio.decoding import KEPT_SAMPLES, decode
from xai_core.errors import AudioError
from xai_core.values import FloatArray, Waveform


@pytest.mark.parametrize(
    ("format", "subtype", "step"),
    [
        ("WAV", "PCM_U8", 2**-7),
        ("WAV", "PCM_16", 2**-15),
        ("WAV", "PCM_24", 2**-23),
        ("WAV", "FLOAT", 2**-24),
        ("WAV", "DOUBLE", 2**-24),
        ("WAVEX", "PCM_16", 2**-15),
        ("RF64", "PCM_16", 2**-15),
        ("FLAC", "PCM_16", 2**-15),
        ("FLAC", "PCM_24", 2**-23),
        ("AIFF", "PCM_16", 2**-15),
        ("AIFF", "FLOAT", 2**-24),
    ],
)
def test_lossless_files_give_their_samples(format: str, subtype: str, step: float) -> None:
    y = sine(4.0)
    note = audio.load_note(encode(y, format=format, subtype=subtype))
    assert note.sr == SR
    # 8 bits are rounded down, by half a step on average
    assert note.edits == (("removed a DC offset of -0.0039",) if subtype == "PCM_U8" else ())
    # quantised to the file's step, then to single precision
    np.testing.assert_allclose(note.y, y, atol=step + 2**-25)


@pytest.mark.parametrize("name", ["a440.ogg", "a440.mp3"])
def test_lossy_files_keeppitch_and_level(name: str) -> None:
    note = audio.load_note(DATA / name)
    frequency, amplitude = pitch_and_level(note.y)
    assert frequency == pytest.approx(440.0, abs=0.1)
    assert amplitude == pytest.approx(0.5, rel=0.01)
    assert note.edits == ("padded 3.00 s of silence at the end",)


def test_path_string_and_bytes_are_the_same(tmp_path: Path) -> None:
    content = encode(sine(4.0), format="FLAC", subtype="PCM_16")
    path = tmp_path / "note.flac"
    path.write_bytes(content)
    from_bytes = audio.load_note(content).y
    assert np.array_equal(audio.load_note(path).y, from_bytes)
    assert np.array_equal(audio.load_note(str(path)).y, from_bytes)


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really_flac.wav"
    path.write_bytes(encode(sine(4.0), format="FLAC", subtype="PCM_16"))
    np.testing.assert_allclose(audio.load_note(path).y, sine(4.0), atol=2**-15)


@pytest.mark.parametrize("channels", [2, 3, 8])
def test_channels_are_averaged_and_it_is_said(channels: int) -> None:
    rng = np.random.default_rng(channels)
    y = rng.uniform(-0.5, 0.5, (N, channels)).astype(np.float32)
    note = audio.load_note(encode(y))
    np.testing.assert_allclose(note.y, y.mean(axis=1), atol=1e-7)
    assert note.edits == (f"mixed {channels} channels to mono",)


def test_a_long_file_is_decoded_whole() -> None:
    # more than one block of the decoder, and not a whole number of them
    y = np.random.default_rng(0).uniform(-0.5, 0.5, (300_001, 2)).astype(np.float32)
    waveform = audio.load(encode(y))
    np.testing.assert_allclose(waveform.y, y.mean(axis=1), atol=1e-7)


# ------------------------------------------------------------------- what is refused


def _nan() -> FloatArray:
    y = sine(1.0)
    y[[100, 200]] = [np.nan, np.inf]
    return y


FLAC = encode(sine(1.0), format="FLAC", subtype="PCM_16")
NO_LENGTH = FLAC[:21] + bytes([FLAC[21] & 0xF0, 0, 0, 0, 0]) + FLAC[26:]  # STREAMINFO says 0

BAD_CONTENT = {
    "nothing": (b"", "got 0 bytes: is the file empty"),
    "text": (b"These are the notes of my song.", "got something else: is it damaged, or another"),
    "a web page": (b"<!DOCTYPE html><html><body>404</body></html>", "got something else"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "got something else"),
    "half a FLAC": (FLAC[: len(FLAC) // 2], "cannot be read: is it damaged or cut short"),
    "a FLAC without length": (NO_LENGTH, "states its length"),
    "a header alone": (encode(np.zeros(0)), "got 0 samples: is the recording empty"),
    "NaN": (encode(_nan()), "got 2 that are NaN or infinite"),
    "beyond all measure": (encode(1e30 * sine(1.0)), "got a peak of 5e[+]29: is the file dam"),
    "silence": (encode(np.zeros(SR)), "expected a sound, got silence"),
    "hardly anything": (encode(1e-4 * sine(1.0)), "expected a sound, got silence"),
    "two channels of silence": (encode(np.zeros((SR, 2))), "expected a sound, got silence"),
    "nothing but an offset": (encode(np.full(SR, 0.3)), "expected a sound, got silence"),
    "too short": (encode(sine(0.05)), "at least 0.1 s, got 0.050 s: is the file cut short"),
    "nine channels": (encode(np.ones((SR, 9)) / 2), "at most 8 channels, got 9"),
    "too low a rate": (encode(sine(1.0), 4_000), "8 to 192 kHz, got 4000 Hz"),
    "too high a rate": (encode(sine(1.0), 384_000), "8 to 192 kHz, got 384000 Hz"),
    "too many minutes": (
        encode(np.ones(4_808_000) / 2, 8_000, subtype="PCM_U8"),
        "at most 10 minutes, got more: cut the recording",
    ),
    "too many bytes": (bytes(10 * 2**20 + 1), "at most 10 MB, got 10.0 MB"),
    "another audio format": (encode(sine(1.0), format="AU"), "WebM or WMA audio, got AU"),
}


def _is_one_sentence(error: BaseException) -> bool:
    text = str(error)
    return "\n" not in text and not text.endswith(".") and ". " not in text


@pytest.mark.parametrize("case", BAD_CONTENT)
def test_bad_audio_gets_one_sentence(case: str, tmp_path: Path) -> None:
    content, message = BAD_CONTENT[case]
    path = tmp_path / "note.wav"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(AudioError, match=message) as caught:
            audio.load_note(source)
        assert _is_one_sentence(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "none.wav"
    with pytest.raises(AudioError, match=re.escape(f"no file {missing}: is the name right")):
        audio.load_note(missing)
    with pytest.raises(AudioError, match=re.escape(f"{tmp_path} cannot be read: Is a directory")):
        audio.load_note(tmp_path)
    with pytest.raises(AudioError, match="cannot be that of a file"):
        audio.load_note("note\0.wav")
    with pytest.raises(AudioError, match="cannot be read: File name too long"):
        audio.load_note(tmp_path / ("x" * 300))


@pytest.mark.filterwarnings("error")  # also what is raised inside the decoder's call-backs
@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(
    data=st.data(),
    whole=st.sampled_from(
        [
            FLAC,
            encode(sine(0.3), subtype="PCM_16"),
            encode(sine(0.3), format="AIFF", subtype="PCM_16"),
            (DATA / "a440.ogg").read_bytes(),
            (DATA / "a440.mp3").read_bytes(),
        ]
    ),
)
def test_damaged_files_give_a_note_or_one_sentence(data: st.DataObject, whole: bytes) -> None:
    content = bytearray(whole[: data.draw(st.integers(0, len(whole)), label="length")])
    for _ in range(data.draw(st.integers(0, 4), label="flips") if content else 0):
        # headers are where damage does most
        place = data.draw(st.integers(0, min(len(content), 200) - 1), label="place")
        content[place] = data.draw(st.integers(0, 255), label="value")
    outcome: Waveform | AudioError
    try:
        outcome = audio.load_note(bytes(content))
    except AudioError as error:
        outcome = error
    if isinstance(outcome, AudioError):
        assert _is_one_sentence(outcome)
    else:
        assert outcome.y.size == N
        assert np.isfinite(outcome.y).all()


# ------------------------------------------------------------------- long recordings


def _wide(seconds: float, sr: int) -> tuple[bytes, FloatArray]:
    """Return a FLAC of 300 Hz, and the samples in it."""
    y = np.round(16_000 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * sr)) / sr)) / 2**15
    return encode(y, sr, format="FLAC", subtype="PCM_16"), y


def test_the_longest_recording_that_is_kept_at_its_rate() -> None:
    seconds = KEPT_SAMPLES / 192_000  # 50 s
    content, y = _wide(seconds, 192_000)
    waveform = audio.load(content)
    assert (waveform.sr, waveform.y.size, waveform.edits) == (192_000, KEPT_SAMPLES, ())
    np.testing.assert_array_equal(waveform.y, y.astype(np.float32))


def test_a_longer_recording_is_given_at_16_khz_in_phase_and_says_so() -> None:
    content, _ = _wide(51.0, 192_000)
    waveform = audio.load(content)
    assert (waveform.sr, waveform.y.size) == (SR, 51 * SR)
    assert waveform.edits == ("resampled 192 kHz to 16 kHz",)
    t = np.arange(waveform.y.size) / SR
    expected = 16_000 / 2**15 * np.sin(2 * np.pi * 300 * t)
    # 16 bits, and the filter's own ripple; its edges see the end of the sound
    np.testing.assert_allclose(waveform.y[2000:-2000], expected[2000:-2000], atol=2e-5)
    note = audio.load_note(waveform, start=20.0)
    assert note.edits == ("resampled 192 kHz to 16 kHz", "took 20.00 to 24.00 s")


def test_ten_minutes_are_taken_and_a_sample_more_is_not() -> None:
    longest = flac(147, rate=16_000, stated=600 * 16_000)
    assert audio.load(longest).y.size == 600 * 16_000
    with pytest.raises(AudioError, match="at most 10 minutes, got more"):
        audio.load(flac(147, rate=16_000, stated=600 * 16_000 + 1))
    content = flac(1759, rate=192_000, stated=600 * 192_000)  # 115 million samples
    assert audio.load(content).y.size == 600 * 16_000


def test_time_is_limited_where_it_is_asked_for() -> None:
    content = flac(400, rate=192_000)
    assert decode(content, seconds=60.0).sr == SR
    with pytest.raises(AudioError, match=r"within 0\.01 s, got a file that takes longer"):
        decode(content, seconds=0.01)


@pytest.mark.parametrize("channels", range(1, 9))
def test_the_mean_over_channels_is_that_of_numpy(channels: int) -> None:
    y = np.random.default_rng(channels).uniform(-1, 1, (1000, channels)).astype(np.float32)
    expected = y.astype(np.float64).mean(axis=1)
    # each of at most 8 additions rounds to single precision
    np.testing.assert_allclose(audio.load(encode(y)).y, expected, atol=8 * 2**-24)
