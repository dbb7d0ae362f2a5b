"""The Models page: scores, curves and cards of the shipped set."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ROOT, AppServer
from tests.ui.visit import visit
from xai_core.catalogue.methods import METHODS
from xai_core.values import FAMILIES

SET = ROOT / "models" / "starter"
TYPES = sorted(path.name for path in SET.iterdir() if path.is_dir())


def card(type: str, family: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((SET / type / family / "card.json").read_text())
    return found


# ------------------------------------------------------------------- without a browser


@pytest.fixture
def all_models(pages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page find every shipped model; it reads their cards."""
    monkeypatch.setenv("TIMBRELENS_MODELS", str(SET.parent))


@pytest.mark.usefixtures("all_models")
def test_the_counts_agree() -> None:
    scored = card("log_mel", "flute")
    n = scored["data"]["test"]["n_instruments"]  # type: ignore[index]
    independent = scored["scores"]["n_instruments"]  # type: ignore[index]
    assert visit("models").says(f"of {independent} instruments ({n}, of which")


@pytest.mark.usefixtures("all_models")
def test_the_tests_of_methods_are_those_that_are_kept() -> None:
    kept = json.loads((SET / "methods.json").read_text())["tonnetz"]
    seen = visit("models", type="tonnetz")
    table = next(one.value for one in seen.app.table if "over energy" in one.value)
    methods = [METHODS[row["method"]].label for row in kept["methods"] if not row["baseline"]]
    assert [name for name in table[""] if " from " not in name] == methods
    mean, low, high, _ = kept["methods"][0]["scores"]["over_energy"]
    assert table["over energy"][0] == f"{100 * mean:z.0f} ({100 * low:z.0f} to {100 * high:z.0f})"
    signs = {"better": "▲", "worse": "▼", "": ")"}
    for row, cell in zip(kept["methods"], table["fidelity"], strict=True):
        assert cell.endswith(signs[row["scores"]["fidelity"][3]])
    assert seen.says(f"of {kept['n_maps']} maps of {kept['n_models']} models a method")


@pytest.mark.usefixtures("all_models")
def test_the_scores_are_those_of_the_cards() -> None:
    seen = visit("models", type="mfcc", family="mallet", score="roc_auc")
    scores = card("mfcc", "mallet")["scores"]
    assert isinstance(scores, dict)
    for label, name in (("Precision", "precision"), ("ROC AUC", "roc_auc"), ("F1", "f1")):
        assert seen.metrics()[label] == f"{100 * scores[name]:.0f} %"
    heights = [
        list(trace["y"])
        for figure in seen.figures
        for trace in figure.traces("bar")
        if trace.get("name") == "MFCC"
    ]
    expected = []
    for family in FAMILIES:
        of_family = card("mfcc", family)["scores"]
        assert isinstance(of_family, dict)
        expected.append(100 * of_family["roc_auc"])
    assert heights[0] == pytest.approx(expected)


@pytest.mark.usefixtures("all_models")
def test_a_recall_of_one_says_how_few_instruments_it_is_of() -> None:
    scores = card("mfcc", "keyboard")["scores"]
    assert isinstance(scores, dict)
    assert scores["intervals"]["recall"] == [1.0, 1.0]
    n = scores["n_positive_instruments"]
    seen = visit("models", type="mfcc", family="keyboard")
    assert seen.says(f"{100 * n / (n + 1.96**2):.0f} % to 100 %")  # Wilson's of n of n


@pytest.mark.usefixtures("all_models")
def test_the_card_can_be_read() -> None:
    seen = visit("models", type="mfcc", family="keyboard")
    facts = next(one.value for one in seen.app.table if "of this model" in one.value)
    said = dict(zip(facts[""], facts["of this model"], strict=True))
    kept = card("mfcc", "keyboard")
    assert said["SHA-256 of the file"] == kept["sha256"]
    assert said["network"] == kept["architecture"]["network"]  # type: ignore[index]
    assert said["training"] == "preset standard, seed 0"
    assert "keras" in said["made with"]


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.usefixtures("all_models")
def test_every_type_has_its_confusions_its_reliability_and_its_training(type: str) -> None:
    seen = visit("models", type=type)
    assert seen.says("What it learnt from")
    assert seen.says("What is taken for what")
    assert [one for one in seen.figures if "Probability that is said" in one.text]
    assert [one for one in seen.figures if "Epoch" in one.text]


@pytest.mark.usefixtures("all_models")
def test_unknown_choices_in_the_address_are_ignored() -> None:
    seen = visit("models", type="../../etc", family="kazoo", score="<script>")
    assert seen.shown("Score") == "Precision"
    assert not {"type", "family", "score"} & set(seen.address)


@pytest.mark.usefixtures("all_models")
def test_models_of_ones_own_are_shown_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "starter").symlink_to(SET)
    shutil.copytree(SET / "mfcc", tmp_path / "mine" / "mfcc")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path))
    seen = visit("models")
    assert seen.says("60 models, scored on")
    seen.choose("Set of models", "mine")
    for one in (seen, seen.reload()):
        assert one.says("10 models, scored on")
        assert one.address["set"] == "mine"
        assert one.says("How the trunk learnt")


# ------------------------------------------------------------------------ in a browser


def open_models(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/models{query}")
    expect(page.get_by_text("What it learnt from")).to_be_visible()


@pytest.mark.browser
def test_the_legend_covers_nothing(page: Page, server: AppServer) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    open_models(page, server)
    expect(page.locator(".js-plotly-plot").filter(has_text="other sources")).to_be_visible()
    # both in one breath: the page may still grow above them
    page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .filter(plot => plot.textContent.includes('other sources'))
            .map(plot => [plot.querySelector('.legend'), plot.querySelector('.xtitle')])
            .some(([legend, title]) => legend && title
                && legend.getBoundingClientRect().top >= title.getBoundingClientRect().bottom)"""
    )


@pytest.mark.browser
def test_a_choice_travels_from_page_to_page(page: Page, server: AppServer) -> None:
    open_models(page, server, "?type=mfcc")
    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_text(re.compile("^Completeness error")).first).to_be_visible()
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    expect(page).to_have_url(re.compile(r"type=mfcc"))
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_text("What it learnt from")).to_be_visible()
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")


@pytest.mark.browser
def test_a_card_can_be_downloaded(page: Page, server: AppServer) -> None:
    open_models(page, server, "?type=mfcc&family=reed")
    expect(page).to_have_title("TimbreLens · Models")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the card").click()
    assert download.value.suggested_filename == "mfcc_reed_card.json"
    content = json.loads(download.value.path().read_text())
    assert content["sha256"] == card("mfcc", "reed")["sha256"]
