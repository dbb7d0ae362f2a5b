"""The browser's history: one entry for each choice of the visitor.

Conventions
-----------
Choices live in the address (:mod:`xai_core.ui.shell.address`), and Streamlit adds an entry to
the history at each change of it. Of the changes that follow one click or key only the first
adds an entry; what a page fills in by itself, such as the choices made on the page before,
replaces the address. So one press of Back undoes one choice, or leaves the page.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

__all__ = ["HISTORY", "keep_history"]

HISTORY = "history"  # key of the widget, which the style of a page hides


def keep_history() -> None:
    """Draw what watches over the history, before a page writes to its address."""
    _history(key=HISTORY)


_history = st.components.v2.component(
    "timbrelens_history",
    html="<span></span>",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)
