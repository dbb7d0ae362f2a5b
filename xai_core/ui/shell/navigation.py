"""The sidebar: a link to every page, and the size of text.

Streamlit's own list of pages, made of file names, is switched off in the settings.

Conventions
-----------
Text sizes are for a screen or for a projector. Streamlit's own sizes are multiples
of the root's, so one rule enlarges them all; figures are enlarged by
:mod:`xai_core.ui.parts.charts`.
"""

from __future__ import annotations

import streamlit as st

from xai_core.ui.shell.address import choose
from xai_core.ui.shell.pages import PAGES

__all__ = [
    "SIDEBAR_WIDTH",
    "choose_text_size",
    "draw_sidebar",
    "text_factor",
]

SIDEBAR_WIDTH = 200  # px


def draw_sidebar() -> None:
    """Draw a link to each page, and the choice of text size."""
    with st.sidebar:
        for page in PAGES:
            st.page_link(page.file, label=page.name, icon=page.menu_icon, help=page.short)
        st.space("small")
        choose_text_size()


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
