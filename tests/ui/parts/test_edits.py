"""Rows of the table of boxes: what is an edit, what is not finished, what cannot be done."""

from __future__ import annotations

from typing import Any

import pytest

from xai_core.errors import InputError
from xai_core.listening import Edit
from xai_core.ui.parts.edits import _edit

ROW = {
    "from": 0.1, "to": 0.5, "low": 900, "high": 1100, "what": "mute", "gain": None,
    "harmonics": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "edit"),
    [
        ({}, Edit(0.1, 0.5, 900, 1100)),
        ({"what": None, "harmonics": None}, Edit(0.1, 0.5, 900, 1100)),
        ({"what": "solo", "harmonics": True}, Edit(0.1, 0.5, 900, 1100, "solo", harmonics=True)),
        ({"what": "change level", "gain": -6}, Edit(0.1, 0.5, 900, 1100, "gain", -6.0)),
        ({"what": "change level"}, Edit(0.1, 0.5, 900, 1100, "gain", 0.0)),
        ({"gain": -6}, Edit(0.1, 0.5, 900, 1100)),  # of a box that is muted: no level
        ({"from": 0.1234, "low": 899.6}, Edit(0.12, 0.5, 900, 1100)),  # as its link has it
        ({"to": None}, None),
        ({"high": float("nan")}, None),
    ],
)
def test_a_row_is_an_edit_once_its_numbers_are_there(
    change: dict[str, Any], edit: Edit | None
) -> None:
    assert _edit(ROW | change) == edit


@pytest.mark.parametrize("change", [{"to": 0.104}, {"high": 900.3}, {"to": 0.05}, {"high": 9000}])
def test_a_box_of_which_nothing_is_left_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="within 0 to 4 s and 0 to 8000 Hz"):
        _edit(ROW | change)
