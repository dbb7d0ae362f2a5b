"""The gate for audio: what comes through keeps pitch and level, the rest gets one sentence.

`tests/data/a440.ogg` and `a440.mp3` hold 1 s of a 440 Hz sine of amplitude 0.5 at 16 kHz,
written once by soundfile, since writing OGG through it can crash a process.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import soundfile

from xai_core import audio
from xai_core.errors import AudioError
from xai_core.values import FloatArray, Waveform

DATA = Path(__file__).parent / "data"
SR = 16_000  # Hz
N = 64_000  # samples


def _sine(seconds: float, sr: int = SR, frequency: float = 440.0) -> FloatArray:
    return np.asarray(0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * sr)) / sr))


def _encode(y: FloatArray, sr: int = SR, format: str = "WAV", subtype: str = "FLOAT") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, y, sr, format=format, subtype=subtype)
    return buffer.getvalue()


def _pitch_and_level(y: FloatArray) -> tuple[float, float]:
    """Fit a sine near 440 Hz to the second quarter-second: its frequency in Hz, its amplitude."""
    part = y[4000:8000].astype(np.float64)
    window = np.hanning(part.size)
    t = np.arange(part.size) / SR
    frequencies = np.arange(430.0, 450.0, 0.05)
    spectrum = np.exp(-2j * np.pi * np.outer(frequencies, t)) @ (part * window)
    best = int(np.abs(spectrum).argmax())
    return float(frequencies[best]), float(2 * np.abs(spectrum[best]) / window.sum())


# ------------------------------------------------------------------- what comes in


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
    y = _sine(4.0)
    note = audio.load_note(_encode(y, format=format, subtype=subtype))
    assert note.sr == SR
    assert note.edits == ()
    # quantised to the file's step, then to single precision
    np.testing.assert_allclose(note.y, y, atol=step + 2**-25)


@pytest.mark.parametrize("name", ["a440.ogg", "a440.mp3"])
def test_lossy_files_keep_pitch_and_level(name: str) -> None:
    note = audio.load_note(DATA / name)
    frequency, amplitude = _pitch_and_level(note.y)
    assert frequency == pytest.approx(440.0, abs=0.1)
    assert amplitude == pytest.approx(0.5, rel=0.01)
    assert note.edits == ("padded 3.00 s of silence at the end",)


def test_path_string_and_bytes_are_the_same(tmp_path: Path) -> None:
    content = _encode(_sine(4.0), format="FLAC", subtype="PCM_16")
    path = tmp_path / "note.flac"
    path.write_bytes(content)
    from_bytes = audio.load_note(content).y
    assert np.array_equal(audio.load_note(path).y, from_bytes)
    assert np.array_equal(audio.load_note(str(path)).y, from_bytes)


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really_flac.wav"
    path.write_bytes(_encode(_sine(4.0), format="FLAC", subtype="PCM_16"))
    np.testing.assert_allclose(audio.load_note(path).y, _sine(4.0), atol=2**-15)


def test_a_note_passes_unchanged() -> None:
    note = audio.load_note(_encode(_sine(4.0)))
    again = audio.load_note(note)
    assert np.array_equal(again.y, note.y)
    assert again.edits == ()


@pytest.mark.parametrize("channels", [2, 3, 8])
def test_channels_are_averaged_and_it_is_said(channels: int) -> None:
    rng = np.random.default_rng(channels)
    y = rng.uniform(-0.5, 0.5, (N, channels)).astype(np.float32)
    note = audio.load_note(_encode(y))
    np.testing.assert_allclose(note.y, y.mean(axis=1), atol=1e-7)
    assert note.edits == (f"mixed {channels} channels to mono",)


def test_a_long_file_is_decoded_whole() -> None:
    # more than one block of the decoder, and not a whole number of them
    y = np.random.default_rng(0).uniform(-0.5, 0.5, (300_001, 2)).astype(np.float32)
    waveform = audio.load(_encode(y))
    np.testing.assert_allclose(waveform.y, y.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("sr", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_resampling_keeps_pitch_and_level(sr: int) -> None:
    note = audio.load_note(_encode(_sine(4.0, sr), sr))
    assert note.y.size == N
    frequency, amplitude = _pitch_and_level(note.y)
    assert frequency == pytest.approx(440.0, abs=0.1)
    assert amplitude == pytest.approx(0.5, rel=1e-4)
    # not only the same tone: the same samples, in phase, away from the ends
    np.testing.assert_allclose(note.y[2000:-2000], _sine(4.0)[2000:-2000], atol=1e-4)
    assert note.edits == (f"resampled {sr / 1000:g} kHz to 16 kHz",)


def test_resampling_folds_nothing_back() -> None:
    # 15 kHz lies above half of 16 kHz; without a filter it would be heard at 1 kHz
    y = _sine(4.0, 44_100) + _sine(4.0, 44_100, frequency=15_000.0)
    note = audio.load_note(_encode(y, 44_100))
    np.testing.assert_allclose(note.y[2000:-2000], _sine(4.0)[2000:-2000], atol=1e-4)


# ------------------------------------------------------------------- which four seconds


def test_a_short_note_is_padded_and_it_is_said() -> None:
    note = audio.load_note(_encode(_sine(1.5)))
    assert note.edits == ("padded 2.50 s of silence at the end",)
    assert not note.y[24_000:].any()
    np.testing.assert_allclose(note.y[:24_000], _sine(1.5), atol=1e-7)


@pytest.mark.parametrize("start", [0.0, 1.0, 2.345])
def test_a_long_recording_gives_the_window_that_was_asked_for(start: float) -> None:
    y = np.random.default_rng(1).uniform(-0.5, 0.5, 10 * SR).astype(np.float32)
    note = audio.load_note(_encode(y), start=start)
    first = round(start * SR)
    assert np.array_equal(note.y, y[first : first + N])
    assert note.edits == (f"took {start:.2f} to {start + 4:.2f} s",)


def test_a_window_past_the_end_is_padded() -> None:
    y = np.random.default_rng(2).uniform(-0.5, 0.5, 5 * SR).astype(np.float32)
    note = audio.load_note(_encode(y), start=3.0)
    assert np.array_equal(note.y[: 2 * SR], y[3 * SR :])
    assert not note.y[2 * SR :].any()
    assert note.edits == ("took 3.00 to 5.00 s", "padded 2.00 s of silence at the end")


def test_all_that_was_done_is_said_in_order() -> None:
    y = np.stack([_sine(6.0, 44_100)] * 2, axis=1)
    note = audio.load_note(_encode(y, 44_100), start=2.5)
    assert note.edits == (
        "mixed 2 channels to mono",
        "resampled 44.1 kHz to 16 kHz",
        "took 2.50 to 6.00 s",
        "padded 0.50 s of silence at the end",
    )


def test_start_is_in_seconds_of_the_recording_whatever_its_rate() -> None:
    y = np.zeros(8 * 44_100)
    y[3 * 44_100 :] = 0.3  # sounds from 3 s on
    note = audio.load_note(_encode(y, 44_100), start=2.0)
    onset = int(np.flatnonzero(np.abs(note.y) > 0.15)[0])
    assert onset == pytest.approx(SR, abs=2)


@pytest.mark.parametrize("sr", [11_025, 44_100, 48_000])
@pytest.mark.parametrize("start", [0.1, 3.0, 5.4321, 9.5])
def test_a_window_of_another_rate_is_in_phase(sr: int, start: float) -> None:
    # only what is needed is resampled: the note begins where it should, to half a sample
    note = audio.load_note(_encode(_sine(10.0, sr), sr), start=start)
    n = min(N, round((10.0 - start) * SR))
    t = start + np.arange(n) / SR
    half_a_sample = 0.5 * 2 * np.pi * 440.0 * 0.5 / SR
    edge = slice(0 if start > 0.25 else 2000, n - 2000)
    expected = 0.5 * np.sin(2 * np.pi * 440.0 * t)
    np.testing.assert_allclose(note.y[:n][edge], expected[edge], atol=half_a_sample + 1e-4)


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True)
@hypothesis.given(
    seconds=st.floats(0.1, 12.0),
    sr=st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000]),
    share=st.floats(0.0, 1.0),
)
def test_whatever_comes_is_a_note(seconds: float, sr: int, share: float) -> None:
    n = int(np.ceil(seconds * sr)) + 1
    given = Waveform(np.random.default_rng(0).uniform(-0.5, 0.5, n), sr)
    before = given.y.copy()
    note = audio.fit_note(given, start=share * (given.duration - 0.1))
    assert (note.y.size, note.sr) == (N, SR)
    assert note.y.dtype == np.float32
    assert np.isfinite(note.y).all()
    assert np.array_equal(given.y, before)


# ------------------------------------------------------------------- what is refused


def _nan() -> FloatArray:
    y = _sine(1.0)
    y[[100, 200]] = [np.nan, np.inf]
    return y


FLAC = _encode(_sine(1.0), format="FLAC", subtype="PCM_16")
NO_LENGTH = FLAC[:21] + bytes([FLAC[21] & 0xF0, 0, 0, 0, 0]) + FLAC[26:]  # STREAMINFO says 0

BAD_CONTENT = {
    "nothing": (b"", "got 0 bytes: is the file empty"),
    "text": (b"These are the notes of my song.", "got something else: is it damaged, or another"),
    "a web page": (b"<!DOCTYPE html><html><body>404</body></html>", "got something else"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "got something else"),
    "half a FLAC": (FLAC[: len(FLAC) // 2], "is it damaged"),
    "a FLAC without length": (NO_LENGTH, "states its length"),
    "a header alone": (_encode(np.zeros(0)), "got 0 samples: is the recording empty"),
    "NaN": (_encode(_nan()), "got 2 that are NaN or infinite"),
    "beyond all measure": (_encode(1e30 * _sine(1.0)), "got a peak of 5e[+]29: is the file dam"),
    "silence": (_encode(np.zeros(SR)), "expected a sound, got silence"),
    "hardly anything": (_encode(1e-4 * _sine(1.0)), "expected a sound, got silence"),
    "channels that cancel": (_encode(np.stack([_sine(1), -_sine(1)], 1)), "got silence"),
    "too short": (_encode(_sine(0.05)), "at least 0.1 s, got 0.050 s: is the file cut short"),
    "nine channels": (_encode(np.ones((SR, 9)) / 2), "at most 8 channels, got 9"),
    "too low a rate": (_encode(_sine(1.0), 4_000), "8 to 192 kHz, got 4000 Hz"),
    "too high a rate": (_encode(_sine(1.0), 384_000), "8 to 192 kHz, got 384000 Hz"),
    "too many minutes": (
        _encode(np.ones(4_808_000) / 2, 8_000, subtype="PCM_U8"),
        "at most 10 minutes, got more: cut the recording",
    ),
    "too many bytes": (bytes(10 * 2**20 + 1), "at most 10 MB, got 10.0 MB"),
    "another audio format": (_encode(_sine(1.0), format="AU"), "MP3 or AIFF audio, got AU"),
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


@pytest.mark.parametrize("start", [-0.1, 0.95, 1.0, 7.0, float("nan"), float("inf")])
def test_a_start_outside_the_recording_is_refused(start: float) -> None:
    with pytest.raises(AudioError, match=r"a start between 0 and 0\.90 s, got"):
        audio.load_note(_encode(_sine(1.0)), start=start)


def test_a_silent_part_of_a_sounding_recording_is_refused() -> None:
    y = np.concatenate([_sine(2.0), np.zeros(6 * SR)])
    assert audio.load_note(_encode(y)).y.any()
    with pytest.raises(AudioError, match="is this the right part of the recording"):
        audio.load_note(_encode(y), start=3.0)


def test_unscaled_integers_are_let_through() -> None:
    # float files that hold 16-bit integers as they are: loud, but features are relative
    note = audio.load_note(_encode(32767 * _sine(1.0)))
    assert np.abs(note.y).max() == pytest.approx(32767 / 2, rel=1e-3)


@pytest.mark.filterwarnings("error")  # also what is raised inside the decoder's call-backs
@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(
    data=st.data(),
    whole=st.sampled_from(
        [
            FLAC,
            _encode(_sine(0.3), subtype="PCM_16"),
            _encode(_sine(0.3), format="AIFF", subtype="PCM_16"),
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


def test_a_waveform_survives_the_way_through_wav() -> None:
    rng = np.random.default_rng(0)
    note = Waveform(rng.uniform(-0.9, 0.9, 64_000), 16_000)
    again = audio.load(audio.to_wav(note))
    assert again.sr == 16_000
    np.testing.assert_allclose(again.y, note.y, atol=1 / 2**15)  # one step of 16 bits


def test_an_exact_wav_gives_every_sample_back_beyond_full_scale_too() -> None:
    rng = np.random.default_rng(0)
    note = Waveform(rng.uniform(-1.5, 1.5, 64_000), 16_000)
    again = audio.load_note(audio.to_exact_wav(note))
    assert again.edits == ()
    np.testing.assert_array_equal(again.y, note.y)
