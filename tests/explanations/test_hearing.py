"""The sound of a map: which bins it has, and what the model makes of it and of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.model_sets.tiny_models import write_models, write_notes
from xai_core import explain, predict
from xai_core.canvas import to_canvas
from xai_core.errors import InputError
from xai_core.explanations.hearing import hear, level_matched
from xai_core.listening import apply_mask, evidence_mask
from xai_core.values import Attribution, Explanation, Waveform

PAIR = ("flute", "organ")


@pytest.fixture(scope="module")
def explanation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explanation]:
    """Return a map of the flute model of a small set; notes and models stay for the file."""
    folder = tmp_path_factory.mktemp("hearing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = write_notes(folder / "notes", families=PAIR)
        write_models(records, "chroma", families=PAIR)
        yield explain(records[0].path, type="chroma", family="flute", models="tiny")


def said_of(waveform: Waveform) -> float:
    return predict(waveform, types=["chroma"], models="tiny").probabilities["chroma"]["flute"]


@pytest.mark.parametrize("part", ["for", "against", "rest"])
def test_the_answers_are_those_of_the_model_to_these_sounds(
    explanation: Explanation, part: str
) -> None:
    heard = hear(explanation, part=part, share=0.5)
    mask = evidence_mask(to_canvas(explanation), 0.5, against=part == "against")
    kept, rest = (apply_mask(explanation.waveform, one) for one in (mask, 1 - mask))
    np.testing.assert_allclose(heard.sound.y, (rest if part == "rest" else kept).y)
    assert heard.bins == pytest.approx((1 - mask if part == "rest" else mask).mean())
    assert heard.kept.note == pytest.approx(said_of(explanation.waveform), abs=1e-6)
    assert heard.kept.kept == pytest.approx(said_of(kept), abs=1e-6)
    assert heard.kept.rest == pytest.approx(said_of(rest), abs=1e-6)


def test_without_such_evidence_a_sentence(explanation: Explanation) -> None:
    old = explanation.attribution
    values = -np.abs(old.values)
    against = Attribution(values, old.type, old.time, old.bins, old.method, old.target)
    other = replace(explanation, attribution=against, attributions=(against,))
    with pytest.raises(InputError, match="nothing in this map speaks for flute"):
        hear(other, part="for")
    assert hear(other, part="against").bins > 0


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5])
def test_a_share_out_of_range_is_refused(explanation: Explanation, share: float) -> None:
    with pytest.raises(InputError, match="above 0 and at most 1"):
        hear(explanation, share=share)


def test_levels_are_matched_up_to_full_scale() -> None:
    t = np.arange(64_000) / 16_000
    tone = np.sin(2 * np.pi * 440 * t)
    soft, note = Waveform(0.01 * tone, 16_000), Waveform(0.1 * tone, 16_000)
    louder, gain = level_matched(soft, note)
    assert gain == pytest.approx(20.0)
    assert np.abs(louder.y).max() == pytest.approx(0.1, rel=1e-3)
    click = np.zeros(64_000)
    click[100] = 0.5
    limited, _ = level_matched(Waveform(click, 16_000), note)
    assert np.abs(limited.y).max() == pytest.approx(1.0)
    silence = Waveform(np.zeros(64_000), 16_000)
    assert level_matched(silence, note) == (silence, 0.0)
