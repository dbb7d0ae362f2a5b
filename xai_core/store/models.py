"""Sets of models: the files, their cards, and what was found of a set as a whole.

Conventions
-----------
A model lives in a folder below ``models/<set>/`` as ``model.keras`` beside
``card.json``, and is loaded only if its SHA-256 is the one on the card. The
path of the folder below the set is the name of the model. A binary model of one
spectrogram type and one family lies in ``<type>/<family>``; any other name, as
``fused/two``, is that of a model whose card has its inputs and classes.
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
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from xai_core.errors import InputError, ModelError
from xai_core.places import models_folder
from xai_core.scores import type_weights
from xai_core.store.files import readable_json, write_atomically
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, check_family, check_type

__all__ = [
    "Card",
    "archived",
    "available_models",
    "find_faults",
    "load_model",
    "model_file",
    "model_sets",
    "named_models",
    "read_audit",
    "read_card",
    "read_method_tests",
    "read_summary",
    "read_type_weights",
    "read_verdict",
    "save_model",
    "set_folder",
    "ten_way_name",
    "write_method_tests",
    "write_summary",
    "write_verdict",
]

SET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MODEL_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,63}(/[A-Za-z0-9][\w-]{0,63}){0,3}", re.ASCII)
MODEL_FILE = "model.keras"
CARD_FILE = "card.json"
SUMMARY_FILE = "summary.json"
VERDICT_FILE = "verdict.json"
AUDIT_FILE = "audit.json"
METHODS_FILE = "methods.json"
TABLES = ("architecture", "features", "training", "data", "scores", "versions")  # of a card
PACKAGES = ("numpy", "scipy", "librosa", "keras", "scikit-learn")  # whose versions a card names


@dataclass(frozen=True)
class Card:
    """What a model is, what it was trained on, and how well it does.

    Only the digest is needed, and inputs and classes of a model that is not
    binary; what a card does not say is empty here.

    Parameters
    ----------
    type, family : str
        What a binary model was made for; "" for any other model.
    sha256 : str
        Digest of ``model.keras``.
    inputs : tuple of str
        Spectrogram types that the model takes, in the order of its inputs; of
        a binary model ``(type,)``.
    classes : tuple of str
        What its outputs stand for; of a binary model ``(family,)``.
    name : str
        Where the model lies below its set; not written on the card.
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
    inputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    name: str = ""
    architecture: dict[str, Any] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.type:
            object.__setattr__(self, "inputs", self.inputs or (self.type,))
            object.__setattr__(self, "classes", self.classes or (self.family,))
            object.__setattr__(self, "name", self.name or f"{self.type}/{self.family}")

    @property
    def is_weak(self) -> bool:
        """Whether the model is not shown to be better than chance on held-out instruments.

        False for a card that does not say, as one of another program or of a
        model that is not scored yet.
        """
        return self.scores.get("better_than_chance") is False

    def as_dict(self) -> dict[str, Any]:
        """Return what ``card.json`` says, JSON-serialisable."""
        return {key: value for key, value in asdict(self).items() if key != "name"}

    @property
    def described(self) -> str:
        """What a sentence calls the model: "the log_mel model of flute"."""
        return _described(self.name)


def model_sets() -> tuple[str, ...]:
    """Return the names of the sets that have a model, in the order of the alphabet."""
    try:
        names = sorted(path.name for path in models_folder().iterdir() if path.is_dir())
    except OSError:
        return ()
    return tuple(
        name
        for name in names
        if SET_NAME.fullmatch(name) and any((models_folder() / name).rglob(CARD_FILE))
    )


def named_models(models: str = "starter") -> tuple[str, ...]:
    """Return the names of the models of a set that are not a binary <type>/<family>, sorted."""
    folder = set_folder(models)
    names = (path.parent.relative_to(folder).as_posix() for path in folder.rglob(CARD_FILE))
    return tuple(sorted(name for name in names if MODEL_NAME.fullmatch(name) and not _binary(name)))


def available_models(models: str = "starter") -> dict[str, tuple[str, ...]]:
    """Return ``{type: families}`` for which a set has a binary model, in the fixed orders.

    Raises
    ------
    ModelError
        If the set has none.
    """
    found = {
        type: tuple(
            family
            for family in FAMILIES
            if (_model_folder(models, f"{type}/{family}") / CARD_FILE).is_file()
        )
        for type in SPECTROGRAM_TYPES
    }
    found = {type: families for type, families in found.items() if families}
    if not found and (others := named_models(models)):
        raise ModelError(
            f"expected binary models of one type and one family in the set {models!r}, found only "
            f"{', '.join(others)}: name one to explain it, or choose another set"
        )
    if not found:
        raise ModelError(
            f"expected models in {models_folder() / models}, found none: "
            "is TIMBRELENS_MODELS right?"
        )
    return found


def read_card(type: str = "", family: str = "", *, name: str = "", models: str = "starter") -> Card:
    """Return the card of a model.

    Parameters
    ----------
    type, family : str
        Which binary model.
    name : str
        Instead of them, where the model lies below its set.
    models : str
        Name of the set.

    Raises
    ------
    ModelError
        If there is no such model, or its card cannot be read.
    """
    name = _name_of(type, family, name)
    path = _model_folder(models, name) / CARD_FILE
    try:
        card = _card(name, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ModelError(
            f"the set {models!r} has no {_described(name).removeprefix('the ')}: train one, or "
            "choose another"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"the card of {_described(name)} cannot be read: was it edited or cut short?"
        ) from error
    is_for = f"{card.type}/{card.family}"
    if _binary(name) and (is_for, card.inputs, card.classes) != (
        name,
        (card.type,),
        (card.family,),
    ):
        raise ModelError(
            f"the card of {_described(name)} is that of {is_for.replace('/', ' ')}: "
            "were folders renamed?"
        )
    if not card.inputs or not card.classes:
        raise ModelError(
            f"the card of {_described(name)} does not say its inputs and classes: add both, the "
            "spectrogram types and names in the order of the network"
        )
    for one in card.inputs:
        check_type(one)
    return card


def _card(name: str, content: object) -> Card:
    """Return a card as it was read; a missing entry is empty, one of another kind raises."""
    if not isinstance(content, dict):
        raise TypeError("a card is a table")
    type, _, family = name.partition("/") if _binary(name) else ("", "", "")
    texts = (content.get("type", type), content.get("family", family), content["sha256"])
    lists = (content.get("inputs", []), content.get("classes", []))
    tables: dict[str, Any] = {key: content.get(key, {}) for key in TABLES}
    if not (
        all(isinstance(one, str) for one in texts)
        and all(isinstance(names, list) for names in lists)
        and all(isinstance(one, str) for names in lists for one in names)
        and all(isinstance(table, dict) for table in tables.values())
    ):
        raise TypeError("an entry is of another kind")
    for_type, for_family, sha256 = texts
    inputs, classes = lists
    return Card(
        type=for_type if _binary(name) else "",
        family=for_family if _binary(name) else "",
        sha256=sha256,
        inputs=tuple(inputs),
        classes=tuple(classes),
        name=name,
        **tables,
    )


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
                path = _model_folder(models, card.name) / MODEL_FILE
                _check_digest(_read(path, card, _known_digest), card)
            except ModelError as error:
                faults[type, family] = str(error)
    return faults


def model_file(
    type: str = "", family: str = "", *, name: str = "", models: str = "starter"
) -> tuple[Path, Card]:
    """Return where a model's file is, which is the one on its card.

    Raises
    ------
    ModelError
        If the file is missing, or is not the one on the card.
    """
    card = read_card(type, family, name=name, models=models)
    path = _model_folder(models, card.name) / MODEL_FILE
    _check_digest(_read(path, card, _digest), card)
    return path, card


def load_model(
    type: str = "", family: str = "", *, name: str = "", models: str = "starter"
) -> tuple[keras.Model, Card]:
    """Load a model through its card.

    Parameters
    ----------
    type, family, name, models : str
        As for :func:`read_card`.

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
    path, card = model_file(type, family, name=name, models=models)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{card.described} cannot be loaded: was it made by another version of "
            "Keras, or does it hold code?"
        ) from error
    return model, card


def save_model(
    model: keras.Model,
    *,
    models: str,
    type: str = "",
    family: str = "",
    name: str = "",
    about: Mapping[str, Any],
) -> Card:
    """Write a model and its card, the card last, so that a torn write is not a model.

    Parameters
    ----------
    model : keras.Model
        Any Keras model without Lambda layers.
    models : str
        Name of the set: small letters, digits, ``-`` and ``_``.
    type, family : str
        What a binary model was made for.
    name : str
        Instead of them, where to put a model of other inputs and classes below
        the set; `about` then has ``inputs`` and ``classes``.
    about : mapping
        The fields of :class:`Card` other than type, family, name, sha256 and versions.
    """
    name = _name_of(type, family, name)
    if not _binary(name) and not (about.get("inputs") and about.get("classes")):
        raise InputError(f"expected inputs and classes of {_described(name)}, got none: say both")
    folder = _model_folder(models, name)
    folder.mkdir(parents=True, exist_ok=True)
    content = archived(model)
    type, family = name.split("/") if _binary(name) else ("", "")
    card = Card(
        type=type,
        family=family,
        name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        versions=_versions(),
        **about,
    )
    write_atomically(folder / MODEL_FILE, content)
    write_atomically(folder / CARD_FILE, readable_json(card.as_dict()))
    return card


def read_summary(type: str, *, models: str = "starter") -> dict[str, Any] | None:
    """Return the scores of a type's ten models together, or None if not written yet."""
    return _table(set_folder(models) / check_type(type) / SUMMARY_FILE)


def read_type_weights(models: str = "starter") -> dict[str, float]:
    """Return what each spectrogram type of a set is worth, by its ten-way accuracy.

    Returns
    -------
    dict
        ``{type: weight}`` as :func:`xai_core.scores.type_weights` gives it; without
        the types that have no scores yet, so that it may be empty.
    """
    accuracy = {}
    for type in SPECTROGRAM_TYPES:
        summary = read_summary(type, models=models) or {}
        value = summary.get("ten_way", {}).get("accuracy")
        if isinstance(value, int | float):
            accuracy[type] = float(value)
    return type_weights(accuracy, n_classes=len(FAMILIES))


def ten_way_name(type: str) -> str:
    """Return the name of the ten-way network of a spectrogram type, ``mfcc/ten_way``."""
    return f"{check_type(type)}/ten_way"


def read_verdict(models: str = "starter") -> dict[str, Any] | None:
    """Return what each type is worth in the verdict of the ten-way networks, or None.

    Its ``weights`` and ``sha256`` are ``{type: weight}`` and ``{type: digest}`` of the
    networks they were learnt for.
    """
    return _table(set_folder(models) / VERDICT_FILE)


def write_verdict(verdict: Mapping[str, Any], *, models: str) -> None:
    """Write what each type is worth in the verdict of the ten-way networks."""
    write_atomically(set_folder(models) / VERDICT_FILE, readable_json(verdict))


def write_summary(summary: Mapping[str, Any], *, models: str, type: str) -> None:
    """Write the scores of a type's ten models together."""
    path = set_folder(models) / check_type(type) / SUMMARY_FILE
    write_atomically(path, readable_json(summary))


def read_audit(models: str = "starter") -> dict[str, Any] | None:
    """Return what ``dataset audit --json`` found in the notes of a set, or None if not kept there.

    The file is ``audit.json`` in the folder of the set.
    """
    return _table(set_folder(models) / AUDIT_FILE)


def read_method_tests(models: str = "starter") -> dict[str, Any] | None:
    """Return how the methods stood up on a set, or None if not kept there.

    The file is ``methods.json`` in the folder of the set.
    """
    return _table(set_folder(models) / METHODS_FILE)


def write_method_tests(tests: Mapping[str, Any], *, models: str) -> None:
    """Write how the methods stood up on a set, by spectrogram type."""
    write_atomically(set_folder(models) / METHODS_FILE, readable_json(tests))


def _table(path: Path) -> dict[str, Any] | None:
    """Return what a JSON file beside the models holds, None if it cannot be read."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _read(path: Path, card: Card, digest: Callable[[Path], str]) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise ModelError(f"{card.described} cannot be read: {error.strerror}") from error


def _check_digest(digest: str, card: Card) -> None:
    if digest != card.sha256:
        raise ModelError(
            f"{card.described} is not the file on its card (SHA-256 differs): was it altered or "
            "cut short?"
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
                if name == "metadata.json":  # Keras writes the time at which it was saved
                    part = json.dumps({"keras_version": keras.__version__}).encode()
                target.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "backend": str(keras.backend.backend()),
        **{package: version(package) for package in PACKAGES},
    }


def _name_of(type: str, family: str, name: str) -> str:
    """Return the name of a model that is given by it, or by type and family."""
    if not name:
        return f"{check_type(type)}/{check_family(family)}"
    if type or family:
        raise InputError(f"expected type and family or a name, got both: leave {name!r} out")
    if not MODEL_NAME.fullmatch(name):
        raise InputError(
            f"expected the name of a model (letters, digits, - and _ between slashes, as "
            f"fused/two), got {name!r}"
        )
    return name


def _binary(name: str) -> bool:
    """Whether a model's name is that of a binary model of one type and one family."""
    type, _, family = name.partition("/")
    return type in SPECTROGRAM_TYPES and family in FAMILIES


def _described(name: str) -> str:
    type, _, family = name.partition("/")
    return f"the {type} model of {family}" if _binary(name) else f"the model {name}"


def _model_folder(models: str, name: str) -> Path:
    return set_folder(models) / name


def set_folder(models: str) -> Path:
    """Return the folder of a set of models, which need not be there.

    Raises
    ------
    InputError
        If a set cannot have this name.
    """
    if not SET_NAME.fullmatch(models):
        raise InputError(
            f"expected the name of a model set (small letters, digits, - and _), got {models!r}"
        )
    return models_folder() / models
