"""Models in memory: loaded once, compiled once, shared by all threads."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from xai_core import store
from xai_core.gradients import ModelGradients
from xai_core.values import Waveform, check_family, check_type

__all__ = ["Audio", "load_gradients"]

Audio = str | os.PathLike[str] | bytes | Waveform

MODELS_KEPT = 60  # in memory; a whole zoo

_loaded: OrderedDict[tuple[str, str, str, str], tuple[ModelGradients, store.Card]] = OrderedDict()
_loading = threading.Lock()


def load_gradients(
    type: str, family: str, *, models: str = "starter"
) -> tuple[ModelGradients, store.Card]:
    """Return the compiled functions of a model and its card, loaded once.

    At most 60 models stay in memory, the least recently used going first. A model
    that was trained anew meanwhile has another card, and is loaded again.
    """
    digest = store.read_card(check_type(type), check_family(family), models=models).sha256
    key = (models, type, family, digest)
    with _loading:
        if key not in _loaded:
            model, card = store.load_model(type, family, models=models)
            _loaded[key] = (ModelGradients(model), card)
            if len(_loaded) > MODELS_KEPT:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]
