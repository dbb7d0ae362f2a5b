"""What a visitor reads when a page cannot go on: a sentence, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from xai_core.errors import InputError

__all__ = ["draw_guarded", "sentence"]

FAULT = "This is a fault of TimbreLens; the server's log says more. Another choice may work."

logger = logging.getLogger(__name__)


def draw_guarded(draw: Callable[[], None], *, name: str) -> None:
    """Draw a page; on an error say what the visitor can do, and log what we must."""
    try:
        draw()
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
    except Exception:
        logger.exception("the %s page failed", name)
        st.error(FAULT, icon=":material/error:")


def sentence(error: Exception) -> str:
    """Return an error as a sentence: a capital at the front, a stop at the end.

    Examples
    --------
    >>> sentence(ValueError("expected audio, got 0 bytes: is the file empty?"))
    'Expected audio, got 0 bytes: is the file empty?'
    """
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?")) else ".")
