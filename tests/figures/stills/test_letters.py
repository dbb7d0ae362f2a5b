"""Names in pictures: a font that has their letters, or without them and one note."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.image import imread

from tests.figures.hand_made import integrated_gradients, zeros
from xai_core.figures.stills import maps
from xai_core.figures.stills.charts import audit_png
from xai_core.figures.stills.maps import comparison_png, legible

JAPANESE = "フルート"
IN_STIX = "\u1d81"  # a letter of a font that comes with Matplotlib, and not of DejaVu Sans


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    legible.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    legible.cache_clear()


@pytest.fixture
def only_the_usual_font(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = [one for one in font_manager.fontManager.ttflist if one.name == maps.USUAL]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", usual)


def compared(a: str, b: str) -> bytes:
    values = zeros("chroma")
    values[:9] = 1.0
    one = integrated_gradients("chroma", values)
    return comparison_png(one, one, integrated_gradients("chroma", 0 * values), names=(a, b))


def audited(source: str) -> bytes:
    counts = {"flute": {source: 3}}
    medians = {"Peak (dBFS)": {source: -3.0}}
    return audit_png(counts, {"flute": {60: 3}}, {}, medians, title=f"Audit of {source}")


@pytest.mark.usefixtures("only_the_usual_font")
def test_letters_without_a_font_are_left_out_with_one_note(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        drawn = compared(f"{JAPANESE} C4", "E4")
    assert len(caplog.records) == 1
    assert JAPANESE in {"".join(c for c in JAPANESE if c in caplog.text)}
    np.testing.assert_array_equal(
        imread(io.BytesIO(drawn)), imread(io.BytesIO(compared(" C4", "E4")))
    )
    audited(f"{JAPANESE}[1]")  # no warning is an error here


def test_a_font_that_has_them_draws_them(caplog: pytest.LogCaptureFixture) -> None:
    found = legible(f"a{IN_STIX}", "b")
    assert found.texts == (f"a{IN_STIX}", "b")
    assert found.fonts == (maps.USUAL, "STIXGeneral")
    with_it, without = compared(f"a{IN_STIX}", "b"), compared("a", "b")
    assert caplog.records == []
    assert not np.array_equal(imread(io.BytesIO(with_it)), imread(io.BytesIO(without)))
    audited(IN_STIX)


def test_usual_names_are_drawn_as_ever() -> None:
    assert legible("Müller [2], Ω 5 %") == maps.Legible(("Müller [2], Ω 5 %",), None)


def test_dollars_are_no_formula() -> None:
    compared("$x^{$", "5 $ and 6 $")  # which would be an error of Matplotlib's
    assert legible("$a", "_b").texts == (r"\$a", "\u200b_b")


def test_a_font_that_cannot_be_read_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usual = [one for one in font_manager.fontManager.ttflist if one.name == maps.USUAL]
    broken = SimpleNamespace(name="Noto Sans CJK JP")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [*usual, broken])
    monkeypatch.setattr(
        maps, "_path_of", lambda name: __file__ if name == broken.name else usual[0].fname
    )
    assert legible(f"{JAPANESE}4").texts == ("4",)
    assert len(caplog.records) == 1
