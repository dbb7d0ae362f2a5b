"""The sidebar: a link to every page, and the size of text.

Conventions
-----------
Pages are files that Streamlit finds by itself, so that the address of each works
as the first request of a fresh server; Streamlit's own list of them, made of file
names, is switched off in the settings.

Text sizes are for a screen or for a projector. Streamlit's own sizes are multiples
of the root's, so one rule enlarges them all; figures are enlarged by
:mod:`xai_core.ui.parts.charts`.
"""

from __future__ import annotations

import streamlit as st

from xai_core.ui.shell.address import choose

__all__ = [
    "SIDEBAR_WIDTH",
    "choose_text_size",
    "draw_sidebar",
    "text_factor",
]

SIDEBAR_WIDTH = 200  # px
PAGES = {  # file: (name, icon, what it is for)
    "app.py": ("Explore", ":material/search:", "One note, one network, four panels"),
    "pages/compare.py": (
        "Compare",
        ":material/compare_arrows:",
        "Two maps, their difference and their distance",
    ),
    "pages/metrics.py": (
        "Metrics",
        ":material/box:",
        "Distances between the heatmaps of many notes",
    ),
    "pages/upload.py": ("Upload", ":material/mic:", "A recording of your own"),
    "pages/models.py": (
        "Models",
        ":material/leaderboard:",
        "How good the networks are, and what they learnt from",
    ),
    "pages/learn.py": ("Learn", ":material/school:", "How all this works, in six steps"),
}


def draw_sidebar() -> None:
    """Draw a link to each page, and the choice of text size."""
    with st.sidebar:
        for file, (name, icon, purpose) in PAGES.items():
            st.page_link(file, label=name, icon=icon, help=purpose)
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
