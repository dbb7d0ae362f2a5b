"""How large the text of every page is: for a screen, or for the back row of a lecture hall.

Conventions
-----------
Streamlit's own sizes are multiples of the root's, so one rule enlarges them all;
figures are enlarged by :mod:`xai_core.ui.drawing`.
"""

from __future__ import annotations

import streamlit as st

from xai_core.ui.address import choose

__all__ = ["choose_text_size", "text_factor"]

ROOT_SIZE = 16  # px, Streamlit's
SIZES = {"normal": "normal", "large": "large", "larger": "for a projector"}
FACTORS = {"normal": 1.0, "large": 1.15, "larger": 1.3}
FACTOR = "text factor"  # in the session


def choose_text_size() -> None:
    """Let the visitor choose how large text is, in the sidebar, and make it so."""
    size = choose(st.sidebar, "Text size", SIZES, key="text")
    factor = st.session_state[FACTOR] = FACTORS[size]
    if factor > 1.0:
        root = round(ROOT_SIZE * factor)
        st.html(f"<style>html {{ font-size: {root}px !important; }}</style>")


def text_factor() -> float:
    """Return how much larger than usual the text of this page is."""
    return float(st.session_state.get(FACTOR, 1.0))
