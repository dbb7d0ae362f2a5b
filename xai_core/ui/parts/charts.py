"""Figures on a page: with their alternative text, in the text size that the visitor chose.

Conventions
-----------
The text size is a factor of the usual one, kept in the address as ``text`` and
taken from page to page, as every choice is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.figures import Figure, alt_text, enlarged
from xai_core.ui.shell.navigation import text_factor

__all__ = ["draw_clickable_figure", "draw_figure"]

BUTTONS = {"displaylogo": False}
NO_BUTTONS = {"displayModeBar": False}


def draw_figure(
    place: DeltaGenerator | Any,
    figure: Figure,
    *,
    buttons: bool = False,
    key: str | None = None,
) -> None:
    """Draw a figure.

    Parameters
    ----------
    place : DeltaGenerator or module
        Where: a container, or ``st`` itself.
    figure : Figure
        One of :mod:`xai_core.figures`, which carries its alternative text.
    buttons : bool
        Whether it has Plotly's own buttons, which come when the mouse is over it.
    key : str, optional
        Keeps the visitor's zoom where the figure moves on the page.
    """
    larger = enlarged(figure, text_factor())
    config = BUTTONS if buttons else NO_BUTTONS
    place.plotly_chart(larger, config=config, alt=alt_text(figure), key=key)


def draw_clickable_figure(
    place: DeltaGenerator | Any,
    figure: Figure,
    *,
    key: str,
    buttons: bool = True,
    on_click: Callable[[Any], None] | None = None,
) -> list[Any]:
    """Draw a figure whose points can be chosen; return what the chosen ones carry.

    Parameters
    ----------
    place, figure, key, buttons
        As :func:`draw_figure`.
    on_click : callable, optional
        Called with what the point carries before the page is drawn again.

    Returns
    -------
    list
        The ``customdata`` of each chosen point, None where it has none.
    """

    def clicked() -> None:
        for point in st.session_state[key].selection.points[:1]:
            if on_click is not None and point.get("customdata"):
                on_click(point["customdata"])

    event = place.plotly_chart(
        enlarged(figure, text_factor()),
        config=BUTTONS if buttons else NO_BUTTONS,
        alt=alt_text(figure),
        key=key,
        on_select=clicked if on_click is not None else "rerun",
        selection_mode="points",
    )
    return [point.get("customdata") for point in event.selection.points]
