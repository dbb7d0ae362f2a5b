"""The Listen page: what a map keeps, boxes that are changed, and two notes at once."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from tests.browser import AppServer, choose, open_popup, wait_for_layout
from tests.ui.pages.test_upload import tone
from tests.ui.visit import Visit, visit
from xai_core.audio import load, load_note, to_wav
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import explain, predict
from xai_core.explanations.hearing import canvas_of, evidence_inside, hear, level_matched
from xai_core.explanations.mixing import shares_of_mix, tipping
from xai_core.figures.base.words import percent_text
from xai_core.figures.maps.listening import answer_change
from xai_core.listening import Fades, apply_mask, edits_mask, mix, parse_edits
from xai_core.places import samples_folder
from xai_core.ui.parts.hearing import WAY, heard_sentence
from xai_core.values import Waveform

EDITS = "0.39,2.00,402,520,solo,harmonics;2.20,3.61,2404,4029,-6"
TABLE = "What all models say"
PANEL = "Draw a box here"


def first_note(family: str) -> NoteRecord:
    return next(one for one in read_collection(samples_folder()) if one.family == family)


def mfcc_says(sound: Waveform, family: str) -> float:
    return predict(sound, types=["mfcc"]).probabilities["mfcc"][family]


def cells(seen: Visit) -> list[list[str]]:
    """Return the texts of the map of all answers."""
    figure = seen.figure("Percent before and after")
    (texts,) = (trace["text"] for trace in figure.traces("heatmap"))
    return [list(row) for row in texts]


# ------------------------------------------------------------------- without a browser


@pytest.mark.usefixtures("pages")
def test_what_the_map_keeps_is_played_and_judged() -> None:
    seen = visit("listen", type="mfcc", family="guitar", kept="30")
    record = first_note("guitar")
    heard = hear(explain(record.path, type="mfcc", family="guitar"), part="for", share=0.3)
    note = load_note(record.path)
    sound, gain = level_matched(heard.sound, note)
    assert seen.sound == to_wav(note, right=sound)
    assert seen.says(heard_sentence(heard, part="for", family="guitar", gain=gain))
    assert seen.says("is shown for up to half of the evidence")  # as docs/benchmarks.md has it
    assert seen.metrics()["Drop"] == percent_text(heard.kept.drop)
    assert seen.metrics()["Increase"] == ("yes" if heard.kept.increase else "no")
    change = answer_change(mfcc_says(note, "guitar"), mfcc_says(heard.sound, "guitar"))
    assert seen.says(f"The MFCC model of guitar: {change}")
    (values,) = seen.figure("What speaks for it").heatmaps().values()
    np.testing.assert_array_equal(values.T != 0, heard.mask > 0)
    seen.choose("Hear", "the note without what speaks for it")
    assert seen.address["hear"] == "rest"
    assert seen.says("to what is missing, ")


@pytest.mark.usefixtures("pages")
def test_boxes_of_a_link_change_the_sound_and_the_answers() -> None:
    seen = visit("listen", type="mfcc", tool="change", edit=EDITS)
    note, edits = load_note(first_note("flute").path), parse_edits(EDITS)
    changed = apply_mask(note, edits_mask(edits))
    assert seen.sound == to_wav(note, right=changed)
    inside = np.any([one.inside for one in edits], axis=0)
    explanation = explain(note, type="mfcc", family="flute")
    held = evidence_inside(canvas_of(explanation), inside)
    assert seen.says(f"hold {percent_text(held[0])} of what speaks for flute and ")
    assert seen.says(f"{percent_text(held[1])} of what speaks against it")
    before, after = (predict(one) for one in (note, changed))
    types = list(before.probabilities)
    for row, family in zip(cells(seen), before.probabilities["mfcc"], strict=True):
        for cell, type in zip(row, types, strict=False):
            old, new = (100 * one.probabilities[type][family] for one in (before, after))
            assert cell == f"{old:.0f} → {new:.0f}"
    assert seen.figure(PANEL).layout["meta"]["boxes"] is True
    assert parse_edits(seen.address["edit"]) == edits
    assert [one.proto.label for one in seen.app.get("download_button")] == [
        "The changed sound (WAV)",
        "Answers before and after (CSV)",
        "Change, answers, digests (JSON)",
    ]


@pytest.mark.usefixtures("pages")
def test_without_a_box_the_page_says_how_to_draw_one() -> None:
    seen = visit("listen", type="mfcc", tool="change")
    assert seen.says("Drag over the map to draw a box")
    assert cells(seen)[0][0].split(" → ")[0] == cells(seen)[0][0].split(" → ")[1]
    assert "edit" not in seen.address


@pytest.mark.parametrize("edit", ["0,5,100,200,mute", "louder", "0,1,100,200,99"])
@pytest.mark.usefixtures("pages")
def test_boxes_that_cannot_be_are_left_out_with_a_message(edit: str) -> None:
    seen = visit("listen", type="mfcc", tool="change", edit=edit)
    assert seen.says("The address names something under “Boxes” that is not here")
    assert seen.says("Drag over the map to draw a box")


@pytest.mark.usefixtures("pages")
def test_a_note_of_which_nothing_is_left_is_said_so() -> None:
    seen = visit("listen", type="mfcc", tool="change", edit="0,4,0,8000,mute")
    assert seen.says("Nothing is left to hear: change a box.")


@pytest.mark.usefixtures("pages")
def test_two_notes_are_mixed_and_the_verdict_tips_along_the_level() -> None:
    query = {"family_with": "guitar", "level": "-6", "at": "0.5", "in_b": "0.5"}
    seen = visit("listen", type="mfcc", tool="mix", **query)
    first, second = (load_note(first_note(family).path) for family in ("flute", "guitar"))
    fades = (Fades(), Fades(into=0.5))
    mixed, louder = mix(first, second, level=-6.0, start=0.5, fades=fades)
    assert seen.sound == to_wav(first, right=mixed)
    change = answer_change(mfcc_says(first, "flute"), mfcc_says(mixed, "flute"))
    assert seen.says(f"The MFCC model of flute: {change}")
    shares = shares_of_mix(explain(mixed, type="mfcc", family="flute"), louder)
    assert seen.says(f"{percent_text(shares.evidence)} of what speaks for flute lies where")
    assert seen.says(f"which has {percent_text(shares.energy)} of the energy")
    curve = tipping(first, second, type="mfcc", start=0.5, fades=fades)
    best = curve.families[int(curve.probabilities[:, 0].argmax())]
    assert seen.says(f"At −30 dB {best}" if curve.tips else f"{best} is the most probable at every")
    for tip in curve.tips:
        assert seen.says(f"at {tip.level:.1f} dB to {tip.after}".replace("-", "−"))
    lines = {one["name"]: one["y"] for one in seen.figure("Level of the second").traces("scatter")}
    np.testing.assert_allclose(lines["organ"], 100 * curve.probabilities[6], atol=1e-3)


@pytest.mark.usefixtures("pages")
def test_a_second_note_of_the_visitors_own_is_mixed_in() -> None:
    seen = visit("listen", type="mfcc", tool="mix", family_with="file")
    assert not seen.figures
    seen.upload(tone(3.0))
    assert seen.says(re.compile("The MFCC model of flute: "))
    silence = io.BytesIO()
    soundfile.write(silence, np.zeros(64_000), 16_000, format="WAV")
    seen.upload(silence.getvalue())
    assert seen.says(re.compile("silent|silence"))


@pytest.mark.usefixtures("pages")
def test_the_visitors_own_recording_is_taken_along_from_upload() -> None:
    seen = visit("upload", type="mfcc", model="reed").upload(tone(7.0), name="tone.flac")
    assert WAY in [one.proto.label for one in seen.app.main.get("page_link")]
    seen.app.switch_page("pages/listen.py")
    seen.app.query_params["sound"] = "own"
    seen.run()
    assert seen.shown("Sound") == "tone.flac"
    assert seen.shown("Explain the model of") == "reed"
    assert seen.says(re.compile("The MFCC model of reed: "))
    seen.choose("Sound", "a note of the collection")
    assert seen.shown("Instrument family") == "flute"


# ------------------------------------------------------------------------ in a browser


def panel(page: Page) -> Locator:
    return page.locator(".js-plotly-plot").filter(has_text=PANEL).last  # the one with the boxes


def boxes_drawn(page: Page) -> Locator:
    """Return the overlay of the panel, which counts its boxes."""
    return panel(page).locator("svg.boxes")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over the panel, from and to shares of its width and height, from above."""
    panel(page).scroll_into_view_if_needed()
    box = wait_for_layout(panel(page).locator(".nsewdrag").first)[0]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


def headline(page: Page) -> str:
    return page.get_by_role("heading", name="The MFCC model of flute").inner_text()


@pytest.mark.browser
def test_a_box_is_drawn_changed_undone_linked_and_saved(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    page.goto(f"{server.url}/listen?type=mfcc&tool=change")
    expect(page.get_by_text("Drag over the map to draw a box")).to_be_visible()
    expect(page.get_by_text("All types together")).to_be_visible()
    panel(page).scroll_into_view_if_needed()
    whole = headline(page)
    drag(page, (0.1, 0.75), (0.5, 0.97))
    expect(page.get_by_text(re.compile("The box holds"))).to_be_visible()
    expect(page).to_have_url(re.compile("edit="))
    muted = headline(page)
    assert muted != whole
    expect(boxes_drawn(page)).to_have_attribute("data-count", "1")
    edit = page.evaluate("new URLSearchParams(location.search).get('edit')")
    (drawn,) = parse_edits(edit)
    assert (drawn.start, drawn.end) == pytest.approx((0.4, 2.0), abs=0.05)
    assert (drawn.low, drawn.high) == pytest.approx((240, 2000), abs=60)
    note = load_note(first_note("flute").path)
    changed = apply_mask(note, edits_mask([drawn]))
    expect(page.get_by_role("heading", name="The MFCC model of flute")).to_contain_text(
        answer_change(mfcc_says(note, "flute"), mfcc_says(changed, "flute"))
    )

    choose(page, "A box that is drawn is", "made 12 dB softer")
    drag(page, (0.6, 0.1), (0.8, 0.3))
    expect(page).to_have_url(re.compile("%2C-12"))
    expect(page.get_by_text(re.compile("The boxes hold"))).to_be_visible()
    expect(boxes_drawn(page)).to_have_attribute("data-count", "2")
    choose(page, "A box that is drawn is", "played alone")
    drag(page, (0.55, 0.4), (0.9, 0.9))
    expect(page).to_have_url(re.compile("%2C-12%3B.*solo"))  # the second one and the third
    expect(boxes_drawn(page)).to_have_attribute("data-count", "3")
    page.get_by_role("button", name="Undo").click()
    expect(boxes_drawn(page)).to_have_attribute("data-count", "2")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile("The box holds"))).to_be_visible()
    expect(page.get_by_role("heading", name="The MFCC model of flute")).to_have_text(muted)
    assert page.evaluate("new URLSearchParams(location.search).get('edit')") == edit

    link, code = page.get_by_role("button", name="Link"), page.get_by_test_id("stCode")
    open_popup(link, code)
    assert "edit=" in code.inner_text()
    page.keyboard.press("Escape")
    save = page.get_by_role("button", name="Save", exact=True)
    row = page.get_by_role("button", name="Change, answers, digests (JSON)")
    open_popup(save, row)
    with page.expect_download() as download:
        row.click()
    about = json.loads(Path(download.value.path()).read_text())
    assert about["change"]["edits"] == [edit]
    with page.expect_download() as download:
        page.get_by_role("button", name="The changed sound (WAV)").click()
    np.testing.assert_array_equal(load(Path(download.value.path()).read_bytes()).y, changed.y)


@pytest.mark.browser
def test_the_way_from_explore_takes_note_and_model_along(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/?type=mfcc&family=organ&explain=reed")
    page.get_by_role("link", name=WAY).click()
    expect(page.get_by_role("heading", name="Listen", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="The MFCC model of reed")).to_be_visible()
    expect(page).to_have_url(re.compile("family=organ"))
    expect(page.get_by_text("All types together")).to_be_visible()
    page.get_by_role("radio", name="Two notes at once").click()
    expect(page).to_have_url(re.compile("tool=mix"))
    expect(
        page.get_by_text(re.compile("the verdict tips|most probable at every level"))
    ).to_be_visible()
    curves = page.locator(".js-plotly-plot").filter(has_text="Level of the second note").last
    expect(curves.locator(".scatterlayer .js-line")).to_have_count(10)
