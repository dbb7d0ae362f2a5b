"""Figures on a page: alternative text, text size, narrow screens, colour limits that are held.

Conventions
-----------
The text size is a factor of the usual one, kept in the address as ``text`` and
taken from page to page, as every choice is.

A limit of colours is half the width of a signed scale, in units of the target per
bin. What is held while the visitor changes note or model lives in the address as
``limit`` and ``cam_limit``, for the first and the second map that is shown, so that a
link draws the same colours; it belongs to one spectrogram type and one target, since
maps of others have other sizes, and is taken anew where either changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.figures import Figure, alt_text, enlarged, limits, narrowed
from xai_core.figures.base.scales import Sign, sign_of
from xai_core.ui.browser.screen import is_narrow
from xai_core.ui.shell.navigation import text_factor
from xai_core.values import Attribution

__all__ = ["Limits", "draw_clickable_figure", "draw_figure", "held_limits"]

BUTTONS = {"displaylogo": False}
NO_BUTTONS = {"displayModeBar": False}
KEYS = ("limit", "cam_limit")  # in an address: of the first map that is shown and of the second
HELD = "limits that are held"
MOST = 1e6  # larger limits in an address are ignored
Limits = Mapping[str, tuple[float, float]]  # by method; without those that a map has by itself


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
        Whether it has Plotly's own buttons, which come when the mouse is over it; never
        on a narrow screen, where they would cover titles.
    key : str, optional
        Keeps the visitor's zoom where the figure moves on the page.
    """
    place.plotly_chart(_fitted(figure), config=_config(buttons), alt=alt_text(figure), key=key)


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
        _fitted(figure),
        config=_config(buttons),
        alt=alt_text(figure),
        key=key,
        on_select=clicked if on_click is not None else "rerun",
        selection_mode="points",
    )
    return [point.get("customdata") for point in event.selection.points]


def held_limits(
    first: Attribution,
    second: Attribution,
    *,
    held: bool,
    final: bool,
    sign: Sign,
    percentile: float,
) -> Limits:
    """Return the limits that the session holds, and hold those of these maps if it holds none.

    Parameters
    ----------
    first, second : Attribution
        The two maps as they are drawn, of two methods.
    held : bool
        Whether the visitor holds the limits; otherwise any are forgotten.
    final : bool
        Whether the map is as good as it gets: a first picture is not held.
    sign : {"signed", "unsigned"}
        How maps that have a sign are drawn.
    percentile : float
        Share of the absolute values, in percent, that limits of these maps cover.

    Returns
    -------
    mapping of str to tuple of float
        By method; empty where each map has limits of its own.
    """
    state = st.session_state
    if not held:
        state.pop(HELD, None)
        for key in KEYS:
            if key in st.query_params:
                del st.query_params[key]
        return {}
    of_what = (first.type, first.target)
    if HELD not in state and (linked := _from_address()):
        state[HELD] = (of_what, linked)
    if HELD not in state or state[HELD][0] != of_what:
        if not final:
            return {}
        own = tuple(
            float(f"{limits(one, sign='unsigned', percentile=percentile)[1]:.3g}")
            for one in (first, second)
        )
        state[HELD] = (of_what, own)
    for key, limit in zip(KEYS, state[HELD][1], strict=True):
        if st.query_params.get(key) != f"{limit:g}":
            st.query_params[key] = f"{limit:g}"
    return {
        one.method: (-high if sign_of(one, sign) == "signed" else 0.0, high)
        for one, high in zip((first, second), state[HELD][1], strict=True)
    }


def _from_address() -> tuple[float, ...] | None:
    """Return the limits in a link, or None if it has none that can be drawn."""
    try:
        found = tuple(float(st.query_params[key]) for key in KEYS)
    except (KeyError, ValueError):
        return None
    usable = all(math.isfinite(limit) and 0 < limit <= MOST for limit in found)
    return found if usable else None


def _fitted(figure: Figure) -> Figure:
    return enlarged(narrowed(figure) if is_narrow() else figure, text_factor())


def _config(buttons: bool) -> dict[str, bool]:
    return BUTTONS if buttons and not is_narrow() else NO_BUTTONS
