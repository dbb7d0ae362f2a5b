"""A deep link to each page works as the first thing that a fresh process draws."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.few_models import link_models
from tests.forked import run_forked

# Explore is opened so in a browser, by tests/ui/pages/test_explore.py
DRAW = """
import json, sys
from tests.ui.visit import visit

page, query = json.loads(sys.argv[1])
seen = visit(page, **query)
shown = {box.label: seen.shown(box.label) for box in reversed(seen.app.selectbox)}
print(json.dumps({"title": seen.app.title[0].value, "shown": shown, "texts": seen.texts}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "query", "shown", "said"),
    [
        (
            "compare",
            {"type": "mfcc", "family": "organ", "family_b": "reed", "method": "grad_cam"},
            {"Instrument family": "organ", "Method": "Grad-CAM"},
            "How far apart they are",
        ),
        (
            "metrics",
            {"type": "mfcc", "notes": "8"},
            {"Spectrogram": "MFCC", "How many notes": "8 notes a family"},
            "Press *Compute*",
        ),
        (
            "models",
            {"type": "mfcc", "family": "organ"},
            {"Spectrogram": "MFCC", "Family": "organ"},
            "What it learnt from",
        ),
        (
            "learn",
            {"step": "cam", "family": "organ"},
            {"Step": "4 · Grad-CAM", "Instrument family": "organ"},
            "speaks against organ",
        ),
        ("upload", {"type": "mfcc"}, {}, "Add a recording"),
        (
            "listen",
            {"type": "mfcc", "family": "organ", "tool": "change", "edit": "0,1,200,300,mute"},
            {"Spectrogram": "MFCC", "Instrument family": "organ"},
            "of what speaks for organ",
        ),
        (
            "trust",
            {"type": "mfcc", "family": "organ"},
            {"Spectrogram": "MFCC", "Instrument family": "organ", "Method": "Integrated Gradients"},
            "at naming what the model needs",
        ),
    ],
)
def test_deep_link_as_the_first_page_of_a_fresh_process(
    page: str, query: dict[str, str], shown: dict[str, str], said: str, tmp_path: Path
) -> None:
    models = link_models(tmp_path / "models", ["mfcc"])
    places = {"TIMBRELENS_MODELS": str(models), "TIMBRELENS_CACHE": str(tmp_path / "cache")}
    done = run_forked("-c", DRAW, json.dumps([page, query]), environ=places)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["title"] == page.capitalize()
    assert shown.items() <= seen["shown"].items()
    assert any(said in text for text in seen["texts"])
