"""Models that cannot be used are left out of the pages, which say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.networks.broken_models import BROKEN, write_broken_models
from tests.ui.visit import Visit, visit
from xai_core.values import FAMILIES


def left_out(seen: Visit) -> list[str]:
    return [text for text in seen.texts if "Left out: The" in text]


@pytest.mark.usefixtures("pages")
def test_pages_go_on_without_broken_models_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_broken_models(tmp_path)
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path))
    seen = visit(type="mfcc", explain="organ")
    assert seen.says("Completeness error")
    for family in BROKEN:
        assert any(f"of {family}" in text for text in left_out(seen))
    offered = {option.split(" ")[0] for option in seen.options("Explain the model of")}
    assert offered == set(FAMILIES) - set(BROKEN)
    seen = visit("compare", type="mfcc", method="grad_cam")
    assert seen.says("How far apart they are")
    assert left_out(seen)
    seen = visit(type="chroma")
    assert seen.says("Explained below: the flute model.")
    assert not left_out(seen)
