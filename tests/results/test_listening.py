"""The files of a changed sound: its samples, the answers before and after, what was done."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile

from tests.model_sets.tiny_models import write_models, write_notes
from xai_core import predict
from xai_core.audio import load_note
from xai_core.explanations.loaded_models import array_digest
from xai_core.listening import apply_mask, edits_mask, parse_edits
from xai_core.results.listening import listening_files
from xai_core.values import Prediction

PAIR = ("flute", "organ")
EDITS = "0.50,2.50,200,300,mute,harmonics"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prediction, Prediction]]:
    folder = tmp_path_factory.mktemp("changed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = write_notes(folder / "notes", families=PAIR)
        write_models(records, "chroma", families=PAIR)
        note = load_note(records[0].path)
        changed = apply_mask(note, edits_mask(parse_edits(EDITS)))
        yield predict(note, models="tiny"), predict(changed, models="tiny")


def test_the_files_hold_the_sound_and_both_answers(answers: tuple[Prediction, Prediction]) -> None:
    before, after = answers
    wav, table, settings = listening_files(before, after, note="a note", change={"edits": [EDITS]})
    assert wav.name.startswith("a-note_changed_")
    assert [one.suffix for one in (wav, table, settings)] == ["wav", "csv", "json"]
    y, _ = soundfile.read(io.BytesIO(wav.make()), dtype="float32")
    np.testing.assert_array_equal(y, after.waveform.y)
    rows = list(csv.DictReader(io.StringIO(table.make().decode())))
    assert [(row["type"], row["family"]) for row in rows] == [
        (type, family) for type in ("chroma", "together") for family in PAIR
    ]
    assert float(rows[0]["before"]) == pytest.approx(before.by_type()["chroma"]["flute"], abs=1e-6)
    assert float(rows[3]["after"]) == pytest.approx(after.verdict()["organ"], abs=1e-6)
    record = json.loads(settings.make())
    assert record["change"] == {"edits": [EDITS]}
    assert record["before"]["note_sha256"] == array_digest(before.waveform.y)
    assert record["after"]["note_sha256"] == array_digest(after.waveform.y)


def test_another_change_has_another_name(answers: tuple[Prediction, Prediction]) -> None:
    names = {
        listening_files(*answers, note="a", change=change)[0].name
        for change in ({"edits": [EDITS]}, {"edits": []})
    }
    assert len(names) == 2
