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
from xai_core.attribution.salient_regions import SalientRegions, Side, rounded_sums
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import explain
from xai_core.explanations.regions import regions_of, regions_sentence
from xai_core.figures.base.words import percent_text
from xai_core.places import samples_folder
from xai_core.values import pitch_frequency

HEADING = "What drives the answer"


# ------------------------------------------------------------------- without a browser


def guitar() -> tuple[NoteRecord, float]:
    """Return a note of the samples and the pitch of its label in Hz."""
    note = next(one for one in read_collection(samples_folder()) if one.family == "guitar")
    assert note.pitch is not None
    return note, pitch_frequency(note.pitch)


def rows(evidence: SalientRegions, side: Side) -> list[tuple[float, float, float]]:
    return [rounded_sums(one, evidence.decimals) for one in evidence.on(side)]


@pytest.mark.parametrize(
    ("type", "family", "says_yes"),
    [("log_mel", "guitar", True), ("log_mel", "organ", False), ("mfcc", "guitar", True)],
)
@pytest.mark.usefixtures("pages")
def test_sentence_and_tables_are_those_of_the_map(type: str, family: str, says_yes: bool) -> None:
    note, pitch = guitar()
    seen = visit(family="guitar", note=note.note, type=type, explain=family)
    result = explain(note.path, type=type, family=family)
    assert (result.probability >= 0.5) == says_yes
    evidence = regions_of(result, pitch=pitch)
    assert regions_sentence(result, pitch=pitch) in seen.texts
    beside = explain(note.path, type=type, family=family, method="grad_cam").attribution.values
    n = round(0.1 * beside.size)
    mine, other = (
        set(np.argsort(-one.ravel(), kind="stable")[:n])
        for one in (result.attribution.values, beside)
    )
    overlap = len(mine & other) / n
    how = "agree" if overlap >= 0.5 else "agree in part" if overlap >= 0.2 else "disagree"
    said = seen.text("By Grad-CAM: ")
    assert f"The two maps {how}: of the strongest tenth of their bins they share" in said
    assert f"they share {percent_text(overlap)} (10 % by chance)." in said
    assert "coarser" not in said
    (link,) = (one.proto for one in seen.app.main.get("page_link") if "disagree" in one.proto.label)
    assert link.page == "trust"
    sides: tuple[Side, Side] = ("for", "against")
    for table, side in enumerate(sides if says_yes else sides[::-1]):  # a no: against comes first
        assert seen.says(f"Speaks {side} {family}: net ")
        regions, columns = evidence.on(side), seen.app.dataframe[table].value
        assert list(columns)[-4:] == ["When", "For", "Against", "Net"]
        assert columns.iloc[:, 0].tolist() == [one.place.removesuffix(" Hz") for one in regions]
        if result.attribution.bins.unit == "Hz":
            for said, one in zip(columns["Note"], regions, strict=True):
                assert said.startswith(one.note)
                assert said.endswith(one.harmonic_name)
            assert any(one.harmonic is not None for one in regions)
        sums = rows(evidence, side)
        assert columns.iloc[:, -3:].to_numpy().tolist() == [list(one) for one in sums]
        for mine, other, net in sums:
            assert mine + other == pytest.approx(net)


@pytest.mark.usefixtures("pages")
def test_the_alternative_text_names_the_same_frequencies() -> None:
    note, pitch = guitar()
    seen = visit(family="guitar", note=note.note, type="log_mel")
    result = explain(note.path, type="log_mel", family="guitar")
    panels = seen.figure("Four panels on one time axis.")
    assert f"Integrated Gradients map: {regions_sentence(result, pitch=pitch)}" in panels.alt
    loudest = regions_of(result, pitch=pitch).loudest
    assert f"most energy lies around {loudest:.0f} Hz" in panels.alt
    mentioned = set(re.findall(r"(\d+) Hz", panels.alt))
    on_page = set(re.findall(r"(\d+) Hz", " ".join(seen.texts)))
    assert mentioned - on_page <= {f"{loudest:.0f}"}


@pytest.mark.usefixtures("pages")
def test_a_yes_to_the_baseline_is_a_warning_beside_the_verdict() -> None:
    note, _ = guitar()
    said = []
    for family in ("guitar", "organ", "reed", "string", "vocal", "brass"):
        result = explain(note.path, type="tonnetz", family=family)
        assert result.completeness is not None
        yes = result.completeness.baseline_output >= 0.0
        seen = visit(family="guitar", note=note.note, type="tonnetz", explain=family)
        warnings = [one.value for one in seen.app.warning]
        assert any("says yes to silence already" in one for one in warnings) == yes
        assert not any("yes to silence" in one.value for one in seen.app.caption)
        said.append(yes)
        if {True, False} <= set(said):
            break
    assert {True, False} <= set(said)


@pytest.mark.usefixtures("pages")
def test_upload_says_it_too() -> None:
    seconds = np.arange(2 * 16_000) / 16_000
    tone = 0.4 * np.sin(2 * np.pi * 440 * seconds) * np.exp(-seconds)
    content = io.BytesIO()
    soundfile.write(content, tone, 16_000, format="FLAC")
    seen = visit("upload", type="mfcc", model="reed").upload(content.getvalue(), name="tone.flac")
    assert seen.says(HEADING)
    result = explain(content.getvalue(), type="mfcc", family="reed")
    assert regions_sentence(result) in seen.texts


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


def check_table(found: list[list[str]], evidence: SalientRegions, side: Side) -> None:
    regions = evidence.on(side)
    assert len(found) == len(regions)
    for row, region, sums in zip(found, regions, rows(evidence, side), strict=True):
        assert row[0] == region.place.removesuffix(" Hz")
        assert row[1].startswith(region.note)
        assert row[1].endswith(region.harmonic_name)
        assert row[2] == f"{region.begin:.1f}–{region.end:.1f}"
        assert [float(cell) for cell in row[3:]] == pytest.approx(sums)


@pytest.mark.browser
def test_a_screen_reader_gets_the_tables_and_their_columns_fit_a_small_screen(
    page: Page, server: AppServer
) -> None:
    note, pitch = guitar()
    page.set_viewport_size({"width": 1280, "height": 900})
    open_explore(page, server, f"?family=guitar&note={note.note}&type=log_mel")
    result = explain(note.path, type="log_mel", family="guitar")
    evidence = regions_of(result, pitch=pitch)
    sentence = regions_sentence(result, pitch=pitch)
    expect(page.get_by_text(sentence, exact=True)).to_be_visible()
    sides: tuple[Side, Side] = ("for", "against")
    for table, side in enumerate(sides):
        expect(page.get_by_text(f"Speaks {side} guitar: ")).to_be_visible()
        check_table(cells(page, table), evidence, side)
    for table in page.get_by_test_id("stDataFrame").all():
        table.scroll_into_view_if_needed()
        inner = table.locator(".dvn-scroller")
        assert inner.evaluate("one => one.scrollWidth - one.clientWidth") <= 1
