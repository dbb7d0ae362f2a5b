"""The top of each page, drawn before TensorFlow is loaded.

A fresh server takes seconds to import it; until then the visitor reads what the
page is for. So nothing heavy is imported at the top of this module.
"""

from __future__ import annotations

import streamlit as st

from xai_core.ui.browser.history import HISTORY, keep_history
from xai_core.ui.browser.screen import NARROW_BELOW, SCREEN, watch_width
from xai_core.ui.shell.faults import draw_guarded
from xai_core.ui.shell.navigation import SIDEBAR_WIDTH, draw_sidebar
from xai_core.ui.shell.pages import page_named

__all__ = ["open_page"]

# Clears the menu; the usual 6rem and 5rem push the panels off a first screen.
# Streamlit writes the words of figures in a grey that is too pale on a light page, 3.6 to 1; it is
# found by its value, since a page does not know which theme its visitor chose.
STYLE = f"""<style>
.block-container {{ padding: 3rem 3rem 6rem; }}
@media (width < {NARROW_BELOW}px) {{ .block-container {{ padding: 3rem 1rem 6rem; }} }}
.st-key-{SCREEN}, .st-key-{HISTORY} {{ display: none; }}
.js-plotly-plot text[style*="fill: rgb(128, 132, 149)"] {{ fill: #5d6473 !important; }}
</style>"""
LOADING = "Loading the networks. A server that was just started takes some seconds."


def open_page(name: str) -> None:
    """Draw the page of a name: its top at once, the rest when the networks are there."""
    page = page_named(name)
    st.set_page_config(
        page_title=f"TimbreLens · {page.name}",
        page_icon=page.icon,
        layout="wide",
        initial_sidebar_state=SIDEBAR_WIDTH,
    )
    st.html(STYLE)
    keep_history()
    watch_width()
    draw_sidebar()
    st.title(page.title, anchor=False)
    st.markdown(page.purpose)
    waiting = st.empty()
    if not page.loaded:
        waiting.info(LOADING, icon=":material/hourglass:")
    draw = page.load()
    waiting.empty()
    draw_guarded(draw, name=page.name)
