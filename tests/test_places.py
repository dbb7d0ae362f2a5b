from __future__ import annotations

from pathlib import Path

import pytest

from xai_core import places

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {
    "TIMBRELENS_MODELS": (places.models_folder, "models"),
    "TIMBRELENS_CACHE": (places.cache_folder, "cache"),
    "TIMBRELENS_DATA": (places.samples_folder, "samples"),
}


@pytest.mark.parametrize("variable", FOLDERS)
def test_a_folder_follows_its_variable(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, name = FOLDERS[variable]
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert folder() == tmp_path / "elsewhere"
    monkeypatch.setenv(variable, "")  # set but empty counts as not set
    assert folder() == ROOT / name
    monkeypatch.delenv(variable)
    assert folder() == ROOT / name
