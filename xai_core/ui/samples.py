"""The notes that come with TimbreLens, read once in the life of a server."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.places import samples_folder

__all__ = ["samples"]


@st.cache_resource(show_spinner=False)
def samples() -> Sequence[NoteRecord]:
    """Return the records of the notes in ``samples/``."""
    return read_collection(samples_folder())
