"""The top of the page, drawn before TensorFlow is loaded.

A fresh server takes seconds to import it; until then the visitor reads what the
page is for. So nothing heavy is imported at the top of this module.
"""

from __future__ import annotations

import sys

import streamlit as st

__all__ = ["open_explore"]

TOP_PADDING = "3rem"  # clears the menu; the usual 6rem push the panels off a first screen
LOADING = "Loading the networks. A server that was just started takes some seconds."


def open_explore() -> None:
    """Draw the Explore page: its title at once, the rest when the networks are there."""
    st.set_page_config(page_title="TimbreLens · Explore", page_icon="🔍", layout="wide")
    st.html(f"<style>.block-container {{ padding-top: {TOP_PADDING}; }}</style>")
    st.title("TimbreLens", anchor=False)
    st.markdown(
        "Pick a note and see which moments and frequencies make a neural network hear a flute, "
        "a guitar or a voice in it."
    )
    waiting = st.empty()
    if "xai_core.ui.explore" not in sys.modules:
        waiting.info(LOADING, icon=":material/hourglass:")
    from xai_core.ui.explore import explore_page

    waiting.empty()
    explore_page()
