"""A seventh spectrogram type is one entry and one function: everything else offers and draws it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.catalogue.copies import append, changed_files, copy_program, insert, run_in_copy

pytestmark = pytest.mark.slow

ENTRY = """    SpectrogramType(
        "toy",
        label="Toy spectrum",
        title="Toy spectrum of nine bands",
        colour="#5566AA",
        n_bins=9,
        axis=BinAxis("Ninth", labels=tuple("abcdefghi"), one="in ninth"),
        scale=ValueScale("mean of 113 frequencies of stft", limits="share", caption="loudness"),
        shows="nine numbers.",
        step_ms=2,
    ),
"""
FUNCTION = """

@_computes("toy")
def _toy(y: FloatArray) -> FloatArray:
    return _stft(y)[:, : 9 * 113].reshape(N_FRAMES, 9, 113).mean(axis=2)
"""
FAMILIES = ["flute", "mallet", "organ"]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a program with the type answers, draws and offers."""
    folder = tmp_path_factory.mktemp("toy type")
    copy = copy_program(folder)
    insert(copy / "xai_core/catalogue/types.py", ENTRY, before=")\n\nTYPES: dict")
    append(copy / "xai_core/features.py", FUNCTION)
    assert changed_files(copy) == {"xai_core/catalogue/types.py", "xai_core/features.py"}
    script = Path(__file__).with_name("use_toy_type.py")
    said = run_in_copy(copy, script, str(folder / "notes"), str(folder / "report"))
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def test_it_is_predicted_explained_and_compared(facts: dict[str, Any]) -> None:
    assert facts["types"][-1] == "toy"
    assert len(facts["types"]) == 7
    assert sorted(facts["answers"]) == FAMILIES
    assert all(0 < p < 1 for p in facts["answers"].values())
    assert facts["shape"] == [126, 9]
    assert facts["axis"] == ["Ninth", *"abcdefghi"]
    assert facts["completeness"] <= 0.01
    assert facts["cam"][0] >= 0  # ReLU
    assert facts["cam"][1] == [126, 9]
    assert facts["scores"]["js_divergence"] > 0


def test_it_is_analysed_and_judged_by_no_statement_of_the_paper(facts: dict[str, Any]) -> None:
    # 3 pairs within each of 3 families, 2 between each two of them
    assert facts["pairs"] == 3 * 3 + 3 * 2
    assert facts["verdicts of toy"] == 0
    assert facts["claims"] == 62
    assert "toy" not in facts["types of claims"]
    assert len(facts["types of claims"]) == 6
    assert facts["report"] >= 2  # a heading for the boxes of each method
    assert not facts["numbered"]  # no figure of the paper


def test_every_figure_draws_it_in_its_own_words_and_colours(facts: dict[str, Any]) -> None:
    alt = facts["alt"]
    assert alt["spectrogram"].startswith("Toy spectrum of nine bands, 4.0 s; most energy lies")
    assert alt["boxes"].startswith("Toy spectrum, Integrated Gradients: distances between")
    assert "Toy spectrum from" in alt["medians"] or "Toy spectrum flute" in alt["medians"]
    assert "Toy spectrum from 50 % (flute)" in alt["bars"]
    assert "Toy spectrum 50 %" in alt["accuracy"]
    assert all(len(text) > 20 for text in alt.values())
    assert facts["scale"] == [0.0, 1.0]
    assert facts["stills"] == [True] * 5
    assert all(facts["files"].values())


@pytest.mark.parametrize("page", ["Explore", "Compare", "Metrics"])
def test_pages_offer_it_and_it_can_be_chosen(facts: dict[str, Any], page: str) -> None:
    found = facts["pages"][page]
    assert found["offered"] == ["Tonnetz", "Toy spectrum"]
    assert (found["first"], found["chosen"]) == ("tonnetz", "toy")
    assert found["exceptions"] == []
    assert found["errors"] == []


def test_pages_speak_of_it(facts: dict[str, Any]) -> None:
    pages = facts["pages"]
    assert "Toy spectrum model" in pages["Explore"]["text"]
    assert "Finished: 18 pairs of notes." in pages["Metrics"]["text"]  # 3 families of 4 notes
