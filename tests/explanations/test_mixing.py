"""Two notes at once: where the verdict tips, and whose the evidence is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.model_sets.tiny_models import write_models, write_notes
from xai_core import explain, predict
from xai_core.audio import load_note
from xai_core.canvas import to_canvas
from xai_core.errors import InputError, ModelError
from xai_core.explanations.hearing import canvas_of, evidence_inside
from xai_core.explanations.mixing import Tipping, shares_of_mix, tipping
from xai_core.features import power_spectrogram
from xai_core.listening import Fades, mix
from xai_core.values import Attribution, Waveform

PAIR = ("flute", "organ")
LEVELS = (-30.0, -3.0, 0.0, 10.0)
FADES = (Fades(0.1, 0.0), Fades(0.5, 0.5))


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Waveform]]:
    """Return a note of each family; their models stay for the file."""
    folder = tmp_path_factory.mktemp("mixing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = write_notes(folder / "notes", families=PAIR)
        write_models(records, "chroma", families=PAIR)
        yield [load_note(next(r.path for r in records if r.family == f)) for f in PAIR]


def test_the_verdict_tips_where_two_straight_lines_cross() -> None:
    table = np.array([[0.9, 0.6, 0.1], [0.1, 0.2, 0.5], [0.0, 0.0, 0.0]])
    curve = Tipping("chroma", np.array([-20.0, 0.0, 10.0]), ("flute", "organ", "reed"), table)
    (tip,) = curve.tips
    # the lead goes from 0.4 to -0.4 over 10 dB
    assert (tip.level, tip.before, tip.after) == (pytest.approx(5.0), "flute", "organ")
    level = np.array([[0.9, 0.9, 0.9], [0.1, 0.2, 0.5]])
    assert Tipping("chroma", np.arange(3.0), PAIR, level).tips == ()
    tied = np.array([[0.5, 0.5], [0.5, 0.6]])
    assert Tipping("chroma", np.array([0.0, 2.0]), PAIR, tied).tips[0].level == pytest.approx(0.0)


def test_the_answers_are_those_to_each_mix(notes: list[Waveform]) -> None:
    done: list[tuple[int, int]] = []
    curve = tipping(
        *notes,
        type="chroma",
        start=0.5,
        fades=FADES,
        levels=LEVELS,
        models="tiny",
        on_progress=lambda *pair: done.append(pair),
    )
    assert curve.families == PAIR
    assert done == [(1, 2), (2, 2)]
    for k, level in enumerate(LEVELS):
        mixed, _ = mix(*notes, level=level, start=0.5, fades=FADES)
        said = predict(mixed, types=["chroma"], models="tiny").probabilities["chroma"]
        assert curve.probabilities[:, k] == pytest.approx([said[f] for f in PAIR], abs=1e-5)


def test_a_curve_is_kept_and_another_start_is_another(notes: list[Waveform]) -> None:
    asked = {"type": "chroma", "levels": (-10.0, 5.0), "models": "tiny"}
    first = tipping(*notes, **asked)
    done: list[tuple[int, int]] = []
    assert tipping(*notes, **asked, on_progress=lambda *pair: done.append(pair)) is first
    assert done == []
    other = tipping(*notes, **asked, start=1.0)
    assert not np.allclose(other.probabilities, first.probabilities, atol=1e-6)


def test_a_model_that_is_left_out_is_not_asked(notes: list[Waveform]) -> None:
    asked = {"type": "chroma", "levels": (0.0,), "models": "tiny"}
    assert tipping(*notes, without=[("chroma", "organ")], **asked).families == ("flute",)
    with pytest.raises(ModelError, match="no chroma models"):
        tipping(*notes, without=[("chroma", name) for name in PAIR], **asked)


def test_levels_out_of_range_are_refused(notes: list[Waveform]) -> None:
    with pytest.raises(InputError, match="-30 to 10 dB"):
        tipping(*notes, type="chroma", levels=(11.0,), models="tiny")


def test_shares_are_those_of_the_bins_where_the_first_is_louder(notes: list[Waveform]) -> None:
    mixed, louder = mix(*notes, level=0.0)
    explanation = explain(mixed, type="chroma", family="flute", models="tiny")
    shares = shares_of_mix(explanation, louder)
    power, evidence = power_spectrogram(mixed), np.maximum(to_canvas(explanation), 0)
    assert shares.energy == pytest.approx(power[louder].sum() / power.sum())
    assert shares.evidence == pytest.approx(evidence[louder].sum() / evidence.sum())
    everywhere = shares_of_mix(explanation, np.ones_like(louder))
    assert (everywhere.evidence, everywhere.energy) == pytest.approx((1.0, 1.0))


def test_evidence_of_each_sign_has_a_share_of_its_own() -> None:
    canvas = np.array([[3.0, 1.0, -5.0, -15.0]])
    assert evidence_inside(canvas, canvas > 2) == (0.75, 0.0)
    assert evidence_inside(canvas, [[True, False, True, False]]) == (0.75, 0.25)
    assert evidence_inside(np.zeros((1, 3)), [[True] * 3]) == (0.0, 0.0)


def test_the_canvas_is_kept_and_that_of_another_map_is_another(notes: list[Waveform]) -> None:
    explanation = explain(notes[0], type="chroma", family="flute", models="tiny")
    first = canvas_of(explanation)
    np.testing.assert_array_equal(first, to_canvas(explanation))
    assert canvas_of(explanation) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1.0
    old = explanation.attribution
    halved = Attribution(
        old.values / 2, old.type, old.time, old.bins, method=old.method, target=old.target
    )
    other = replace(explanation, attribution=halved, attributions=(halved,))
    np.testing.assert_allclose(canvas_of(other), first / 2)
