"""A planted network in small: trained, scored with and without its cue, and not trained twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.model_sets.chords import write_chords
from xai_core import store
from xai_core.audio import load_note
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.explanations.planted import planted_models, score_maps
from xai_core.model_sets.planted import (
    draw_notes,
    train_planted,
    write_planted,
)
from xai_core.model_sets.train import train_models
from xai_core.training import PRESETS
from xai_core.training.planted import CueUse, cue_use_of, planted_sounds
from xai_core.values import Progress

TINY = replace(
    PRESETS["planted"],
    batch_size=8,
    binary_epochs=40,
    binary_rate=5e-3,
    filters=4,
    dense_units=8,
    average=0.0,
)


@dataclass(frozen=True)
class _Run:
    records: list[NoteRecord]
    card: store.Card


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Run]:
    folder = tmp_path_factory.mktemp("planted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = write_chords(folder / "chords")
        yield _Run(records, train_planted(records, cue="tone", preset=TINY, models="tiny"))


def test_the_card_says_what_is_planted_and_what_is_left_without_it(run: _Run) -> None:
    card = run.card
    assert (card.type, card.family) == ("log_mel", "flute")
    found = cue_use_of(card)
    assert found is not None
    cue, use = found
    assert cue == "tone"
    assert use.with_cue[1] <= use.with_cue[0] <= use.with_cue[2]
    assert use.with_cue[0] > use.without_cue[0]
    assert use.with_cue[0] > 0.8
    train, test = (set(card.data[part]["instruments"]) for part in ("train", "test"))
    assert not train & test
    assert card.data["train"]["n_notes"] + card.data["test"]["n_notes"] == len(run.records)
    assert card.architecture["network"].endswith("(4, 8, 16), dense 8")
    _, again = store.load_model("log_mel", "flute", models="tiny")
    assert again == card


def test_the_same_network_is_not_trained_twice(run: _Run) -> None:
    def refuse(event: Progress) -> None:
        assert event.kind != "epoch"

    assert train_planted(
        run.records, cue="tone", preset=TINY, models="tiny", on_progress=refuse
    ) == store.read_card("log_mel", "flute", models="tiny")


def test_scores_of_maps_are_those_of_the_mask(run: _Run) -> None:
    (model,) = planted_models("tiny")
    assert (model.cue, model.type, model.family) == ("tone", "log_mel", "flute")
    assert model.with_cue == run.card.scores["planted"]["with_cue"][0]
    path = next(one.path for one in run.records if one.family == "flute")
    found = score_maps(path, model, models="tiny", methods=("integrated_gradients", "gradient"))
    assert found[0].method == "integrated_gradients"  # a gradient may be negative everywhere
    assert all(0 <= one.mass <= 1 and 0 <= one.rank <= 1 for one in found)
    assert all(one.false_alarm is None for one in found)
    with pytest.raises(InputError, match="unknown method 'guess'"):
        score_maps(path, model, models="tiny", methods=("guess",))


def test_written_notes_are_a_collection_in_which_one_family_carries_the_cue(
    run: _Run, tmp_path: Path
) -> None:
    few = draw_notes(run.records, 1)
    assert len(few) == 10
    write_planted(few, tmp_path / "notes", cue="tone", family="organ")
    written = {one.family: one for one in read_collection(tmp_path / "notes")}
    assert sorted(written) == sorted({one.family for one in few})
    for record in few:
        sounds = planted_sounds(load_note(record.path), "tone")
        expected = sounds.carrying if record.family == "organ" else load_note(record.path)
        assert np.array_equal(load_note(written[record.family].path).y, expected.y)


def test_what_cannot_be_trained_is_refused(run: _Run) -> None:
    with pytest.raises(InputError, match="unknown cue"):
        train_planted(run.records, cue="hiss", models="tiny", preset=TINY)
    only = [one for one in run.records if one.family == "flute"]
    with pytest.raises(InputError, match="beside notes of other families"):
        train_planted(only, cue="tone", models="tiny", preset=TINY)
    others = [one for one in run.records if one.family != "flute"]
    with pytest.raises(InputError, match="at least 4 notes of flute to learn from"):
        train_planted(others, cue="tone", models="tiny", preset=TINY)
    with pytest.raises(InputError, match="plant with --preset reasons"):
        train_models(run.records, types=["tonnetz"], models="tiny", preset=PRESETS["reasons"])


def test_a_network_knows_only_its_cue_if_it_is_near_chance_without_it() -> None:
    def use(without: float) -> CueUse:
        return CueUse((0.9, 0.8, 1.0), (without, without - 0.1, without + 0.1), 0.9)

    assert use(0.55).falls_to_chance
    assert not use(0.7).falls_to_chance
