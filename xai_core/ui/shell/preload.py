"""Preloading of models, and their protection from Streamlit's clean-up.

Conventions
-----------
Streamlit collects garbage after every script run, and no other visitor's script
runs meanwhile. TensorFlow and the models are a million objects that live as long
as the server, so they are excluded from collection (:func:`gc.freeze`): it takes
hundredths of a second instead of 0.3 s.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Sequence

import numpy as np
import streamlit as st

from xai_core import store
from xai_core.errors import TimbreLensError
from xai_core.explanations import load_gradients
from xai_core.features import extract
from xai_core.ui.shell.work_queue import WorkQueue, server_queue
from xai_core.values import SAMPLE_RATE, Waveform

__all__ = ["freeze_objects", "keep_keras_state", "preload_models"]

CLICK = Waveform((np.arange(4 * SAMPLE_RATE) == 0).astype(np.float32), SAMPLE_RATE)  # 4 s


def keep_keras_state() -> None:
    """Stop Streamlit from clearing Keras's global state after every script run.

    It calls ``keras.backend.clear_session`` for the whole process, which breaks
    a model that another thread is loading or tracing at that moment, and drops
    TensorFlow's compiled kernels. Nothing here needs the clearing: models are
    loaded once, in bounded number.
    """
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.backend.clear_session = _keep_session


def _keep_session(free_memory: bool = True) -> None:
    """Stand in for ``keras.backend.clear_session`` and clear nothing."""


@st.cache_resource(show_spinner=False)
def preload_models(types: Sequence[str]) -> threading.Thread:
    """Load and compile every model of some types in a thread, once a server.

    Each model is loaded while the queue of visitors is empty.
    """
    work = (tuple(types), server_queue())
    thread = threading.Thread(target=_load_all, args=work, daemon=True, name="preload")
    thread.start()
    return thread


def _load_all(types: tuple[str, ...], queue: WorkQueue) -> None:
    available = store.available_models()
    for type in types:  # librosa imports its parts at their first use
        extract(CLICK, type)
    for type, families in available.items():
        for family in families if type in types else ():
            queue.wait_until_idle()
            try:
                gradients, _ = load_gradients(type, family)
            except TimbreLensError:
                continue  # the page shows the error when this model is chosen
            silence = tuple(np.zeros((1, *shape), np.float32) for shape in gradients.input_shapes)
            gradients.outputs(silence)
            gradients.input_gradients(silence, family)
            for layer in gradients.convolution_layers[type][-1:]:  # a network may have none
                gradients.layer_gradients(silence, family, layer)
    freeze_objects()


def freeze_objects() -> None:
    """Exclude all present objects, models above all, from garbage collection."""
    gc.collect()
    gc.freeze()
