"""The sidebar: every page by its name, from every page, and how large text is.

Conventions
-----------
Pages are files that Streamlit finds by itself, so that the address of each works
as the first request of a fresh server; its own list of them, made of file names,
is switched off in the settings.
"""

from __future__ import annotations

import streamlit as st

from xai_core.ui.text_size import choose_text_size

__all__ = ["SIDEBAR_WIDTH", "draw_sidebar"]

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
