"""What the pointer is over in one panel, shown in the others: where it is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browser.listening import NEAR, look
from tests.ui.pages.test_explore import panels

pytestmark = pytest.mark.browser

ACROSS, DOWN = 0.3, 0.62  # of a panel, where the pointer is
SHOWN = """() => [...document.querySelectorAll('.crosshair > div')]
    .filter(part => part.checkVisibility())
    .map(part => [part.getBoundingClientRect(), part.textContent])
    .map(([b, text]) => [b.left, b.top, b.width, b.height, text])"""


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
