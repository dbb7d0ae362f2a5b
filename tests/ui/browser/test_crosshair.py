"""What the pointer is over in one panel, shown in the others: where it is, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass

import librosa
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browser.bare import draw_figure, open_bare, send, tone
from tests.ui.browser.listening import NEAR, look
from tests.ui.pages.test_explore import panels
from xai_core.features import extract
from xai_core.figures import explore_panels
from xai_core.figures.base.scales import bin_positions

pytestmark = pytest.mark.browser

ACROSS, DOWN = 0.3, 0.62  # of a panel, where the pointer is
SHOWN = """() => [...document.querySelectorAll('.crosshair > div')]
    .filter(part => part.checkVisibility())
    .map(part => [part.getBoundingClientRect(), part.textContent])
    .map(([b, text]) => [b.left, b.top, b.width, b.height, text])"""


# px in the window of a time and a place on the bin axis of the first panel
WHERE = """([time, bin]) => {
    const { xaxis, yaxis } = document.querySelector('#figures')._fullLayout;
    const box = document.querySelector('#figures .svg-container').getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.c2p(time), box.top + yaxis._offset + yaxis.c2p(bin)];
}"""


@dataclass(frozen=True)
class Shown:
    """What lies over the panels: px of upright and level lines, and what the tags say."""

    uprights: tuple[float, ...]
    levels: tuple[tuple[float, float, float], ...]  # left, top, width
    tags: tuple[str, ...]


def point_at(page: Page, panel: int) -> tuple[float, float]:
    """Bring the pointer over a panel, from 0; return its place in the window."""
    left, top, width, height = look(page).panels[panel]
    x, y = left + ACROSS * width, top + DOWN * height
    page.mouse.move(x - 9, y - 9)
    page.mouse.move(x, y)
    return x, y


def shown(page: Page) -> Shown:
    parts = page.evaluate(SHOWN)
    return Shown(
        tuple(left + width / 2 for left, _, width, _, text in parts if width < 2 and not text),
        tuple((left, top, width) for left, top, width, height, text in parts if height < 2),
        tuple(text for *_, text in parts if text),
    )


def plotly_says(page: Page) -> Locator:
    return panels(page).locator(".hoverlayer .hovertext")


def test_the_other_panels_show_the_time_and_the_bin_of_the_pointer(explore: Page) -> None:
    _, y = point_at(explore, 0)
    seen, found = look(explore), shown(explore)
    first, last = seen.range
    time = first + ACROSS * (last - first)
    assert found.uprights == pytest.approx([seen.x(time, k) for k in (1, 2, 3)], abs=NEAR)
    assert [left for left, *_ in found.levels] == pytest.approx(
        [seen.panels[k][0] for k in (2, 3)], abs=NEAR
    )
    assert [top for _, top, _ in found.levels] == pytest.approx([y, y], abs=NEAR)
    assert [width for *_, width in found.levels] == pytest.approx(
        [seen.panels[k][2] for k in (2, 3)], abs=NEAR
    )


def test_tags_say_what_plotly_says_in_their_panels(explore: Page) -> None:
    point_at(explore, 0)
    tags = shown(explore).tags
    assert len(tags) == 2
    for panel, tag in ((2, tags[0]), (3, tags[1])):
        assert tag.endswith(" logit")
        point_at(explore, panel)
        expect(plotly_says(explore)).to_contain_text(tag.removeprefix("−"))
        said = (plotly_says(explore).text_content() or "").replace("-", "−")
        assert said.endswith(tag)


@pytest.mark.parametrize("type", ["stft", "log_mel"])
def test_pointing_at_a_bin_says_second_hertz_note_and_value(page: Page, type: str) -> None:
    open_bare(page, figures=True)
    send(page, tone(440.0))
    note = extract(tone(440.0), type)
    draw_figure(page, explore_panels(note, None, {}))
    page.wait_for_function("document.querySelector('#figures[tabindex]')")
    said = page.locator(".hoverlayer .hovertext")
    for frequency, named in ((440.0, True), (2093.0, True), (6000.0, False)):
        row = int(np.abs(note.bins.values - frequency).argmin())
        page.mouse.move(5, 5)
        expect(said).to_have_count(0, timeout=20_000)
        page.mouse.move(*page.evaluate(WHERE, [2.0, float(bin_positions(note.bins)[row])]))
        expect(said).to_have_count(1, timeout=20_000)
        text = said.text_content() or ""
        found = re.fullmatch(r"([\d.]+) s, (\d+) Hz(?: \((.+)\))?-?[\d.]+ dB ?", text)
        assert found, text
        assert float(found[1]) == pytest.approx(2.0, abs=0.05)
        assert float(found[2]) == pytest.approx(frequency, abs=60.0)  # a pixel is 24 Hz high
        nearest = str(librosa.hz_to_note(float(found[2]), unicode=True))
        assert found[3] == (nearest if named else None)


def test_over_the_feature_maps_only_the_time_is_shared(explore: Page) -> None:
    point_at(explore, 1)
    found = shown(explore)
    assert len(found.uprights) == 3
    assert not found.levels
    assert not found.tags


def test_it_goes_with_the_pointer_and_keeps_out_of_a_zoom(explore: Page) -> None:
    x, y = point_at(explore, 0)
    assert shown(explore).uprights
    explore.mouse.down()
    explore.mouse.move(x + 40, y)
    assert not shown(explore).uprights
    explore.mouse.up()
    explore.wait_for_function(
        "() => [...document.querySelectorAll('.js-plotly-plot')].some("
        "plot => plot.layout?.meta?.playhead && plot.layout.xaxis.range[0] > 0.5)"
    )
    zoomed = look(explore)
    assert zoomed.range[0] > 0.5
    point_at(explore, 0)
    first, last = zoomed.range
    time = first + ACROSS * (last - first)
    assert shown(explore).uprights == pytest.approx(
        [zoomed.x(time, k) for k in (1, 2, 3)], abs=NEAR
    )
    explore.mouse.move(5, 5)
    assert not shown(explore).uprights
