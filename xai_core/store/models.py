"""Sets of models: the files, their cards, and what was found of a set as a whole.

Conventions
-----------
A model lives in ``models/<set>/<type>/<family>/`` as ``model.keras`` beside
``card.json``, and is loaded only if its SHA-256 is the one on the card.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from xai_core.errors import InputError, ModelError
from xai_core.places import models_folder
from xai_core.store.files import readable_json, write_atomically
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, check_family, check_type

__all__ = [
    "Card",
    "archived",
    "available_models",
    "find_faults",
    "load_model",
    "model_sets",
    "read_audit",
    "read_card",
    "read_summary",
    "save_model",
    "write_summary",
]

SET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MODEL_FILE = "model.keras"
CARD_FILE = "card.json"
SUMMARY_FILE = "summary.json"
AUDIT_FILE = "audit.json"
PACKAGES = ("numpy", "scipy", "librosa", "keras", "scikit-learn")  # whose versions a card names


@dataclass(frozen=True)
class Card:
    """What a model is, what it was trained on, and how well it does.

    Parameters
    ----------
    type, family : str
        What the model was made for.
    sha256 : str
        Digest of ``model.keras``.
    architecture : dict
        Network, head, input shape, number of weights.
    features : dict
        Sample rate, n_fft, hop_length, scale.
    training : dict
        Preset with all its values, seed, calibration.
    data : dict
        Sources, counts, split, digest of the note names.
    scores : dict
        On instruments never trained on.
    versions : dict
        Of Python and the packages that made it.
    """

    type: str
    family: str
    sha256: str
    architecture: dict[str, Any]
    features: dict[str, Any]
    training: dict[str, Any]
    data: dict[str, Any]
    scores: dict[str, Any]
    versions: dict[str, str]

    @property
    def is_weak(self) -> bool:
        """Whether the model is not shown to be better than chance on held-out instruments.

        False for a card that does not say, as one of another program or of a
        model that is not scored yet.
        """
        return self.scores.get("better_than_chance") is False


def model_sets() -> tuple[str, ...]:
    """Return the names of the sets that have a model, in the order of the alphabet."""
    try:
        names = sorted(path.name for path in models_folder().iterdir() if path.is_dir())
    except OSError:
        return ()
    return tuple(
        name
        for name in names
        if SET_NAME.fullmatch(name) and any((models_folder() / name).glob(f"*/*/{CARD_FILE}"))
    )


def available_models(models: str = "starter") -> dict[str, tuple[str, ...]]:
    """Return ``{type: families}`` for which a set has a card, in the fixed orders.

    Raises
    ------
    ModelError
        If the set has no models at all.
    """
    found = {
        type: tuple(
            family
            for family in FAMILIES
            if (_model_folder(models, type, family) / CARD_FILE).is_file()
        )
        for type in SPECTROGRAM_TYPES
    }
    found = {type: families for type, families in found.items() if families}
    if not found:
        raise ModelError(
            f"expected models in {models_folder() / models}, found none: "
            "is TIMBRELENS_MODELS right?"
        )
    return found


def read_card(type: str, family: str, *, models: str = "starter") -> Card:
    """Return the card of a model.

    Raises
    ------
    ModelError
        If there is no such model, or its card cannot be read.
    """
    path = _model_folder(models, type, family) / CARD_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        card = Card(**{field.name: content[field.name] for field in fields(Card)})
    except FileNotFoundError:
        raise ModelError(
            f"the set {models!r} has no {type} model of {family}: train one, or choose another"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"the card of the {type} model of {family} cannot be read: was it edited or cut short?"
        ) from error
    if (card.type, card.family) != (type, family):
        raise ModelError(
            f"the card of the {type} model of {family} is that of {card.type} {card.family}: "
            "were folders renamed?"
        )
    return card


def find_faults(models: str = "starter") -> dict[tuple[str, str], str]:
    """Return ``{(type, family): reason}`` for the models of a set that would be refused.

    Those whose card cannot be read, and those whose file is missing or not the
    one on the card. A file is read again only when it has changed.
    """
    faults = {}
    for type, families in available_models(models).items():
        for family in families:
            try:
                card = read_card(type, family, models=models)
                path = _model_folder(models, type, family) / MODEL_FILE
                _check_digest(_read(path, card, _known_digest), card)
            except ModelError as error:
                faults[type, family] = str(error)
    return faults


def load_model(type: str, family: str, *, models: str = "starter") -> tuple[keras.Model, Card]:
    """Load a model through its card.

    Parameters
    ----------
    type, family : str
        Which binary CNN.
    models : str
        Name of the model set.

    Returns
    -------
    model : keras.Model
        Not compiled.
    card : Card

    Raises
    ------
    ModelError
        If the file is missing, or is not the one on the card.
    """
    card = read_card(type, family, models=models)
    path = _model_folder(models, type, family) / MODEL_FILE
    _check_digest(_read(path, card, _digest), card)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"the {type} model of {family} cannot be loaded: was it made by another version of "
            "Keras, or does it hold code?"
        ) from error
    return model, card


def save_model(
    model: keras.Model, *, models: str, type: str, family: str, about: Mapping[str, Any]
) -> Card:
    """Write a model and its card, the card last, so that a torn write is not a model.

    Parameters
    ----------
    model : keras.Model
        Any Keras model without Lambda layers.
    models : str
        Name of the set: small letters, digits, ``-`` and ``_``.
    type, family : str
        What the model was made for.
    about : mapping
        The fields of :class:`Card` other than type, family, sha256 and versions.

    Returns
    -------
    Card
    """
    folder = _model_folder(models, type, family)
    folder.mkdir(parents=True, exist_ok=True)
    content = archived(model)
    card = Card(
        type=type,
        family=family,
        sha256=hashlib.sha256(content).hexdigest(),
        versions=_versions(),
        **about,
    )
    write_atomically(folder / MODEL_FILE, content)
    text = readable_json(asdict(card))
    write_atomically(folder / CARD_FILE, text)
    return card


def read_summary(type: str, *, models: str = "starter") -> dict[str, Any] | None:
    """Return the scores of a type's ten models together, or None if not written yet."""
    path = _model_folder(models, type, FAMILIES[0]).parent / SUMMARY_FILE
    try:
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return summary


def write_summary(summary: Mapping[str, Any], *, models: str, type: str) -> None:
    """Write the scores of a type's ten models together."""
    path = _model_folder(models, type, FAMILIES[0]).parent / SUMMARY_FILE
    write_atomically(path, readable_json(summary))


def read_audit(models: str = "starter") -> dict[str, Any] | None:
    """Return what ``dataset audit --json`` found in the notes of a set, or None if not kept there.

    The file is ``audit.json`` in the folder of the set.
    """
    path = _model_folder(models, SPECTROGRAM_TYPES[0], FAMILIES[0]).parents[1] / AUDIT_FILE
    try:
        audit: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return audit


def _read(path: Path, card: Card, digest: Callable[[Path], str]) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise ModelError(
            f"the {card.type} model of {card.family} cannot be read: {error.strerror}"
        ) from error


def _check_digest(digest: str, card: Card) -> None:
    if digest != card.sha256:
        raise ModelError(
            f"the {card.type} model of {card.family} is not the file on its card (SHA-256 "
            "differs): was it altered or cut short?"
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _known_digest(path: Path) -> str:
    """Return the SHA-256 of a file, read again only when it has changed."""
    about = path.stat()
    return _digest_of(path, about.st_size, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=1024)
def _digest_of(path: Path, size: int, modified: int, number: int) -> str:
    return _digest(path)


def archived(model: keras.Model) -> bytes:
    """Return a model as a ``.keras`` archive, compressed and without clock times."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / MODEL_FILE
        model.save(plain)
        with (
            zipfile.ZipFile(plain) as source,
            zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
        ):
            for name in sorted(source.namelist()):
                part = source.read(name)
                if name == "metadata.json":  # Keras writes when it was saved; nobody reads it
                    part = json.dumps({"keras_version": keras.__version__}).encode()
                target.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "backend": str(keras.backend.backend()),
        **{package: version(package) for package in PACKAGES},
    }


def _model_folder(models: str, type: str, family: str) -> Path:
    if not SET_NAME.fullmatch(models):
        raise InputError(
            f"expected the name of a model set (small letters, digits, - and _), got {models!r}"
        )
    return models_folder() / models / check_type(type) / check_family(family)
