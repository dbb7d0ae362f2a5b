"""What a visitor can choose: the models that can be used, and the notes of ``samples/``.

Conventions
-----------
A model can be used if its file agrees with its card; others are left out, with
the reason. The folder of models is read again every :data:`LOOK` seconds, the
notes once in the life of a server.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from xai_core import store
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import ModelError
from xai_core.places import samples_folder
from xai_core.ui.shell.faults import sentence

__all__ = [
    "draw_faults",
    "faulty_models",
    "samples",
    "sound_models",
]

LOOK = 20.0  # s between two looks at the folder


def sound_models() -> dict[str, tuple[str, ...]]:
    """Return ``{type: families}`` of the models that can be used, in the fixed orders.

    Raises
    ------
    ModelError
        If there is none.
    """
    faults = faulty_models()
    found = {
        type: tuple(family for family in families if (type, family) not in faults)
        for type, families in store.available_models().items()
    }
    found = {type: families for type, families in found.items() if families}
    if not found:
        raise ModelError(f"no model can be used; the first: {next(iter(faults.values()))}")
    return found


@st.cache_data(ttl=LOOK, show_spinner=False)
def faulty_models() -> dict[tuple[str, str], str]:
    """Return ``{(type, family): reason}`` of the models that are left out."""
    return store.find_faults()


def draw_faults(type: str) -> None:
    """Say which models of a type are left out, and why."""
    for (of_type, _), reason in faulty_models().items():
        if of_type == type:
            st.caption(f":material/block: Left out: {sentence(ModelError(reason))}")


@st.cache_resource(show_spinner=False)
def samples() -> Sequence[NoteRecord]:
    """Return the records of the notes in ``samples/``."""
    return read_collection(samples_folder())
