"""The top of each page, drawn before TensorFlow is loaded.

A fresh server takes seconds to import it; until then the visitor reads what the
page is for. So nothing heavy is imported at the top of this module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from xai_core.ui.shell.faults import draw_guarded
from xai_core.ui.shell.navigation import (
    SIDEBAR_WIDTH,
    draw_sidebar,
)

__all__ = [
    "open_compare",
    "open_explore",
    "open_learn",
    "open_metrics",
    "open_models",
    "open_upload",
]

# Clears the menu; the usual 6rem and 5rem push the panels off a first screen.
# Streamlit writes the words of figures in a grey that is too pale on a light page, 3.6 to 1; it is
# found by its value, since a page does not know which theme its visitor chose.
STYLE = """<style>
.block-container { padding: 3rem 3rem 6rem; }
.js-plotly-plot text[style*="fill: rgb(128, 132, 149)"] { fill: #5d6473 !important; }
</style>"""
LOADING = "Loading the networks. A server that was just started takes some seconds."


def open_explore() -> None:
    """Draw the Explore page: its title at once, the rest when the networks are there."""
    with _top(
        name="Explore",
        title="TimbreLens",
        icon="🔍",
        purpose="Pick a note and see which moments and frequencies make a neural network hear a "
        "flute, a guitar or a voice in it.",
        needs="xai_core.ui.pages.explore",
    ):
        from xai_core.ui.pages.explore import explore_page
    draw_guarded(explore_page, name="Explore")


def open_compare() -> None:
    """Draw the Compare page."""
    with _top(
        name="Compare",
        title="Compare",
        icon="⚖️",
        purpose="Two notes, or one note under two networks or two methods: what each map has that "
        "the other has not, and how far apart the two are.",
        needs="xai_core.ui.pages.compare",
    ):
        from xai_core.ui.pages.compare import compare_page
    draw_guarded(compare_page, name="Compare")


def open_metrics() -> None:
    """Draw the Metrics page."""
    with _top(
        name="Metrics",
        title="Metrics",
        icon="📐",
        purpose="How far apart the heatmaps of a family's notes are: every two of them compared, "
        "as boxes that fill while you watch.",
        needs="xai_core.ui.pages.metrics",
    ):
        from xai_core.ui.pages.metrics import metrics_page
    draw_guarded(metrics_page, name="Metrics")


def open_models() -> None:
    """Draw the Models page."""
    with _top(
        name="Models",
        title="Models",
        icon="📊",
        purpose="How well each network tells its family from the other nine, on instruments that "
        "none of them had heard, and what they learnt from.",
        needs="xai_core.ui.pages.models",
    ):
        from xai_core.ui.pages.models import models_page
    draw_guarded(models_page, name="Models")


def open_learn() -> None:
    """Draw the Learn page."""
    with _top(
        name="Learn",
        title="Learn",
        icon="🎓",
        purpose="From a note to the reasons of a network, in six steps: move the control of each "
        "step and watch what changes.",
        needs="xai_core.ui.pages.learn",
    ):
        from xai_core.ui.pages.learn import learn_page
    draw_guarded(learn_page, name="Learn")


def open_upload() -> None:
    """Draw the Upload page."""
    with _top(
        name="Upload",
        title="Upload",
        icon="🎙️",
        purpose="A recording of your own: what every network says of it, and why.",
        needs="xai_core.ui.pages.upload",
    ):
        from xai_core.ui.pages.upload import upload_page
    draw_guarded(upload_page, name="Upload")


@contextmanager
def _top(*, name: str, title: str, icon: str, purpose: str, needs: str) -> Iterator[None]:
    """Draw the top of a page, and say what is waited for while `needs` is imported."""
    st.set_page_config(
        page_title=f"TimbreLens · {name}",
        page_icon=icon,
        layout="wide",
        initial_sidebar_state=SIDEBAR_WIDTH,
    )
    st.html(STYLE)
    draw_sidebar()
    st.title(title, anchor=False)
    st.markdown(purpose)
    waiting = st.empty()
    if needs not in sys.modules:
        waiting.info(LOADING, icon=":material/hourglass:")
    yield
    waiting.empty()
