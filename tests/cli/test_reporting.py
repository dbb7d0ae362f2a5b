"""``analyse --report`` as a user runs it: the page, its tables, and no tables of pairs unasked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import FAMILIES, run_command
from xai_core.study.tables import read_analysis


def test_a_report_of_the_analysis_that_is_written(
    chords: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["analyse", "--data", chords, "-t", "tonnetz", "--models", "tiny", "--notes", 3]
    words += ["--between", 4, "--method", "integrated_gradients", "--report", tmp_path / "report"]
    assert run_command(monkeypatch, *words, "--out", tmp_path / "out") == 0
    page = tmp_path / "report" / "report.html"
    assert f"Wrote {page}" in capsys.readouterr().out
    assert "6 notes of" in page.read_text(encoding="utf-8")
    table = pd.read_csv(page.parent / "within_families.csv")
    pairs = read_analysis(tmp_path / "out").within
    for family in FAMILIES:
        told = table[(table["family"] == family) & (table["metric"] == "emd")]["median"]
        assert told.tolist() == pytest.approx([pairs[pairs["family"] == family]["emd"].median()])
    claims = pd.read_csv(page.parent / "claims.csv")
    assert set(claims["verdict"]) == {"not decidable"}  # two families of ten

    assert run_command(monkeypatch, *words) == 0  # the report alone, from the cache
    assert page.is_file()


def test_a_folder_for_what_is_found_is_asked_for(
    chords: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "analyse", "--data", chords, "--models", "tiny") == 2
    assert "expected --out or --report" in capsys.readouterr().err
