"""The weights of a model, read into no network where one of its architecture is known.

Conventions
-----------
To build a network and to let Keras visit all its parts takes ten times as long as to read
its weights, and the ten models of a spectrogram type are one architecture. Two models are of
one if the configurations in their files are the same text. Where in a file of that
architecture each weight stands is not assumed: it is looked up in a copy of the network,
whose weights are their own numbers, that Keras writes.
"""

from __future__ import annotations

import io
import tempfile
import threading
import weakref
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from xai_core.store.models import Card, load_model, model_file

__all__ = ["Weights", "load_network"]

Weights = tuple[npt.NDArray[Any], ...]
CONFIG, WEIGHTS = "config.json", "model.weights.h5"  # members of a .keras file

_networks: weakref.WeakValueDictionary[bytes, keras.Model] = weakref.WeakValueDictionary()
_places: weakref.WeakKeyDictionary[keras.Model, tuple[str, ...]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def load_network(
    type: str = "", family: str = "", *, name: str = "", models: str = "starter"
) -> tuple[keras.Model, Weights, Card]:
    """Load a model as a network of its architecture, and its weights.

    Parameters
    ----------
    type, family, name, models : str
        As for :func:`xai_core.store.read_card`.

    Returns
    -------
    network : keras.Model
        Of the same architecture; may be shared with other models and have the weights of
        one of them. It is to be read, not changed.
    weights : tuple of ndarray
        In the order of ``network.weights``.
    card : Card

    Raises
    ------
    ModelError
        As for :func:`xai_core.store.load_model`.
    """
    path, card = model_file(type, family, name=name, models=models)
    config = _member(path, CONFIG)
    with _lock:
        network = _networks.get(config)
        weights = None if network is None else _read(path, network)
        if network is None or weights is None:
            network, card = load_model(name=card.name, models=models)
            weights = tuple(network.get_weights())
            if config not in _networks:
                _networks[config], _places[network] = network, _found_places(network)
    return network, weights, card


def _read(path: Path, network: keras.Model) -> Weights | None:
    """Return the weights in a file, None if it is not as files of the architecture are."""
    try:
        values = _datasets(_member(path, WEIGHTS))
        found = tuple(values[place] for place in _places[network])
    except (OSError, KeyError):
        return None
    expected = [(tuple(one.shape), one.dtype) for one in network.weights]
    return found if [(one.shape, one.dtype.name) for one in found] == expected else None


def _found_places(network: keras.Model) -> tuple[str, ...]:
    """Return where a file of a network's weights has each of them."""
    numbered = keras.models.clone_model(network)
    shapes = [one.shape for one in numbered.weights]
    numbered.set_weights([np.full(shape, number) for number, shape in enumerate(shapes)])
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "numbered.weights.h5"
        numbered.save_weights(file)
        numbers = {place: x.flat[0] for place, x in _datasets(file.read_bytes()).items() if x.size}
    by_number = {int(number): place for place, number in numbers.items()}
    return tuple(by_number.get(number, "") for number in range(len(shapes)))


def _datasets(content: bytes) -> dict[str, npt.NDArray[Any]]:
    found: dict[str, npt.NDArray[Any]] = {}

    def keep(place: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[place] = item[()]

    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(keep)
    return found


def _member(path: Path, name: str) -> bytes:
    """Return a part of a .keras file, b"" if it has none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile):
        return b""
