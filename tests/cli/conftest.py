"""Notes and untrained models for tests of commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import FAMILIES
from tests.model_sets.tiny_models import (
    write_models,
    write_notes,
)


@pytest.fixture(scope="session")
def chords_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with notes of two families, and the set "tiny" of two Tonnetz models."""
    folder = tmp_path_factory.mktemp("commands")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        write_models(write_notes(folder / "notes", families=FAMILIES), "tonnetz", families=FAMILIES)
    return folder


@pytest.fixture(scope="module")
def chords(chords_folder: Path) -> Iterator[Path]:
    """Return the folder of notes; models and cache are those beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(chords_folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(chords_folder / "cache"))
        patch.setenv("COLUMNS", "80")
        yield chords_folder / "notes"
