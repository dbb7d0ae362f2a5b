"""A new metric is one entry of the catalogue and one function: everything else takes it up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.catalogue.copies import append, changed_files, copy_program, run_in_copy
from tests.catalogue.toy_metric import NAME, outcomes
from tests.made_pairs import Note, notes_of, pairs_of
from xai_core.catalogue.metrics import METRICS
from xai_core.pair_tables import METRIC_COLUMNS
from xai_core.values import FAMILIES

pytestmark = pytest.mark.slow

ENTRY = f'''
METRICS["{NAME}"] = Metric(
    name="{NAME}",
    label="Toy total variation",
    short="Toy total",
    heading="Toy total (of the mass)",
    narrow_heading="Toy",
    axis="Toy total variation (of the mass)",
    on="heatmaps",
    unit="share of the mass",
    range=(0.0, 1.0),
    forward=Direction(
        label="Toy total variation of A and B",
        formula="half of sum |p - q|, 0 to 1",
        sentence="The mass that must move, however far.",
    ),
)
'''
FUNCTION = f'''

@pair_metric()
def {NAME}(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """Return half the L1 distance of two heatmaps."""
    p, q = as_distribution(p), as_distribution(q)
    same_grid(p, q)
    return float(np.abs(p - q).sum() / 2)
'''


def made_distance(a: Note, b: Note, metric: str) -> float:
    """Return a distance that differs between families, instruments and metrics."""
    level = 1.0 + FAMILIES.index(a[0]) if a[0] == b[0] else 12.0
    return level * (1 + 0.01 * int(a[1][-1]) + 0.001 * int(b[2][-1]) + 0.1 * len(metric) % 0.3)


@pytest.fixture(scope="module")
def made() -> Any:
    return pairs_of(notes_of(FAMILIES, each=2), made_distance)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, made: Any) -> tuple[Path, dict[str, Any]]:
    """Return a copy of the program with a metric added, and what it found."""
    folder = tmp_path_factory.mktemp("copy")
    program = copy_program(folder)
    append(program / "xai_core" / "catalogue" / "metrics.py", ENTRY)
    append(program / "xai_core" / "metrics" / "binwise.py", FUNCTION)
    made.assign(**{NAME: made["emd"]}).to_parquet(folder / "made.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_DATA", str(folder / "notes"))
        patch.setenv("COLUMNS", "160")
        run_in_copy(program, Path(__file__).with_name("toy_metric.py"), str(folder), timeout=900)
    return program, json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_two_files_are_touched(copy: tuple[Path, dict[str, Any]]) -> None:
    assert changed_files(copy[0]) == {
        "xai_core/catalogue/metrics.py",
        "xai_core/metrics/binwise.py",
    }


def test_compare_measures_and_prints_it(copy: tuple[Path, dict[str, Any]]) -> None:
    found = copy[1]["compare"]
    assert list(found["scores"]) == [*METRIC_COLUMNS, NAME]
    assert found["scores"][NAME] == pytest.approx(found["by_hand"], rel=1e-12)
    assert 0.0 < found["by_hand"] < 1.0
    row = next(line for line in found["printed"].splitlines() if NAME in line)
    assert f"{found['by_hand']:.6g}" in row
    assert "half of sum |p - q|, 0 to 1" in row


def test_many_pairs_need_no_kernel(copy: tuple[Path, dict[str, Any]]) -> None:
    found = copy[1]["pairwise"]
    np.testing.assert_allclose(found["matrix"], found["by_hand"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found["loop"], found["by_hand"], rtol=1e-12, atol=1e-15)


def test_an_analysis_has_its_column_figures_and_report(copy: tuple[Path, dict[str, Any]]) -> None:
    found = copy[1]["analyse"]
    assert found["columns"][-len(METRIC_COLUMNS) - 1 :] == [*METRIC_COLUMNS, NAME]
    assert len(found["values"]) == 2 * 6 + 4
    assert all(0.0 < value <= 1.0 for value in found["values"])
    heading = next(line for line in found["printed"].splitlines() if "Diff. mean" in line)
    assert heading.split()[-1] == "Toy"
    assert all("Toy total variation" in text for text in found["alt"])
    assert found["png"] == "\x89PNG"
    assert found["report"] >= 4  # headings of its tables, and its map of medians
    assert found["differ"] == [*METRICS, NAME]


def test_pages_show_it(copy: tuple[Path, dict[str, Any]]) -> None:
    pages = copy[1]["pages"]
    assert [page["faults"] for page in pages.values()] == [[], []]
    assert "Toy total variation of A and B" in pages["compare"]["texts"]
    assert "The mass that must move, however far." in pages["compare"]["texts"]
    assert pages["metrics"]["texts"].count("Toy total variation") == 3  # a column, two choices
    meaning = "**Toy total variation.** The mass that must move, however far."
    assert meaning in pages["metrics"]["texts"]


def test_what_the_paper_says_does_not_move(copy: tuple[Path, dict[str, Any]], made: Any) -> None:
    assert copy[1]["statements"] == 62
    expected = outcomes(made)
    assert copy[1]["outcomes"] == expected
    assert len(expected) >= 8
    assert len({outcome for _, outcome, *_ in expected}) > 1
