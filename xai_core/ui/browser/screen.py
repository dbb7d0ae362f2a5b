"""Whether the visitor's window is narrow, such as that of a phone.

Conventions
-----------
A page is drawn on the server, which learns the width from the browser only when
something is drawn there. Until then the browser's name decides: those of phones
have ``Mobi`` in it. A window that turns out otherwise has its page drawn again.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

__all__ = ["NARROW_BELOW", "SCREEN", "is_narrow", "watch_width"]

NARROW_BELOW = 700  # px of the window; four panels side by side need more
SCREEN = "screen"  # key of the widget, which the style of a page hides
NARROW = "narrow screen"  # in the session


def is_narrow() -> bool:
    """Return whether panels belong one under the other."""
    agent = st.context.headers.get("User-Agent", "")
    return bool(st.session_state.get(NARROW, "Mobi" in agent))


def watch_width() -> None:
    """Have the page drawn again whenever its window becomes narrow, or wide."""
    _screen(
        data={"below": NARROW_BELOW, "narrow": is_narrow()}, key=SCREEN, on_narrow_change=_changed
    )


def _changed() -> None:
    st.session_state[NARROW] = bool(st.session_state[SCREEN].narrow)


_screen = st.components.v2.component(
    "timbrelens_screen",
    html="<span></span>",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)
