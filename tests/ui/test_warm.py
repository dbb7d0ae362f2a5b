"""Keras's state survives the tidying that Streamlit does after each script run."""

from __future__ import annotations

import keras
import pytest
from keras.src.backend.common import global_state
from streamlit.runtime.scriptrunner import script_runner

from xai_core.ui.warm import keep_keras_state


def test_streamlit_no_longer_clears_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "clear_session", keras.backend.clear_session)
    before = global_state.GLOBAL_STATE_TRACKER
    keep_keras_state()
    script_runner._clean_problem_modules()
    assert global_state.GLOBAL_STATE_TRACKER is before


def test_streamlit_would_clear_keras_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, Streamlit has mended its ways and `keep_keras_state` can go."""
    called = []
    monkeypatch.setattr(keras.backend, "clear_session", lambda: called.append(True))
    script_runner._clean_problem_modules()
    assert called == [True]
