"""A waveform as a file: nothing is lost but what 16 bits cannot hold."""

from __future__ import annotations

import numpy as np

from xai_core import audio
from xai_core.values import Waveform


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
