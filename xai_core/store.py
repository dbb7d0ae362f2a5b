"""The only reader and writer of ``models/`` and ``cache/``.

Conventions
-----------
A model lives in ``models/<set>/<type>/<family>/`` as ``model.keras`` beside
``card.json``, and is loaded only if its SHA-256 is the one on the card. Cache
files are named by the SHA-256 of what decides them and hold the SHA-256 of
their content before it; they are written beside and renamed into place, read
without pickle, and dropped when damaged. Chunks of spectrograms are too big to
be read as a whole: they are ``.npy`` arrays with the SHA-256 behind them, and
are mapped into memory. Their size and header are checked whenever one is
opened, the SHA-256 when a process first opens it.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import os
import platform
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from xai_core.errors import InputError, ModelError, TimbreLensError
from xai_core.places import ROOT, cache_folder, models_folder
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, check_family, check_type

__all__ = [
    "Card",
    "available_models",
    "cache_key",
    "comparison_key",
    "explaining_code",
    "has_recording",
    "is_digest",
    "keep_recording",
    "load_model",
    "map_key",
    "read_audit",
    "read_cached",
    "read_cached_model",
    "read_card",
    "read_chunk",
    "read_recording",
    "read_summary",
    "remove_cached",
    "remove_recording",
    "save_model",
    "spectrogram_key",
    "training_code",
    "training_key",
    "write_cached",
    "write_cached_model",
    "write_chunk",
    "write_summary",
]

DECIDING = ("audio/*.py", "features.py", "gradients.py", "attribution/*.py", "pipeline/*.py")
DECIDING_MAPS = (
    "audio/decoding.py",
    "audio/notes.py",
    "features.py",
    "gradients.py",
    "attribution/*.py",
    "pipeline/explaining.py",
    "pipeline/note_maps.py",
    "pipeline/settings.py",
)
DECIDING_COMPARISONS = (
    *DECIDING_MAPS,
    "metrics/checks.py",
    "metrics/difference.py",
    "metrics/divergence.py",
    "metrics/grid_flow.py",
    "metrics/kernels.py",
    "metrics/pairwise.py",
    "metrics/prepared.py",
    "metrics/transport.py",
    "pipeline/blocks.py",
)
DECIDING_SPECTROGRAMS = (
    "datasets/notes.py",
    "features.py",
    "training/augment.py",
    "training/effects.py",
    "training/variants.py",
)
DECIDING_TRAINING = (
    *DECIDING_SPECTROGRAMS,
    "network.py",
    "training/batches.py",
    "training/corpus.py",
    "training/fit.py",
    "training/stage.py",
)
SET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MODEL_FILE = "model.keras"
CARD_FILE = "card.json"
PACKAGES = ("numpy", "scipy", "librosa", "keras", "scikit-learn")  # whose versions a card names
SPECTROGRAM_PACKAGES = ("numpy", "scipy", "librosa", "soundfile", "soxr")
KEPT_RECORDINGS = 64  # of visitors who asked for a link; the oldest goes first
RECORDING = ".recording"  # ending of their files
SUMMARY_FILE = "summary.json"
AUDIT_FILE = "audit.json"
DIGEST_BYTES = 32  # of SHA-256
BLOCK = 2**20  # bytes read at once

_verified: set[tuple[str, int, int, int]] = set()  # chunks whose SHA-256 this process has checked


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
            f"the card of the {type} model of {family} cannot be read ({error}): was it edited?"
        ) from error
    if (card.type, card.family) != (type, family):
        raise ModelError(
            f"the card of the {type} model of {family} is that of {card.type} {card.family}: "
            "were folders renamed?"
        )
    return card


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
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the {type} model of {family} cannot be read: {error.strerror}"
        ) from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(
            f"the {type} model of {family} is not the file on its card (SHA-256 differs): "
            "was it altered or cut short?"
        )
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
    content = _archived(model)
    card = Card(
        type=type,
        family=family,
        sha256=hashlib.sha256(content).hexdigest(),
        versions=_versions(),
        **about,
    )
    _write_atomically(folder / MODEL_FILE, content)
    text = json.dumps(asdict(card), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    _write_atomically(folder / CARD_FILE, text.encode())
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
    _write_atomically(path, (json.dumps(summary, indent=1, allow_nan=False) + "\n").encode())


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


# ------------------------------------------------------------------------- cache


def cache_key(**parts: Any) -> str:
    """Return the name of a cached result: SHA-256 of everything that decides it.

    Parameters
    ----------
    **parts
        JSON-serialisable values; the code's version is added.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    text = json.dumps({**parts, "code": _code_version()}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def comparison_key(**parts: Any) -> str:
    """Return the name of distances between maps: SHA-256 of everything that decides them.

    Parameters
    ----------
    **parts
        JSON-serialisable values; the version of the code that explains and
        compares is added. A change of anything else leaves distances good.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return _key_with(DECIDING_COMPARISONS, parts)


def map_key(**parts: Any) -> str:
    """Return the name of a map that is kept to be compared, as :func:`comparison_key` does.

    The code that compares does not count.
    """
    return _key_with(DECIDING_MAPS, parts)


def read_cached(key: str) -> dict[str, npt.NDArray[Any]] | None:
    """Return the arrays stored under a key, or None if there are none to be trusted.

    A file that is torn, foreign or unreadable is removed where possible, so
    that it is computed again.
    """
    path = _cache_path(key)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, archive = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(archive).digest() != digest:
        _remove(path)
        return None
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return dict(arrays)


def write_cached(key: str, arrays: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Store arrays under a key.

    Returns
    -------
    bool
        False if the folder cannot be written: a cache that fails costs time,
        never a result.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # the stub has no room for arrays by name
    archive = buffer.getvalue()
    return _try_to_cache(_cache_path(key), hashlib.sha256(archive).digest() + archive)


def read_cached_model(key: str) -> keras.Model | None:
    """Return the Keras model stored under a key, or None: for work that is resumed.

    A damaged file is removed where possible.
    """
    path = _cache_path(key, ".keras")
    if not path.is_file():
        return None
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        _remove(path)
        return None


def write_cached_model(key: str, model: keras.Model) -> bool:
    """Store a Keras model under a key; False if the folder cannot be written."""
    return _try_to_cache(_cache_path(key, ".keras"), _archived(model))


def remove_cached(key: str) -> None:
    """Remove the arrays stored under a key, where there are any."""
    _remove(_cache_path(key))


def keep_recording(content: bytes) -> str:
    """Keep a recording of a visitor, under the SHA-256 of its bytes.

    At most 64 are kept; the oldest goes first.

    Parameters
    ----------
    content : bytes
        The file as it came.

    Returns
    -------
    str
        64 hexadecimal digits, for :func:`read_recording`.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    digest = hashlib.sha256(content).hexdigest()
    if not _try_to_cache(_cache_path(digest, RECORDING), content):
        raise InputError("this recording cannot be kept, so there is no link: is the disk full?")
    others = [path for path in cache_folder().glob(f"*{RECORDING}") if path.stem != digest]
    for path in sorted(others, key=_modified, reverse=True)[KEPT_RECORDINGS - 1 :]:
        _remove(path)
    return digest


def has_recording(digest: str) -> bool:
    """Whether a recording is kept under a SHA-256."""
    return is_digest(digest) and _cache_path(digest, RECORDING).is_file()


def read_recording(digest: str) -> bytes | None:
    """Return the recording kept under a SHA-256, or None if it is kept no longer.

    A file that has other content is removed where possible.

    Raises
    ------
    InputError
        If `digest` is not 64 hexadecimal digits.
    """
    if not is_digest(digest):
        raise InputError("expected a link with 64 digits after upload=: was it cut short?")
    path = _cache_path(digest, RECORDING)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        _remove(path)
        return None
    return content


def remove_recording(digest: str) -> None:
    """Remove the recording kept under a SHA-256, where there is one."""
    _remove(_cache_path(digest, RECORDING))


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 as this module writes it: 64 small hexadecimal digits."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def explaining_code() -> str:
    """Return a digest of the sources that decide a map."""
    return _code_version(DECIDING_MAPS)


def training_key(**parts: Any) -> str:
    """Return the name of what is learnt from: SHA-256 of everything that decides it.

    Parameters
    ----------
    **parts
        JSON-serialisable values, :func:`training_code` among them, so that all
        workers of a run agree on it.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    text = json.dumps(parts, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def training_code() -> str:
    """Return a digest of the sources that decide what is learnt; comments do not count."""
    text = "\n".join(_statements(path) for path in _sources(DECIDING_TRAINING))
    return hashlib.sha256(text.encode()).hexdigest()


def spectrogram_key(**parts: Any) -> str:
    """Return the name of a chunk of spectrograms: SHA-256 of everything that decides it.

    Parameters
    ----------
    **parts
        JSON-serialisable values; the version of the code that reads, changes
        and transforms notes is added, and those of the packages it uses. A
        change of anything else leaves chunks good.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    packages = {package: version(package) for package in SPECTROGRAM_PACKAGES}
    about = {"code": _code_version(DECIDING_SPECTROGRAMS), "packages": packages}
    text = json.dumps({**parts, **about}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_chunk(
    key: str, *, shape: tuple[int, ...], dtype: npt.DTypeLike
) -> npt.NDArray[Any] | None:
    """Return the array stored under a key, mapped into memory, or None.

    Parameters
    ----------
    key : str
        From :func:`spectrogram_key`.
    shape, dtype
        Of the array that is expected; any other is not what was asked for.

    Returns
    -------
    ndarray or None
        Read-only; its pages are read from the file as they are touched. A file
        that is torn, foreign or unreadable is removed where possible.
    """
    path = _cache_path(key, ".chunk")
    try:
        if not _is_whole(path):
            _remove(path)
            return None
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        return None
    except ValueError:
        _remove(path)
        return None
    if (
        not isinstance(array, np.memmap)
        or (array.shape, array.dtype) != (shape, np.dtype(dtype))
        or array.offset + array.nbytes + DIGEST_BYTES != path.stat().st_size
    ):
        _remove(path)
        return None
    return array


def write_chunk(key: str, array: npt.NDArray[Any]) -> bool:
    """Store an array under a key for :func:`read_chunk`; False if it cannot be written."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    buffer.write(hashlib.sha256(buffer.getbuffer()).digest())
    return _try_to_cache(_cache_path(key, ".chunk"), buffer.getbuffer())


# ----------------------------------------------------------------------- private


def _is_whole(path: Path) -> bool:
    """Whether the end of a chunk is the SHA-256 of what is before it, once per process and file."""
    about = path.stat()
    identity = (str(path), about.st_size, about.st_mtime_ns, about.st_ino)
    if identity in _verified:
        return True
    left = about.st_size - DIGEST_BYTES
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
        if file.read() != digest.digest():
            return False
    _verified.add(identity)
    return True


def _key_with(patterns: tuple[str, ...], parts: Mapping[str, Any]) -> str:
    about = {**parts, "code": _code_version(patterns)}
    return hashlib.sha256(json.dumps(about, sort_keys=True, allow_nan=False).encode()).hexdigest()


@cache
def _code_version(patterns: tuple[str, ...] = DECIDING) -> str:
    """Digest of the sources that decide a cached result."""
    digest = hashlib.sha256()
    for path in _sources(patterns):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(patterns: tuple[str, ...]) -> list[Path]:
    folder = ROOT / "xai_core"
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def _statements(path: Path) -> str:
    """Return a module without comments, docstrings and layout."""
    tree = ast.parse(path.read_bytes())
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.unparse(tree)


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


def _cache_path(key: str, suffix: str = ".cache") -> Path:
    if not is_digest(key):
        raise TimbreLensError(f"expected a cache key of 64 hexadecimal digits, got {key!r}")
    return cache_folder() / f"{key}{suffix}"


def _try_to_cache(path: Path, content: bytes | memoryview) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_atomically(path, content)
    except OSError:
        return False
    return True


def _write_atomically(path: Path, content: bytes | memoryview) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        _remove(Path(name))
        raise


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # removed by another visitor meanwhile
        return 0.0


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # a read-only folder: it is only a cache
        path.unlink()


def _archived(model: keras.Model) -> bytes:
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
