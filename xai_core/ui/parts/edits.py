"""Boxes drawn on a map: what becomes of each, undone one by one, and kept in the address.

Conventions
-----------
The address holds the boxes as ``edit``, in the words of
:func:`xai_core.listening.parse_edits`. A box is drawn with the pointer on the map or typed
into the table; the table is what counts. Seconds and hertz.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.errors import InputError
from xai_core.figures.maps.listening import box_panel
from xai_core.listening import GAINS, Action, Edit, parse_edits
from xai_core.ui.browser.boxes import draw_boxes
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.shell.address import choose, edited_text, remember, set_text
from xai_core.ui.shell.faults import sentence
from xai_core.values import Attribution

__all__ = ["choose_edits", "draw_box_panel"]

KEY = "edit"  # in the address
NEW = "new_box"  # key of what becomes of a box that is drawn
HISTORY = "edits before"  # in the session: texts, the last one is what there is
MOST_UNDONE = 200
MOST = 40  # boxes
DURATION, NYQUIST = 4.0, 8000.0  # s, Hz
LEAST = (0.02, 2.0)  # s and Hz: what rounds to nothing is no box
WHAT: dict[str, Action] = {"mute": "mute", "solo": "solo", "change level": "gain"}
NAMES = {action: name for name, action in WHAT.items()}
NEW_BOXES = {
    "mute": "muted",
    "solo": "played alone",
    "-12": "made 12 dB softer",
    "6": "made 6 dB louder",
}
COLUMNS = {
    "from": st.column_config.NumberColumn(
        "From (s)", min_value=0.0, max_value=DURATION, format="%.2f"
    ),
    "to": st.column_config.NumberColumn("To (s)", min_value=0.0, max_value=DURATION, format="%.2f"),
    "low": st.column_config.NumberColumn("Low (Hz)", min_value=0, max_value=NYQUIST, format="%.0f"),
    "high": st.column_config.NumberColumn(
        "High (Hz)", min_value=0, max_value=NYQUIST, format="%.0f"
    ),
    "what": st.column_config.SelectboxColumn("Becomes", options=list(WHAT), default="mute"),
    "gain": st.column_config.NumberColumn(
        "dB", min_value=GAINS[0], max_value=GAINS[1], format="%.1f", help="Of “change level”."
    ),
    "harmonics": st.column_config.CheckboxColumn(
        "Harmonics", default=False, help="Its multiples in hertz too, as wide as it is."
    ),
}


def draw_box_panel(
    place: DeltaGenerator, attribution: Attribution, edits: tuple[Edit, ...], *, height: int
) -> None:
    """Draw the map on which a box is marked by dragging.

    Parameters
    ----------
    place : DeltaGenerator
    attribution : Attribution
        On the canvas.
    edits : tuple of Edit
        As :func:`choose_edits` returns them.
    height : int
        Pixels.
    """
    draw_figure(place, box_panel(attribution, height=height))
    draw_boxes(edits, on_drawn=_add_drawn)


def choose_edits(place: DeltaGenerator) -> tuple[Edit, ...]:
    """Draw the table of boxes and its buttons; return the boxes that are complete.

    What cannot be done is said in a sentence beneath the table, and the rest stays.
    """
    start, widget = edited_text(KEY, label="Boxes", default="", is_one=_is_one)
    left, right = place.columns([1, 3], gap="medium")
    choose(left, "A box that is drawn is", NEW_BOXES, key=NEW)
    edited = right.data_editor(
        _table(parse_edits(start)),
        key=widget,
        hide_index=True,
        num_rows="dynamic",
        column_config=COLUMNS,
        height="content",
    )
    edits, faults = [], []
    for number, row in enumerate(zip(*edited.values(), strict=True), start=1):
        try:
            if (edit := _edit(dict(zip(edited, row, strict=True)))) is not None:
                edits.append(edit)
        except InputError as error:
            faults.append(f"Box {number}: {sentence(error)}")
    for fault in faults:
        right.caption(f":material/error: {fault}")
    now = ";".join(one.text for one in edits)
    history = _note_down(now)  # before a Streamlit call, in which the run may be ended
    remember(KEY, now, default="")
    buttons = left.container(horizontal=True)
    buttons.button(
        "Undo", icon=":material/undo:", on_click=_undo, key="undo", disabled=len(history) < 2
    )
    buttons.button(
        "Clear",
        icon=":material/delete:",
        on_click=set_text,
        args=(KEY, ""),
        key="no boxes",
        disabled=not edits,
    )
    return tuple(edits)


def _add_drawn(box: dict[str, float]) -> None:
    """Add the box that was drawn."""
    history: list[str] = st.session_state.get(HISTORY) or [""]
    start, end = np.clip([box["start"], box["end"]], 0.0, DURATION).tolist()
    low, high = np.clip([box["low"], box["high"]], 0.0, NYQUIST).tolist()
    if end - start < LEAST[0] or high - low < LEAST[1]:
        return
    if len(parse_edits(history[-1])) >= MOST:
        st.toast(f"There are {MOST} boxes: take some away first.", icon=":material/error:")
        return
    what = st.session_state.get(NEW, "mute")
    action: Action = what if what in ("mute", "solo") else "gain"
    gain = float(what) if action == "gain" else 0.0
    drawn = Edit(start, end, low, high, action, gain)
    text = ";".join(filter(None, (history[-1], drawn.text)))
    _note_down(text)
    set_text(KEY, text)


def _note_down(text: str) -> list[str]:
    """Return the texts that there were, the present one last."""
    history: list[str] = st.session_state.setdefault(HISTORY, [text])
    if history[-1] != text:
        history.append(text)
        del history[:-MOST_UNDONE]
    return history


def _undo() -> None:
    history: list[str] = st.session_state[HISTORY]
    history.pop()
    set_text(KEY, history[-1])


def _is_one(text: str) -> bool:
    try:
        return len(parse_edits(text)) <= MOST
    except InputError:
        return False


def _table(edits: tuple[Edit, ...]) -> dict[str, list[Any]]:
    """Return the columns; of no edits a row to be filled in, which gives each column its type."""
    if not edits:
        numbers: dict[str, list[Any]] = {key: [None] for key in COLUMNS}
        return numbers | {"what": ["mute"], "harmonics": [False]}
    return {
        "from": [one.start for one in edits],
        "to": [one.end for one in edits],
        "low": [one.low for one in edits],
        "high": [one.high for one in edits],
        "what": [NAMES[one.action] for one in edits],
        "gain": [one.gain if one.action == "gain" else None for one in edits],
        "harmonics": [one.harmonics for one in edits],
    }


def _edit(row: dict[str, Any]) -> Edit | None:
    """Return the edit of a row, as a link has it, or None where the row is not finished.

    Raises
    ------
    InputError
        If it cannot be done, or nothing of it is left to the digits of a link.
    """
    numbers = [row[name] for name in ("from", "to", "low", "high")]
    if any(_is_empty(one) for one in numbers):
        return None
    left, right, low, high = map(float, numbers)
    action = WHAT.get(row["what"], "mute")
    gain = 0.0 if action != "gain" or _is_empty(row["gain"]) else float(row["gain"])
    harmonics = row["harmonics"] is True or row["harmonics"] == np.True_
    edit = Edit(left, right, low, high, action, gain, bool(harmonics))
    return parse_edits(edit.text)[0]


def _is_empty(cell: Any) -> bool:
    return cell is None or cell != cell  # NaN
