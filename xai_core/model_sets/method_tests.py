"""How the methods stood up when their maps of a set's models were tested.

Conventions
-----------
Nothing is tested here: the numbers are a long measurement, kept with the set in
``methods.json``. They hold for the models that were tested, by the SHA-256 on
their cards, and are of no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xai_core import store
from xai_core.errors import ModelError

__all__ = [
    "TESTS",
    "MethodScore",
    "MethodTest",
    "MethodTests",
    "models_digest",
    "read_method_tests",
]

TESTS = {  # name, and whether more is better
    "over_energy": True,
    "over_random": True,
    "fidelity": True,
    "absolute": False,
    "signed": False,
    "overlap": False,
    "sensitivity": False,
    "seconds": False,
}


@dataclass(frozen=True)
class MethodScore:
    """The mean of one test over instruments.

    Parameters
    ----------
    mean, low, high : float
        With a 95 % interval over instruments.
    than_usual : {'better', 'worse', ''}
        Against Integrated Gradients from silence, note by note; "" where the
        interval of the difference includes 0.
    """

    mean: float
    low: float
    high: float
    than_usual: str = ""


@dataclass(frozen=True)
class MethodTest:
    """What the tests say of one method.

    Parameters
    ----------
    method : str
        Key of the catalogue.
    baseline : str
        "" for the one that the method has by default.
    scores : mapping
        ``{test: MethodScore}``, names as in :data:`TESTS`; a test that could not be
        made is missing.
    """

    method: str
    baseline: str
    scores: Mapping[str, MethodScore]


@dataclass(frozen=True)
class MethodTests:
    """The tests of all methods over the models of one type.

    Parameters
    ----------
    type : str
    n_models, n_maps, n_instruments : int
        How many were tested; maps are those of one method.
    rows : tuple of MethodTest
    """

    type: str
    n_models: int
    n_maps: int
    n_instruments: int
    rows: tuple[MethodTest, ...]

    def of(self, method: str) -> MethodTest | None:
        """Return the tests of a method with its usual baseline, if it was tested."""
        found = (row for row in self.rows if row.method == method and not row.baseline)
        return next(found, None)


def models_digest(type: str, *, models: str = "starter") -> str:
    """Return the SHA-256 of all models of a type, by those on their cards.

    Raises
    ------
    ModelError
        If the set has no such type, or a card cannot be read.
    """
    families = store.available_models(models).get(type, ())
    if not families:
        raise ModelError(f"the set {models!r} has no models of {type}: choose another one")
    cards = (store.read_card(type, family, models=models) for family in families)
    return hashlib.sha256(" ".join(card.sha256 for card in cards).encode()).hexdigest()


def read_method_tests(type: str, *, models: str = "starter") -> MethodTests | None:
    """Return the tests of a type's models; None if there are none, or they are of others.

    Parameters
    ----------
    type : str
        Spectrogram type.
    models : str
        Name of the set.
    """
    kept: Mapping[str, Any] = store.read_method_tests(models) or {}
    entry = kept.get(type)
    try:
        if entry is None or entry["models"] != models_digest(type, models=models):
            return None
    except ModelError:
        return None
    rows = tuple(
        MethodTest(
            row["method"],
            row["baseline"],
            {name: MethodScore(*row["scores"][name]) for name in TESTS if name in row["scores"]},
        )
        for row in entry["methods"]
    )
    return MethodTests(type, entry["n_models"], entry["n_maps"], entry["n_instruments"], rows)
