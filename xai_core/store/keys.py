"""Names of what is cached: the SHA-256 of everything that decides it, our code included.

Conventions
-----------
A key is 64 hexadecimal digits. Each kind of result names the sources that decide
it and the packages that compute it, so that a change elsewhere leaves it good.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from xai_core.places import ROOT

__all__ = [
    "cache_key",
    "comparison_key",
    "explaining_code",
    "map_key",
    "package_version",
    "spectrogram_key",
    "training_code",
    "training_key",
]

DECIDING = (
    "values.py",
    "catalogue/*.py",
    "audio/*.py",
    "features.py",
    "networks/contract.py",
    "networks/gradients.py",
    "networks/relevance.py",
    "attribution/*.py",
    "explanations/*.py",
)
DECIDING_MAPS = (
    "values.py",
    "catalogue/compared.py",
    "catalogue/families.py",
    "catalogue/methods.py",
    "catalogue/types.py",
    "audio/channels.py",
    "audio/containers.py",
    "audio/decoding.py",
    "audio/notes.py",
    "features.py",
    "networks/contract.py",
    "networks/gradients.py",
    "networks/randomising.py",
    "networks/relevance.py",
    "attribution/*.py",
    "explanations/explain.py",
    "explanations/loaded_models.py",
    "explanations/null_maps.py",
    "explanations/settings.py",
    "study/pairs.py",
)
DECIDING_COMPARISONS = (
    *DECIDING_MAPS,
    "catalogue/metrics.py",
    "metrics/binwise.py",
    "metrics/pairwise.py",
    "metrics/registry.py",
    "metrics/transport.py",
)
DECIDING_SPECTROGRAMS = (
    "values.py",
    "catalogue/types.py",
    "datasets/notes.py",
    "features.py",
    "training/augment.py",
    "training/effects.py",
    "training/variants.py",
)
DECIDING_TRAINING = (
    *DECIDING_SPECTROGRAMS,
    "networks/cnn.py",
    "training/corpus.py",
    "training/fit.py",
    "training/stage.py",
)
SPECTROGRAM_PACKAGES = ("numpy", "scipy", "librosa", "soundfile", "soxr")
MAP_PACKAGES = (*SPECTROGRAM_PACKAGES, "av", "keras", "tensorflow")
COMPARISON_PACKAGES = (*MAP_PACKAGES, "numba", "POT")
OTHER_NAMES = {"tensorflow": ("tensorflow-cpu", "tensorflow-macos")}  # distributions of one package


def cache_key(**parts: Any) -> str:
    """Return the name of a cached result: SHA-256 of everything that decides it.

    Parameters
    ----------
    **parts
        JSON-serialisable values; the versions of the code and of the packages
        that compute it are added.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return _key_with(DECIDING, MAP_PACKAGES, parts)


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
    return _key_with(DECIDING_COMPARISONS, COMPARISON_PACKAGES, parts)


def map_key(**parts: Any) -> str:
    """Return the name of a map that is kept to be compared, as :func:`comparison_key` does.

    The metrics do not count.
    """
    return _key_with(DECIDING_MAPS, MAP_PACKAGES, parts)


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
    """Return a digest of what decides what is learnt beside notes, preset and seed.

    These are our sources, without their comments, and the versions of the packages.
    """
    statements = (_statements(path) for path in _sources(DECIDING_TRAINING))
    text = "\n".join([*statements, json.dumps(_versions(MAP_PACKAGES))])
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
    return _key_with(DECIDING_SPECTROGRAMS, SPECTROGRAM_PACKAGES, parts)


@cache  # it reads files, and a key asks for ten
def package_version(package: str) -> str:
    """Return the installed version of a package, "" for one that is not installed."""
    for name in (package, *OTHER_NAMES.get(package, ())):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def _key_with(
    patterns: tuple[str, ...], packages: tuple[str, ...], parts: Mapping[str, Any]
) -> str:
    about = {"code": _code_version(patterns), "packages": _versions(packages)}
    text = json.dumps({**parts, **about}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    return {package: package_version(package) for package in packages}


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
