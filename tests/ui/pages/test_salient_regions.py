"""What drives the answer, on Explore and Upload in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.browser import AppServer
from xai_core.attribution.salient_regions import (
    SalientRegions,
    find_salient_regions,
    salient_regions_sentence,
)
from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain
from xai_core.places import samples_folder
from xai_core.values import Explanation

pytestmark = pytest.mark.browser

HEADING = "What drives the answer"


def open_explore(page: Page, server: AppServer, query: str) -> None:
    """Open the page and wait for the finished map."""
    page.goto(f"{server.url}/{query}")
    expect(page.get_by_text(re.compile("^Completeness error")).first).to_be_visible()
    expect(page.get_by_text(HEADING)).to_be_visible()


def cells(page: Page, table: int) -> list[list[str]]:
    """Return the rows of a table as a screen reader gets them."""
    rows = page.get_by_test_id("stDataFrame").nth(table).locator("[role=row]:has([role=gridcell])")
    expect(rows.first).to_be_attached()
    return [row.locator("[role=gridcell]").all_text_contents() for row in rows.all()]


def check_table(
    rows: list[list[str]], result: Explanation, evidence: SalientRegions, side: str
) -> None:
    regions = [one for one in evidence.regions if one.side == side]
    assert len(rows) == len(regions)
    for row, region in zip(rows, regions, strict=True):
        assert float(row[0]) == pytest.approx(region.begin, abs=0.005)
        assert float(row[1]) == pytest.approx(region.end, abs=0.005)
        assert row[2] == region.place
        if result.attribution.bins.unit == "Hz":
            assert float(row[3]) == pytest.approx(region.strongest, abs=0.51)
            assert row[4] == region.note
        assert float(row[-1].split()[0]) == pytest.approx(100 * region.share, abs=0.51)


@pytest.mark.parametrize(
    ("type", "family"), [("log_mel", "guitar"), ("log_mel", "organ"), ("mfcc", "guitar")]
)
def test_sentence_and_tables_are_those_of_the_map(
    page: Page, server: AppServer, type: str, family: str
) -> None:
    note = next(one for one in read_collection(samples_folder()) if one.family == "guitar")
    open_explore(page, server, f"?family=guitar&note={note.note}&type={type}&explain={family}")
    result = explain(note.path, type=type, family=family)
    evidence = find_salient_regions(result.attribution)
    sentence = salient_regions_sentence(evidence, result.attribution, family=family)
    expect(page.get_by_text(sentence, exact=True)).to_be_visible()
    expect(page.get_by_text("By Grad-CAM, which is coarser")).to_be_visible()
    for table, side in enumerate(("for", "against")):
        expect(page.get_by_text(f"Speaks {side} {family}: ")).to_be_visible()
        check_table(cells(page, table), result, evidence, side)


def test_the_columns_fit_a_small_screen(page: Page, server: AppServer) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    open_explore(page, server, "?family=guitar&type=log_mel")
    for table in page.get_by_test_id("stDataFrame").all():
        table.scroll_into_view_if_needed()
        inner = table.locator(".dvn-scroller")
        assert inner.evaluate("one => one.scrollWidth - one.clientWidth") <= 1


def test_upload_says_it_too(page: Page, server: AppServer, tmp_path: Path) -> None:
    page.goto(f"{server.url}/upload?type=mfcc&model=reed")
    expect(page.get_by_text("Add a recording")).to_be_visible()
    seconds = np.arange(2 * 16_000) / 16_000
    tone = 0.4 * np.sin(2 * np.pi * 440 * seconds) * np.exp(-seconds)
    soundfile.write(tmp_path / "tone.flac", tone, 16_000)
    page.locator("input[type=file]").set_input_files(tmp_path / "tone.flac")
    expect(page.get_by_text(HEADING)).to_be_visible()
    expect(page.get_by_text(re.compile("^Completeness error")).first).to_be_visible()
    result = explain(tmp_path / "tone.flac", type="mfcc", family="reed")
    evidence = find_salient_regions(result.attribution)
    sentence = salient_regions_sentence(evidence, result.attribution, family="reed")
    expect(page.get_by_text(sentence, exact=True)).to_be_visible()
