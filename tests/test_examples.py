"""The examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import xai_core

MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(xai_core.__path__, "xai_core.")
    if not found.name.endswith("__main__")
)


ROOMS = sorted({name.split(".")[1] for name in MODULES})


@pytest.mark.parametrize("room", ROOMS)
def test_examples(room: str) -> None:
    names = [name for name in MODULES if name.split(".")[1] == room]
    assert names
    failed = [name for name in names if doctest.testmod(importlib.import_module(name)).failed]
    assert failed == []


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = map(importlib.import_module, MODULES)
    assert sum(len(found.examples) for one in modules for found in finder.find(one)) >= 48
