"""Models that are missing, cut short or altered: each disables its own choice, and no more."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import AppServer, open_popup
from tests.conftest import StartApp
from xai_core import predict, store
from xai_core.errors import ModelError
from xai_core.places import ROOT, samples_folder
from xai_core.values import FAMILIES

NOTE = next(iter(sorted(samples_folder().rglob("flute*.flac"))))


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of models in which four of the MFCC set are broken."""
    folder = tmp_path / "models"
    for type in ("mfcc", "chroma"):
        shutil.copytree(ROOT / "models/starter" / type, folder / "starter" / type)
    mfcc = folder / "starter/mfcc"
    (mfcc / "flute/model.keras").write_bytes(b"altered")
    os.truncate(mfcc / "organ/model.keras", 1_000)
    (mfcc / "reed/model.keras").unlink()
    card = json.loads((mfcc / "vocal/card.json").read_text("utf-8"))
    (mfcc / "vocal/card.json").write_text(json.dumps(card)[:100], "utf-8")
    monkeypatch.setenv("TIMBRELENS_MODELS", str(folder))
    return folder


BROKEN = ("flute", "organ", "reed", "vocal")


def test_each_fault_is_found_with_its_reason(broken: Path) -> None:
    faults = store.find_faults()
    assert set(faults) == {("mfcc", family) for family in BROKEN}
    assert "SHA-256 differs" in faults["mfcc", "flute"]
    assert "altered or cut short" in faults["mfcc", "organ"]
    assert "cannot be read: No such file" in faults["mfcc", "reed"]
    assert "the card of the mfcc model of vocal cannot be read" in faults["mfcc", "vocal"]


def test_a_model_that_was_put_right_is_no_fault_any_more(broken: Path) -> None:
    assert ("mfcc", "flute") in store.find_faults()
    good = ROOT / "models/starter/mfcc/flute/model.keras"
    shutil.copy(good, broken / "starter/mfcc/flute/model.keras")
    assert ("mfcc", "flute") not in store.find_faults()


def test_shipped_models_have_no_fault() -> None:
    assert store.find_faults() == {}


def test_others_answer_without_the_broken_ones(broken: Path) -> None:
    # Another than the first where that one was loaded before it was altered.
    with pytest.raises(ModelError, match=f"of ({'|'.join(BROKEN)})"):
        predict(NOTE, types=["mfcc"])
    found = predict(NOTE, without=store.find_faults()).by_type()
    assert set(found["mfcc"]) == set(FAMILIES) - set(BROKEN)
    assert set(found["chroma"]) == set(FAMILIES)


@pytest.mark.browser
def test_the_dashboard_goes_on_without_them_and_says_why(
    broken: Path, page: Page, fresh_server: StartApp
) -> None:
    server: AppServer = fresh_server(environ={"TIMBRELENS_MODELS": str(broken)})
    page.goto(f"{server.url}/?type=mfcc&explain=organ")
    expect(page.get_by_text("Save Grad-CAM")).to_be_visible()
    for family in BROKEN:
        expect(page.get_by_text("Left out: The").filter(has_text=f"of {family}")).to_be_visible()
    options = page.get_by_role("option")
    open_popup(page.get_by_role("combobox", name="Explain the model of"), options.first)
    offered = {text.split(" ")[0] for text in options.all_inner_texts()}
    assert offered == set(FAMILIES) - set(BROKEN)
    page.goto(f"{server.url}/compare?type=mfcc&method=grad_cam")
    expect(page.get_by_text("How far apart they are")).to_be_visible()
    expect(page.get_by_text("Left out: The").first).to_be_visible()
    page.goto(f"{server.url}/?type=chroma")
    expect(page.get_by_text("Explained below: the flute model.")).to_be_visible()
    expect(page.get_by_text("Left out: The")).to_have_count(0)
    assert "Traceback" not in server.log
