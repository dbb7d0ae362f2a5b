"""A confusion matrix: rows in percent, the true family first."""

from __future__ import annotations

import numpy as np
import pytest

from tests.figures.hand_made import decoded, sent
from xai_core.errors import InputError
from xai_core.figures import alt_text, confusion_map
from xai_core.values import FAMILIES

BASS, FLUTE, REED = (FAMILIES.index(name) for name in ("bass", "flute", "reed"))


def _counts() -> np.ndarray:
    counts = np.diag([8] * 10)
    counts[BASS, BASS], counts[BASS, REED] = 3, 1
    counts[FLUTE] = 0
    return counts


def test_rows_are_the_true_families_in_percent() -> None:
    figure = confusion_map(_counts())
    (trace,) = sent(figure)["data"]
    z = decoded(trace["z"])
    assert (trace["x"], trace["y"]) == (list(FAMILIES), list(FAMILIES))
    assert z[BASS, BASS] == 75.0
    assert z[BASS, REED] == 25.0
    assert z[REED, BASS] == 0.0
    assert np.isnan(z[FLUTE]).all()  # no notes: no colour rather than 0 %
    assert (trace["zmin"], trace["zmax"]) == (0, 100)
    low, high = figure.layout.yaxis.range
    assert low > high


def test_numbers_stand_where_there_are_notes() -> None:
    texts = {(a.y, a.x): a.text for a in confusion_map(_counts()).layout.annotations}
    assert texts[BASS, BASS] == "75"
    assert texts[BASS, REED] == "25"
    assert len(texts) == 10  # nine families, and one confusion


def test_confusion_in_words() -> None:
    said = alt_text(confusion_map(_counts()))
    assert "brass is named right most often (100 %), bass least often (75 %)" in said
    assert said.endswith("the most frequent confusion is bass taken for reed (25 %).")
    assert alt_text(confusion_map(np.eye(10))).endswith("nothing is confused.")


@pytest.mark.parametrize("counts", [np.zeros((10, 10)), np.ones((9, 9)), -np.eye(10)])
def test_what_is_no_table_of_counts_is_refused(counts: np.ndarray) -> None:
    with pytest.raises(InputError, match="expected counts of notes, 10 x 10"):
        confusion_map(counts)
