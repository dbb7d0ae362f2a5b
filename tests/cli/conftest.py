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


@pytest.fixture(scope="module")
def chords(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder of notes; the set "tiny" has Tonnetz models of two families."""
    folder = tmp_path_factory.mktemp("commands")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        patch.setenv("COLUMNS", "80")
        records = [one for one in write_notes(folder / "notes") if one.family in FAMILIES]
        write_models(records, "tonnetz", families=FAMILIES)
        yield folder / "notes"
