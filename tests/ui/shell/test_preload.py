"""Keras's state survives the tidying that Streamlit does after each script run."""

from __future__ import annotations

import gc

import keras
import pytest
from keras.src.backend.common import global_state
from streamlit.runtime.scriptrunner import script_runner

from xai_core.ui.shell.preload import (
    freeze_objects,
    keep_keras_state,
)


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


def test_what_stays_for_good_is_passed_over_when_garbage_is_collected() -> None:
    """A collection takes 0.3 s with TensorFlow and the models among what is looked at."""

    class Node:
        def __init__(self) -> None:
            self.itself = self  # garbage that only the collector can find

    freeze_objects()
    try:
        looked_at = len(gc.get_objects())
        assert gc.get_freeze_count() > 100_000 > looked_at
        made = [Node() for _ in range(1_000)]
        assert len(gc.get_objects()) >= looked_at + len(made)
        del made
        assert gc.collect() >= 1_000  # what comes later is collected as ever
    finally:
        gc.unfreeze()
