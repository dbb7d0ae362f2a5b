"""The Models page in a real browser: scores, curves and cards of the shipped set."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import ROOT, AppServer, choose
from tests.conftest import StartApp
from xai_core.values import FAMILIES

pytestmark = pytest.mark.browser

SET = ROOT / "models" / "starter"
TYPES = sorted(path.name for path in SET.iterdir() if path.is_dir())


def open_models(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/models{query}")
    expect(page.get_by_text("What it learnt from")).to_be_visible()


def card(type: str, family: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((SET / type / family / "card.json").read_text())
    return found


def drawn(page: Page, text: str) -> Locator:
    return page.locator(".js-plotly-plot").filter(has_text=text)


def test_deep_link_as_the_first_request_of_a_fresh_server(
    fresh_server: StartApp, page: Page
) -> None:
    fresh = fresh_server()
    open_models(page, fresh, "?type=mfcc&family=organ")
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    expect(page.get_by_role("combobox", name="Family")).to_have_value("organ")
    expect(page).to_have_title("TimbreLens · Models")
    assert "Traceback" not in fresh.log


def test_the_counts_agree_and_the_legend_covers_nothing(page: Page, server: AppServer) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    open_models(page, server)
    scored = card("log_mel", "flute")
    n = scored["data"]["test"]["n_instruments"]  # type: ignore[index]
    independent = scored["scores"]["n_instruments"]  # type: ignore[index]
    expect(page.get_by_text(f"of {independent} instruments ({n}, of which")).to_be_visible()
    expect(drawn(page, "other sources")).to_be_visible()
    # both in one breath: the page may still grow above them
    page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .filter(plot => plot.textContent.includes('other sources'))
            .map(plot => [plot.querySelector('.legend'), plot.querySelector('.xtitle')])
            .some(([legend, title]) => legend && title
                && legend.getBoundingClientRect().top >= title.getBoundingClientRect().bottom)"""
    )


def test_the_scores_are_those_of_the_cards(page: Page, server: AppServer) -> None:
    open_models(page, server, "?type=mfcc&family=mallet&score=roc_auc")
    scores = card("mfcc", "mallet")["scores"]
    assert isinstance(scores, dict)
    for label, name in (("Precision", "precision"), ("ROC AUC", "roc_auc"), ("F1", "f1")):
        metric = page.get_by_test_id("stMetric").filter(has_text=label)
        expect(metric).to_contain_text(f"{100 * scores[name]:.0f} %")
    heights = page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .filter(plot => plot._fullData && plot.textContent.includes('MFCC'))
            .map(plot => plot._fullData.find(t => t.type === 'bar' && t.name === 'MFCC'))
            .filter(trace => trace).map(trace => Array.from(trace.y))[0]"""
    ).json_value()
    expected = []
    for family in FAMILIES:
        of_family = card("mfcc", family)["scores"]
        assert isinstance(of_family, dict)
        expected.append(100 * of_family["roc_auc"])
    assert heights == pytest.approx(expected)


def test_every_type_has_its_confusions_its_reliability_and_its_training(
    page: Page, server: AppServer
) -> None:
    for type in TYPES:
        open_models(page, server, f"?type={type}")
        expect(page.get_by_text("What is taken for what")).to_be_visible()
        expect(drawn(page, "Probability that is said")).to_be_visible()
        expect(drawn(page, "Epoch").first).to_be_visible()


def test_a_choice_travels_from_page_to_page(page: Page, server: AppServer) -> None:
    open_models(page, server, "?type=mfcc")
    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_text(re.compile("^Completeness error")).first).to_be_visible()
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    expect(page).to_have_url(re.compile(r"type=mfcc"))
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_text("What it learnt from")).to_be_visible()
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")


def test_a_card_can_be_downloaded(page: Page, server: AppServer) -> None:
    open_models(page, server, "?type=mfcc&family=reed")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the card").click()
    assert download.value.suggested_filename == "mfcc_reed_card.json"
    content = json.loads(download.value.path().read_text())
    assert content["sha256"] == card("mfcc", "reed")["sha256"]


def test_unknown_choices_in_the_address_are_ignored(page: Page, server: AppServer) -> None:
    open_models(page, server, "?type=../../etc&family=kazoo&score=%3Cscript%3E")
    expect(page.get_by_role("combobox", name="Score")).to_have_value("Precision")
    assert "Traceback" not in server.log


def test_models_of_ones_own_are_shown_too(
    fresh_server: StartApp, page: Page, tmp_path: Path
) -> None:
    (tmp_path / "starter").symlink_to(SET)
    shutil.copytree(SET / "mfcc", tmp_path / "mine" / "mfcc")
    (tmp_path / "empty").mkdir()
    own = fresh_server(environ={"TIMBRELENS_MODELS": str(tmp_path)})
    open_models(page, own)
    expect(page.get_by_text("60 models, scored on")).to_be_visible()
    choose(page, "Set of models", "mine")
    expect(page.get_by_text("10 models, scored on")).to_be_visible()
    assert "set=mine" in page.url
    expect(page.get_by_text("How the trunk learnt")).to_be_visible()
    page.reload()
    expect(page.get_by_text("10 models, scored on")).to_be_visible()
    assert "Traceback" not in own.log
