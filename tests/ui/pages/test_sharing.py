"""Saving and links: files arrive and load, links restore what was seen."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
import soundfile
from matplotlib.image import imread
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import AppServer, choose, open_page, open_popup, wait_for_idle, wait_for_layout
from tests.ui.pages.test_metrics import compute, open_metrics
from tests.ui.visit import visit
from xai_core.explanations.loaded_models import array_digest
from xai_core.figures.base.words import percent_text

RATE = 22_050  # Hz
START = 0.15  # s, three steps of the slider
GONE = "The recording of this link is not on this server any more"
KEEP = "Keep it and make a link"


def recording() -> bytes:
    t = np.arange(6 * RATE) / RATE
    y = 0.4 * np.sin(2 * np.pi * 330 * t) * np.exp(-t % 2)
    content = io.BytesIO()
    soundfile.write(content, y, RATE, format="FLAC")
    return content.getvalue()


# ------------------------------------------------------------------- without a browser


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: None) -> Callable[[], list[str]]:
    """Return what tells the digests of the recordings that a server without any keeps."""
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path))
    return lambda: [path.stem for path in tmp_path.glob("*.recording")]


@pytest.mark.usefixtures("pages")
def test_a_link_to_a_comparison_restores_both_sides() -> None:
    asked = {"type": "mfcc", "family": "reed", "family_b": "organ", "explain_b": "flute"}
    seen = visit("compare", method="grad_cam", **asked)
    (address,) = (one.value for one in seen.app.code)
    query = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    fresh = visit("compare", **query)
    assert fresh.shown("Explain the model of", place=1) == "flute"
    assert len(seen.metrics()) == 6
    assert fresh.metrics() == seen.metrics()


def test_a_link_is_taken_back_and_the_recording_stays_with_its_visitor(
    kept: Callable[[], list[str]],
) -> None:
    seen = visit("upload", type="mfcc", model="mallet", steps="8").upload(recording())
    seen.press(KEEP)
    (address,) = (one.value for one in seen.app.code)
    assert "model=mallet" in address
    assert "steps=8" in address
    assert kept() == [hashlib.sha256(recording()).hexdigest()]
    seen.press("Remove it from the server")
    assert seen.has_button(KEEP)
    assert seen.says("Why the MFCC model of mallet says so")
    assert kept() == []
    assert "upload" not in seen.address


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"upload": "../../../etc/passwd"}, "was it cut short?"),
        ({"upload": "A" * 64}, "was it cut short?"),
        ({"upload": "0" * 64, "start": "nan"}, GONE),
    ],
)
@pytest.mark.usefixtures("kept")
def test_a_link_that_leads_nowhere_is_a_sentence_and_the_page_works_on(
    query: dict[str, str], sentence: str
) -> None:
    seen = visit("upload", **query)
    assert seen.says(sentence)
    assert seen.says("Add a recording")


# ------------------------------------------------------------------------ in a browser


def go(page: Page, address: str) -> None:
    """Open an address and wait until its result is there."""
    page.goto(address)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the result is there and nothing runs: no part of the run before is left."""
    expect(link_button(page)).to_be_visible()
    wait_for_idle(page)


def link_button(page: Page) -> Locator:
    """Return the button that opens the link; the name of an icon is text of a button too."""
    return page.get_by_test_id("stPopoverButton").filter(has_text="Link")


def error_shown(page: Page) -> str:
    return page.get_by_text(re.compile("^Completeness error")).first.inner_text()


def save(page: Page, button: str, file: str, folder: Path) -> Path:
    """Download a file of a list; the list is left open."""
    wanted = page.get_by_role("button", name=file)
    if not wanted.is_visible():
        wait_for_layout(page.get_by_role("button", name=button))
    open_popup(page.get_by_role("button", name=button), wanted)
    with page.expect_download() as download:
        wanted.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def link(page: Page) -> str:
    """Return the address that the open list shows, or that of the list opened for it."""
    shown = page.get_by_test_id("stPopoverBody").locator("code")
    open_popup(link_button(page), page.get_by_test_id("stPopoverBody"))
    expect(shown).to_be_visible()
    return shown.inner_text().replace("\n", "")


def kept_on(server: AppServer) -> list[str]:
    """Return the digests of the recordings that a server keeps."""
    return [path.stem for path in (server.log_path.parent / "cache").glob("*.recording")]


# ---------------------------------------------------------------------------- files


@pytest.mark.browser
def test_files_of_a_map_arrive_and_agree_with_the_page(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    go(page, f"{server.url}/?type=mfcc&family=guitar&explain=organ&steps=16&rule=trapezoid")
    paths = {
        path.suffix: path
        for path in (
            save(page, "Save Integrated Gradients", file, tmp_path)
            for file in ("PNG)", "SVG)", "NPZ)", "JSON)", "WAV)")
        )
    }
    stems = {path.stem for path in paths.values()}
    assert len(stems) == 1
    assert re.fullmatch(r"guitar_\w+-\d+_mfcc_organ_integrated_gradients_[0-9a-f]{8}", stems.pop())
    assert imread(paths[".png"]).shape[:2] == (690, 1650)
    assert "<svg" in paths[".svg"].read_text("utf-8")[:1000]
    about = json.loads(paths[".json"].read_text("utf-8"))
    with np.load(paths[".npz"], allow_pickle=False) as arrays:
        attribution = arrays["attribution"]
        assert attribution.shape == arrays["spectrogram"].shape == (126, 40)
    assert array_digest(attribution) == about["attribution_sha256"]
    y, sr = soundfile.read(paths[".wav"], dtype="float32")
    assert (y.size, sr) == (64_000, 16_000)
    assert array_digest(y) == about["settings"]["note_sha256"]
    assert about["settings"]["rule"] == "trapezoid"
    assert f"error {100 * about['completeness']['error']:.2f} %, map error" in error_shown(page)
    assert error_shown(page).endswith(", 16 steps")
    said = percent_text(about["probability"])
    expect(
        page.get_by_text(re.compile(f"“Is it organ[?]” It says (yes|no), {said}"))
    ).to_be_visible()
    page.keyboard.press("Escape")
    cam = save(page, "Save Grad-CAM", "NPZ)", tmp_path)
    with np.load(cam, allow_pickle=False) as arrays:
        assert arrays["attribution"].min() >= 0.0
    assert "Traceback" not in server.log


@pytest.mark.browser
def test_files_of_a_comparison_arrive_and_agree(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    go(page, f"{server.url}/compare?type=mfcc&family_b=organ&method=grad_cam")
    names = ("PNG)", "NPZ)", "JSON)", "Sound of B (WAV)")
    png, npz, text, wav = (save(page, "Save this comparison", name, tmp_path) for name in names)
    assert imread(png).shape[:2] == (690, 2100)
    about = json.loads(text.read_text("utf-8"))
    with np.load(npz, allow_pickle=False) as arrays:
        a, b = arrays["a"].astype(np.float64), arrays["b"].astype(np.float64)
        np.testing.assert_allclose(arrays["difference"], a - b, rtol=1e-6, atol=1e-9)
    assert about["scores"]["difference_mean"] == pytest.approx(np.abs(a - b).mean())
    y, _ = soundfile.read(wav, dtype="float32")
    assert array_digest(y) == about["b"]["settings"]["note_sha256"]
    assert "Traceback" not in server.log


# ---------------------------------------------------------------------------- links


@pytest.mark.browser
def test_a_link_restores_note_model_settings_and_result(
    page: Page, server: AppServer, browser: Browser
) -> None:
    go(page, f"{server.url}/?type=mfcc")
    note = page.get_by_role("combobox", name="Note")
    choose(page, "Note", 3)
    page.wait_for_function("() => location.search.includes('note=')")
    settle(page)
    page.get_by_text("Advanced settings").click()
    choose(page, "Steps", "32")
    expect(page.get_by_text(re.compile("^Completeness error .*, 32 steps")).first).to_be_visible()
    settle(page)
    address = link(page)
    assert "type=mfcc" in address
    assert "steps=32" in address
    assert "note=" in address
    with open_page(browser) as (fresh, errors):
        go(fresh, address)
        other = fresh.get_by_role("combobox", name="Note")
        expect(other).to_have_value(note.input_value())
        assert error_shown(fresh) == error_shown(page)
        assert link(fresh) == address
    assert errors == []


def bring(page: Page, name: str = "My tone (1).flac") -> str:
    content = recording()
    file = {"name": name, "mimeType": "audio/flac", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)
    settle(page)
    return hashlib.sha256(content).hexdigest()


@pytest.mark.browser
def test_a_recording_is_kept_for_a_link_alone_and_can_be_removed(
    page: Page, server: AppServer, browser: Browser, tmp_path: Path
) -> None:
    page.goto(f"{server.url}/upload?type=mfcc&model=reed&steps=16")
    expect(page.get_by_text("nowhere else, unless you ask for a link")).to_be_visible()
    digest = bring(page)
    slider = page.get_by_role("slider").first
    for _ in range(3):
        slider.press("ArrowRight")
    expect(page.get_by_text(f"took {START:.2f} to {START + 4:.2f} s")).to_be_visible()
    settle(page)
    about = json.loads(save(page, "Save Grad-CAM", "JSON)", tmp_path).read_text("utf-8"))
    assert about["start"] == pytest.approx(START)
    assert about["note"] == "My tone (1)"
    page.keyboard.press("Escape")
    open_popup(link_button(page), page.get_by_role("button", name=KEEP))
    assert kept_on(server) == []  # not before the visitor asks
    page.get_by_role("button", name=KEEP).click()
    address = link(page)
    settle(page)
    assert kept_on(server) == [digest]
    assert f"upload={digest}" in address
    assert "tone" not in address  # the file's name stays with its visitor
    with open_page(browser) as (fresh, errors):
        go(fresh, address)
        expect(fresh.get_by_text(f"took {START:.2f} to {START + 4:.2f} s")).to_be_visible()
        expect(fresh.get_by_text("Why the MFCC model of reed says so")).to_be_visible()
        assert error_shown(fresh) == error_shown(page)
        fresh.get_by_role("button", name="Remove it", exact=False).first.click()
        expect(fresh.get_by_text("Add a recording")).to_be_visible()
        expect(fresh.get_by_text(GONE)).to_have_count(0)
        assert kept_on(server) == []
        fresh.goto(address)
        expect(fresh.get_by_text(GONE)).to_be_visible()
        bring(fresh)  # the page works on
        expect(fresh.get_by_text(GONE)).to_have_count(0)
        assert "upload=" not in fresh.url
    assert errors == []
    assert kept_on(server) == []
    assert "Traceback" not in server.log


# -------------------------------------------------------------------------- metrics


@pytest.mark.browser
def test_distances_arrive_as_tables_and_a_picture(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_metrics(page, server)
    compute(page, page.get_by_text(re.compile("^Finished")))
    settle(page)
    csv, parquet, png = (
        save(page, "Save", name, tmp_path) for name in ("Table (CSV)", "(Parquet)", "(PNG)")
    )
    assert re.fullmatch(r"distances_tonnetz_grad_cam_[0-9a-f]{8}\.csv", csv.name)
    tables = pd.read_csv(csv), pd.read_parquet(parquet)
    assert len(tables[0]) == len(tables[1]) > 0
    np.testing.assert_allclose(tables[0]["emd"], tables[1]["emd"])
    assert imread(png).shape[1] == 1650
    assert "Traceback" not in server.log
