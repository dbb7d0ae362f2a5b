"""Names of what is cached: the SHA-256 of everything that decides it, our code included.

Conventions
-----------
A key is 64 hexadecimal digits. Each kind of result names the sources that decide
it, so that a change elsewhere leaves it good.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from xai_core.places import ROOT

__all__ = [
    "cache_key",
    "comparison_key",
    "explaining_code",
    "map_key",
    "spectrogram_key",
    "training_code",
    "training_key",
]

DECIDING = (
    "audio/*.py",
    "features.py",
    "networks/contract.py",
    "networks/gradients.py",
    "attribution/*.py",
    "explanations/*.py",
)
DECIDING_MAPS = (
    "audio/decoding.py",
    "audio/notes.py",
    "features.py",
    "networks/contract.py",
    "networks/gradients.py",
    "attribution/*.py",
    "explanations/explain.py",
    "explanations/loaded_models.py",
    "explanations/settings.py",
    "study/maps.py",
)
DECIDING_COMPARISONS = (
    *DECIDING_MAPS,
    "metrics/binwise.py",
    "metrics/blocks.py",
    "metrics/checks.py",
    "metrics/grid_flow.py",
    "metrics/kernels.py",
    "metrics/pairwise.py",
    "metrics/prepared.py",
    "metrics/registry.py",
    "metrics/transport.py",
    "study/pairs.py",
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
    "networks/cnn.py",
    "training/corpus.py",
    "training/fit.py",
    "training/stage.py",
)
SPECTROGRAM_PACKAGES = ("numpy", "scipy", "librosa", "soundfile", "soxr")


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
