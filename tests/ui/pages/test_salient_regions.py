"""What drives the answer, on Explore and Upload."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.browser import AppServer
from tests.ui.visit import visit
from xai_core.attribution.salient_regions import (
    SalientRegions,
    find_salient_regions,
    salient_regions_sentence,
)
from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain
from xai_core.places import samples_folder
from xai_core.values import Explanation

HEADING = "What drives the answer"


# ------------------------------------------------------------------- without a browser


@pytest.mark.parametrize(
    ("type", "family"), [("log_mel", "guitar"), ("log_mel", "organ"), ("mfcc", "guitar")]
)
@pytest.mark.usefixtures("pages")
def test_sentence_and_tables_are_those_of_the_map(type: str, family: str) -> None:
    note = next(one for one in read_collection(samples_folder()) if one.family == "guitar")
    seen = visit(family="guitar", note=note.note, type=type, explain=family)
    result = explain(note.path, type=type, family=family)
    evidence = find_salient_regions(result.attribution)
    assert salient_regions_sentence(evidence, result.attribution, family=family) in seen.texts
    assert seen.says("By Grad-CAM, which is coarser")
    for table, side in enumerate(("for", "against")):
        assert seen.says(f"Speaks {side} {family}: ")
        regions = [one for one in evidence.regions if one.side == side]
        columns = seen.app.dataframe[table].value
        assert columns["From"].tolist() == [one.begin for one in regions]
        assert columns["To"].tolist() == [one.end for one in regions]
        assert columns.iloc[:, 2].tolist() == [one.place for one in regions]
        if result.attribution.bins.unit == "Hz":
            assert columns["Peak"].tolist() == [one.strongest for one in regions]
            assert columns["Note"].tolist() == [one.note for one in regions]
        assert columns["Share"].tolist() == [100 * one.share for one in regions]


@pytest.mark.usefixtures("pages")
def test_upload_says_it_too() -> None:
    seconds = np.arange(2 * 16_000) / 16_000
    tone = 0.4 * np.sin(2 * np.pi * 440 * seconds) * np.exp(-seconds)
    content = io.BytesIO()
    soundfile.write(content, tone, 16_000, format="FLAC")
    seen = visit("upload", type="mfcc", model="reed").upload(content.getvalue(), name="tone.flac")
    assert seen.says(HEADING)
    result = explain(content.getvalue(), type="mfcc", family="reed")
    evidence = find_salient_regions(result.attribution)
    assert salient_regions_sentence(evidence, result.attribution, family="reed") in seen.texts


# ------------------------------------------------------------------------ in a browser


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
        assert float(row[3]) == pytest.approx(region.strongest, abs=0.51)
        assert row[4] == region.note
        assert float(row[-1].split()[0]) == pytest.approx(100 * region.share, abs=0.51)


@pytest.mark.browser
def test_a_screen_reader_gets_the_tables_and_their_columns_fit_a_small_screen(
    page: Page, server: AppServer
) -> None:
    note = next(one for one in read_collection(samples_folder()) if one.family == "guitar")
    page.set_viewport_size({"width": 1280, "height": 900})
    open_explore(page, server, f"?family=guitar&note={note.note}&type=log_mel")
    result = explain(note.path, type="log_mel", family="guitar")
    evidence = find_salient_regions(result.attribution)
    sentence = salient_regions_sentence(evidence, result.attribution, family="guitar")
    expect(page.get_by_text(sentence, exact=True)).to_be_visible()
    for table, side in enumerate(("for", "against")):
        expect(page.get_by_text(f"Speaks {side} guitar: ")).to_be_visible()
        check_table(cells(page, table), result, evidence, side)
    for table in page.get_by_test_id("stDataFrame").all():
        table.scroll_into_view_if_needed()
        inner = table.locator(".dvn-scroller")
        assert inner.evaluate("one => one.scrollWidth - one.clientWidth") <= 1
