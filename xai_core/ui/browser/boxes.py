"""Boxes on a map in hertz and seconds, which the visitor draws with mouse or finger.

Conventions
-----------
All that moves is done by the visitor's browser (``boxes.js``), over a figure whose
``layout.meta["boxes"]`` is true, such as that of :func:`xai_core.figures.maps.listening.box_panel`:
the figure stays as it is while boxes come and go. Seconds and hertz.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from xai_core.listening import Edit

__all__ = ["draw_boxes"]

KEY = "boxes"
TURN = "boxes drawn"  # in the session: how many


def draw_boxes(edits: Sequence[Edit], *, on_drawn: Callable[[dict[str, float]], None]) -> None:
    """Show boxes over the map of the page, and let the visitor draw another.

    Parameters
    ----------
    edits : sequence of Edit
        The boxes that there are.
    on_drawn : callable
        Called before the page is run again, with ``start``, ``end``, ``low`` and ``high`` of
        a box that was drawn.
    """

    def drawn() -> None:
        box: Any = st.session_state[KEY].drawn
        st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
        if box is not None:
            on_drawn({end: float(box[end]) for end in ("start", "end", "low", "high")})

    boxes = [
        {
            "start": one.start,
            "end": one.end,
            "low": one.low,
            "high": one.high,
            "kind": one.action,
            "harmonics": one.harmonics,
        }
        for one in edits
    ]
    # the turn makes the browser take the boxes also where none was added
    data = {"boxes": boxes, "turn": st.session_state.get(TURN, 0)}
    _boxes(data=data, key=KEY, on_drawn_change=drawn)


_boxes = st.components.v2.component(
    "timbrelens_boxes",
    html="<div></div>",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)
