"""Who imports whom: the table "Rooms" of the design, held true.

A room is a module or package of `xai_core`, on a floor. It imports from the
floors below it and from inside itself, never from a sibling, and of third
parties only what the table grants it. Imports inside functions and under
``TYPE_CHECKING`` count like any other.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Room:
    """A module or package of `xai_core`: its floor, and the third parties it may import."""

    floor: int
    third_parties: frozenset[str] = frozenset()


def _room(floor: int, third_parties: str = "") -> Room:
    return Room(floor, frozenset(third_parties.split()))


ROOMS = {
    "errors": _room(0),
    "catalogue": _room(1, "numpy"),
    "values": _room(1, "numpy"),
    "places": _room(1),
    "scores": _room(1, "numpy"),
    "pair_tables": _room(1, "numpy pandas"),
    "audio": _room(2, "av numpy soundfile soxr"),
    "features": _room(2, "numpy scipy librosa"),
    "canvas": _room(2, "numpy librosa"),
    "listening": _room(2, "numpy librosa"),
    "networks": _room(2, "numpy scipy tensorflow keras"),
    "attribution": _room(2, "numpy"),
    "trust": _room(2, "numpy scipy"),
    "metrics": _room(2, "numpy pandas scipy numba ot"),
    "datasets": _room(2, "numpy soundfile soxr ijson msgspec fluidsynth"),
    "figures": _room(2, "numpy pandas plotly matplotlib"),
    "store": _room(3, "numpy keras h5py"),
    "training": _room(4, "numpy scipy keras soxr joblib dask"),
    "scoring": _room(4, "numpy scipy sklearn keras joblib dask"),
    "grid": _room(4, "numpy keras joblib dask"),
    "explanations": _room(5, "numpy"),
    "model_sets": _room(5, "numpy"),
    "study": _room(5, "numpy pandas"),
    "results": _room(5, "numpy pandas"),
    "replication": _room(6, "numpy pandas jinja2"),
    "cli": _room(7, "numpy typer click rich"),
    "ui": _room(7, "numpy streamlit"),
    "__main__": _room(8),
}

# Siblings of a floor that may be imported all the same: the canvas undoes what features do,
# the catalogue is what the vocabularies in `values` are checked against, and a study explains
# its notes.
GRANTED = {
    ("values", "catalogue"),
    ("values", "scores"),
    ("pair_tables", "catalogue"),
    ("canvas", "features"),
    ("listening", "features"),
    ("values", "canvas"),  # in `Explanation.canvas()`, for who has an explanation at hand
    ("values", "figures"),  # in `Explanation.plot()`, likewise: nothing is imported before
    ("study", "explanations"),
    ("results", "explanations"),
    ("results", "study"),
}

# What `from xai_core import ...` gives, and the room it comes from.
DOORS = {
    "FAMILIES": "values",
    "SPECTROGRAM_TYPES": "values",
    "__version__": "values",
    "explain": "explanations",
    "predict": "explanations",
}

PAGE_ROOMS = {"ui", "explanations", "values", "figures"}


@dataclass(frozen=True)
class Import:
    """One imported name, spelled out in full, and where it stands."""

    name: str
    line: int
    lazy: bool

    @property
    def top(self) -> str:
        return self.name.split(".")[0]

    @property
    def room(self) -> str | None:
        """Room of `xai_core` that the name belongs to, or None for none that is known."""
        _, _, rest = self.name.partition(".")
        first = rest.split(".")[0]
        return first if first in ROOMS else DOORS.get(first)


def find_imports(path: PurePosixPath, source: str) -> Iterator[Import]:
    """Yield every import of a module, relative ones resolved, dynamic ones included."""
    package = path.parent.parts

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, lazy)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join((*base, *filter(None, [node.module])))
            for alias in node.names:
                yield Import(f"{stem}.{alias.name}", node.lineno, lazy)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1]
            if called in ("import_module", "__import__"):
                first = node.args[0] if node.args else None
                named = isinstance(first, ast.Constant) and isinstance(first.value, str)
                yield Import(first.value if named else "?", node.lineno, lazy)
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        inner = lazy or guarded or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inner)

    return visit(ast.parse(source), False)


def complaints(path: str, source: str) -> list[str]:
    """Return a sentence for each import of a module that breaks the table."""
    where = PurePosixPath(path)
    check = _check_core if where.parts[0] == "xai_core" else _check_page
    found = []
    if where.parts[0] == "xai_core" and where.parts[1:] != ("__init__.py",):
        room = _room_of(where)
        if room not in ROOMS:
            found.append(f"{path}: {room} has no room in the table")
            return found
    for item in find_imports(where, source):
        if item.name == "?":
            reason = "imports a computed name, which cannot be checked"
        elif item.top in sys.stdlib_module_names:
            continue
        else:
            reason = check(where, item)
        if reason:
            found.append(f"{path}:{item.line}: {reason}")
    return list(dict.fromkeys(found))  # `from x import a, b` is one complaint


def _room_of(path: PurePosixPath) -> str:
    return path.parts[1].removesuffix(".py")


def _check_core(path: PurePosixPath, item: Import) -> str:
    if path.parts[1:] == ("__init__.py",):
        if item.top != "xai_core":
            return f"the package itself may not import {item.top}"
        if item.room == "values" or (item.room == "explanations" and item.lazy):
            return ""
        return f"the package itself imports values, and lazily explanations, not {item.name}"
    own = _room_of(path)
    if item.top != "xai_core":
        granted = item.top in ROOMS[own].third_parties
        return "" if granted else f"{own} may not import {item.top}"
    if item.room is None:
        return f"{item.name} names no room of xai_core"
    below = ROOMS[item.room].floor < ROOMS[own].floor
    if item.room == own or below or (own, item.room) in GRANTED:
        return ""
    kind = "a sibling" if ROOMS[item.room].floor == ROOMS[own].floor else "a floor above"
    return f"{own} may not import {item.room}, {kind}"


def _check_page(path: PurePosixPath, item: Import) -> str:
    if item.top == "streamlit" or (item.top == "xai_core" and item.room in PAGE_ROOMS):
        return ""
    return f"a page may not import {item.name}"


MODULES = sorted(
    file.relative_to(ROOT).as_posix()
    for file in (ROOT / "app.py", *ROOT.glob("pages/**/*.py"), *ROOT.glob("xai_core/**/*.py"))
)


def _owner(path: str) -> str:
    """Return the room of a module, or "pages" for those on top."""
    where = PurePosixPath(path)
    return _room_of(where) if where.parts[0] == "xai_core" else "pages"


@pytest.mark.parametrize("room", sorted({_owner(path) for path in MODULES}))
def test_modules_keep_to_their_room(room: str) -> None:
    found = [
        complaint
        for path in MODULES
        if _owner(path) == room
        for complaint in complaints(path, (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_modules_are_found() -> None:
    assert {"app.py", "xai_core/__init__.py", "xai_core/values.py"} <= set(MODULES)


@pytest.mark.parametrize(
    ("third_party", "rooms"),
    [("tensorflow", ["networks"]), ("streamlit", ["ui"]), ("plotly", ["figures"])],
)
def test_third_party_lives_in_one_room(third_party: str, rooms: list[str]) -> None:
    assert [name for name, room in ROOMS.items() if third_party in room.third_parties] == rooms


@pytest.mark.parametrize(
    ("path", "source", "reason"),
    [
        # floors and siblings
        ("xai_core/values.py", "from xai_core.audio import load", "values may not import audio"),
        ("xai_core/errors.py", "import numpy as np", "errors may not import numpy"),
        ("xai_core/audio.py", "from xai_core import features", "audio may not import features"),
        ("xai_core/audio.py", "from xai_core import predict", "audio may not import explanations"),
        ("xai_core/audio.py", "from . import features", "audio may not import features"),
        ("xai_core/audio.py", "from .store import x", "audio may not import store, a floor above"),
        ("xai_core/metrics/a.py", "from ..figures import b", "metrics may not import figures"),
        ("xai_core/metrics/__init__.py", "from ..audio import b", "metrics may not import audio"),
        ("xai_core/metrics/a/b.py", "from ...audio import b", "metrics may not import audio"),
        ("xai_core/grid.py", "import xai_core.training", "training, a sibling"),
        ("xai_core/ui/note.py", "from xai_core.cli import main", "cli, a sibling"),
        ("xai_core/store.py", "def f():\n    from xai_core.explanations import x", "explanations"),
        (
            "xai_core/store.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import xai_core.ui",
            "store.py:3: store may not import ui",
        ),
        ("xai_core/cli/app.py", "from xai_core.__main__ import x", "__main__, a floor above"),
        # third parties
        ("xai_core/networks/cnn.py", "import torch", "networks may not import torch"),
        ("xai_core/training.py", "import tensorflow.data", "training may not import tensorflow"),
        (
            "xai_core/explanations.py",
            "from streamlit import cache_data",
            "may not import streamlit",
        ),
        ("xai_core/cli/app.py", "import streamlit", "cli may not import streamlit"),
        ("xai_core/attribution/ig.py", "import scipy", "attribution may not import scipy"),
        ("xai_core/attribution/ig.py", "import keras", "attribution may not import keras"),
        ("xai_core/features.py", "import torch", "features may not import torch"),
        ("xai_core/figures.py", "import seaborn", "may not import seaborn"),
        ("xai_core/audio.py", "import plotly", "audio may not import plotly"),
        ("xai_core/ui/a.py", "from tests.browser import x", "ui may not import tests"),
        ("xai_core/ui/a.py", "import app", "ui may not import app"),
        # names that hide what is imported
        ("xai_core/store.py", "import importlib as i\ni.import_module('dask')", "dask"),
        ("xai_core/store.py", "x = __import__('tensorflow')", "store may not import tensorflow"),
        ("xai_core/store.py", "__import__(name)", "computed name"),
        ("xai_core/store.py", "import xai_core", "names no room"),
        ("xai_core/store.py", "from xai_core import *", "names no room"),
        ("xai_core/store.py", "from xai_core.nowhere import x", "names no room"),
        # a module without a room
        ("xai_core/utils.py", "", "utils has no room in the table"),
        ("xai_core/helpers/maths.py", "", "helpers has no room in the table"),
        # the package itself
        ("xai_core/__init__.py", "import keras", "the package itself may not import keras"),
        ("xai_core/__init__.py", "from xai_core import explanations", "lazily explanations"),
        ("xai_core/__init__.py", "def f():\n    from . import store", "not xai_core.store"),
        # pages
        ("app.py", "import numpy as np", "a page may not import numpy"),
        ("app.py", "import plotly.express", "a page may not import plotly"),
        ("pages/compare.py", "from xai_core.metrics import emd", "xai_core.metrics.emd"),
        ("pages/compare.py", "from xai_core import store", "a page may not import xai_core.store"),
        ("pages/compare.py", "import xai_core", "a page may not import xai_core"),
        ("pages/compare.py", "from app import x", "a page may not import app"),
    ],
)
def test_violation_is_reported(path: str, source: str, reason: str) -> None:
    found = complaints(path, source)
    assert len(found) == 1
    assert reason in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("xai_core/errors.py", "import os.path"),
        ("xai_core/metrics/__init__.py", "from .transport import emd"),
        ("xai_core/metrics/transport.py", "from xai_core.metrics.grid import pool\nimport ot"),
        ("xai_core/audio.py", "from __future__ import annotations\nfrom xai_core import FAMILIES"),
        ("xai_core/training.py", "from xai_core import __version__, store, values"),
        ("xai_core/explanations.py", "def f():\n    from xai_core.networks.gradients import g"),
        ("xai_core/__main__.py", "from xai_core.cli import main"),
        ("xai_core/__init__.py", "from .values import FAMILIES"),
        ("xai_core/__init__.py", "def f():\n    from . import explanations"),
        ("app.py", "import json\nimport streamlit as st\nfrom xai_core import ui, FAMILIES"),
        ("pages/compare.py", "from xai_core.figures import heatmap"),
    ],
)
def test_what_the_table_grants_is_accepted(path: str, source: str) -> None:
    assert complaints(path, source) == []
