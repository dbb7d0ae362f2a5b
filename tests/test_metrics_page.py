"""The Metrics page in a real browser: boxes that fill, stop, come back at once, and open pairs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import AppServer
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

QUERY = "?type=chroma&method=grad_cam&notes=4"


@pytest.fixture(scope="module")
def server(app_server: StartApp) -> AppServer:
    return app_server()


def open_metrics(page: Page, server: AppServer, query: str = QUERY) -> None:
    page.goto(f"{server.url}/metrics{query}")
    expect(page.get_by_text("Show every pair as a point")).to_be_visible()


def test_deep_link_as_the_first_request_of_a_fresh_server(app_server: StartApp, page: Page) -> None:
    fresh = app_server(environ={"TIMBRELENS_TEST": "deep link to metrics"})
    open_metrics(page, fresh, "?type=mfcc&notes=8")
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    expect(page.get_by_role("combobox", name="How many notes")).to_have_value("8 notes a family")
    expect(page.get_by_text("Press Compute")).to_be_visible()
    assert "Traceback" not in fresh.log


def test_boxes_fill_and_what_is_finished_comes_at_once(page: Page, server: AppServer) -> None:
    open_metrics(page, server)
    page.get_by_role("button", name="Compute").click()
    finished = page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))
    expect(finished).to_be_visible()
    said = re.search(r"\d+", finished.inner_text())
    assert said is not None
    assert int(said.group()) <= 10 * 6  # ten families, four notes each; empty maps are left out
    boxes = page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .filter(plot => plot._fullData && plot.textContent.includes('Jensen-Shannon'))
            .map(plot => plot._fullData.filter(t => t.type === 'box').length)[0]"""
    ).json_value()
    assert 4 <= boxes <= 40  # four panels, at most ten families each
    expect(page.get_by_role("heading", name="Medians")).to_be_visible()
    expect(page.get_by_role("heading", name="What the paper says")).to_be_visible()
    page.reload()  # a new session: nothing but the cache is left
    expect(finished).to_be_visible()
    assert "Traceback" not in server.log


# The middle of a point of the first family's first pair, in pixels of the window
POINT = """() => {
    const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
        plot => plot._fullData?.some(t => t.customdata?.[0]?.length === 4));
    if (!plot) return null;
    const trace = plot._fullData.find(t => t.customdata?.[0]?.length === 4);
    const [x, y] = [trace._xA ?? plot._fullLayout.xaxis, trace._yA ?? plot._fullLayout.yaxis];
    const box = plot.getBoundingClientRect();
    return {
        x: box.left + x._offset + x.d2p(trace.x[0]),
        y: box.top + y._offset + y.d2p(trace.y[0]),
        notes: trace.customdata[0].slice(2),
    };
}"""


def test_a_click_on_a_point_leads_to_its_pair(page: Page, server: AppServer) -> None:
    open_metrics(page, server)
    start = page.get_by_role("button", name=re.compile("Compute|Continue"))
    finished = page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))
    expect(start.or_(finished)).to_be_visible()
    if start.is_visible():
        start.click()
    expect(finished).to_be_visible()
    page.get_by_text("Show every pair as a point").click()
    page.wait_for_function(f"() => ({POINT})() !== null")
    page.wait_for_timeout(1_500)  # ms, until the figure stays where it is
    point = page.evaluate(POINT)
    page.mouse.move(point["x"] - 40, point["y"])
    page.mouse.move(point["x"], point["y"], steps=4)
    page.wait_for_timeout(300)  # ms; Plotly takes a click for the point that it hovers over
    page.mouse.click(point["x"], point["y"])
    one, other = point["notes"]
    opens = page.get_by_role("link", name=f"Compare {one} with {other}")
    expect(opens).to_be_visible()
    opens.click()
    expect(page.get_by_text("How far apart they are")).to_be_visible()
    assert f"note={one}" in page.url
    assert f"note_b={other}" in page.url
    assert "method=grad_cam" in page.url
    assert "Traceback" not in server.log


def test_statements_stand_as_the_plots_do(page: Page, server: AppServer) -> None:
    open_metrics(page, server)
    start = page.get_by_role("button", name=re.compile("Compute|Continue"))
    heading = page.get_by_role("heading", name="What the paper says")
    expect(start.or_(heading)).to_be_visible()
    if start.is_visible():
        start.click()
    expect(heading).to_be_visible()
    boxes = {}
    for name in ("Difference Mean", "Kullback-Leibler divergence", "Earth Mover's Distance"):
        place = page.locator("strong").filter(has_text=re.compile(f"^{name}$")).first.bounding_box()
        assert place is not None
        boxes[name] = place
    left, right, below = boxes.values()
    assert left["y"] == right["y"] < below["y"]
    assert left["x"] < right["x"] == below["x"]


def test_unknown_choices_in_the_address_are_ignored(page: Page, server: AppServer) -> None:
    open_metrics(page, server, "?type=kazoo&method=../..&notes=999999")
    expect(page.get_by_role("combobox", name="How many notes")).to_have_value("6 notes a family")
    assert "Traceback" not in server.log
