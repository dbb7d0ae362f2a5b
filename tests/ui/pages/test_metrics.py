"""The Metrics page in a real browser: boxes that fill, stop, come back at once, and open pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as BrowserTimeout

from tests.browser import (
    CLICKS,
    PATIENCE,
    TAKEN,
    AppServer,
    choose,
    start_app,
    wait_for_layout,
    wait_for_rest,
)
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

QUERY = "?type=chroma&method=grad_cam&notes=4"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, servers: list[AppServer]
) -> Iterator[AppServer]:
    """Start a dashboard that has compared nothing yet."""
    with start_app(tmp_path_factory.mktemp("server")) as started:
        servers.append(started)
        yield started


def main_button(page: Page, name: str) -> Locator:
    """Find a button by its words, without its icon; the one of all types has others."""
    label = re.compile(rf"(^|\s)({name})( \(|$)")
    return page.get_by_test_id("stMain").get_by_role("button", name=label)


def open_metrics(page: Page, server: AppServer, query: str = QUERY) -> None:
    page.goto(f"{server.url}/metrics{query}")
    expect(page.get_by_text("Show every pair as a point")).to_be_visible()


def compute(page: Page, done: Locator) -> None:
    """Press Compute unless `done` shows without it: an earlier test can have filled the cache."""
    start = main_button(page, "Compute|Continue")
    for _ in range(CLICKS):
        expect(start.or_(done)).to_be_visible()
        if done.is_visible():
            return
        try:  # the button goes while the page finds out that all is in the cache
            start.click(timeout=TAKEN)
            expect(start).to_be_hidden(timeout=TAKEN)
        except (AssertionError, BrowserTimeout):
            continue
        break
    expect(done).to_be_visible()


def test_deep_link_as_the_first_request_of_a_fresh_server(
    fresh_server: StartApp, page: Page
) -> None:
    fresh = fresh_server()
    open_metrics(page, fresh, "?type=mfcc&notes=8")
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    expect(page.get_by_role("combobox", name="How many notes")).to_have_value("8 notes a family")
    expect(page.get_by_text("Press Compute")).to_be_visible()
    assert "Traceback" not in fresh.log


def test_boxes_fill_and_what_is_finished_comes_at_once(page: Page, server: AppServer) -> None:
    open_metrics(page, server)
    main_button(page, "Compute").click()
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


def test_what_was_paused_or_given_up_goes_on(page: Page, server: AppServer) -> None:
    open_metrics(page, server, "?type=log_mel&method=grad_cam&notes=6")
    main_button(page, "Compute").click()
    pause = main_button(page, "Pause")
    expect(pause).to_be_visible()
    page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')].some(
            plot => plot._fullData?.some(trace => trace.type === 'box' && trace.q1?.length))"""
    )
    pause.click()
    go_on = page.get_by_role("button", name=re.compile(r"Continue \([1-9] of 10 families"))
    expect(go_on).to_be_visible()
    main_button(page, "Cancel").click()
    expect(page.get_by_text("Press Compute")).to_be_visible()
    expect(main_button(page, "Compute")).to_be_visible()
    page.reload()  # a new session finds what was finished
    expect(go_on).to_be_visible()
    go_on.click()
    expect(page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))).to_be_visible()
    assert "Traceback" not in server.log


@pytest.mark.timeout(900)  # s; fifty models are loaded, two hundred notes explained
def test_all_types_at_a_glance_are_computed_on_demand(page: Page, server: AppServer) -> None:
    open_metrics(page, server, "?type=tonnetz&method=grad_cam&notes=4")
    finished = page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))
    compute(page, finished)
    expect(page.get_by_role("heading", name="All types at a glance")).to_be_visible()
    rest = page.get_by_role("button", name="Compute the types that are missing")
    rest.click()
    expect(rest).to_be_hidden()
    page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')].some(
            plot => plot._fullData?.some(t => t.type === 'heatmap' && t.z?.length === 10
                && t.z.every(row => row.length === 6 && [...row].some(Number.isFinite))))""",
        timeout=4 * PATIENCE,
    )
    expect(page.get_by_text("Explaining and comparing notes")).to_be_hidden()
    expect(main_button(page, "Pause")).to_be_hidden()
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
    # what Compare would go on with
    page.goto(f"{server.url}/?type=chroma&explain=organ&layer=conv2d_3")
    expect(page.get_by_role("combobox", name="Explain the model of")).to_have_value("organ")
    page.get_by_role("link", name="Metrics").click()
    expect(page.get_by_text("Show every pair as a point")).to_be_visible()
    choose(page, "Method", "Grad-CAM")
    choose(page, "How many notes", "4 notes a family")
    compute(page, page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes")))
    page.get_by_text("Show every pair as a point").click()
    point = wait_for_rest(page, lambda: page.evaluate(POINT))
    page.mouse.move(point["x"] - 40, point["y"])
    page.mouse.move(point["x"], point["y"], steps=4)
    page.wait_for_timeout(300)  # ms; Plotly takes a click for the point that it hovers over
    page.mouse.click(point["x"], point["y"])
    one, other = point["notes"]
    expect(page.get_by_text("How far apart they are")).to_be_visible()
    assert f"note={one}" in page.url
    assert f"note_b={other}" in page.url
    assert "method=grad_cam" in page.url
    assert "explain=organ" not in page.url
    assert "layer=" not in page.url
    for side in ("A", "B"):
        family = re.escape(one.split("_")[0])
        expect(page.get_by_text(re.compile(f"^{side}: the {family} model says"))).to_be_visible()
    page.get_by_role("link", name="Metrics").click()  # and the click is not done again
    expect(page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))).to_be_visible()
    page.wait_for_timeout(1_000)  # ms
    assert "/metrics" in page.url
    assert "Traceback" not in server.log


def test_statements_stand_as_the_plots_do(page: Page, server: AppServer) -> None:
    open_metrics(page, server)
    compute(page, page.get_by_role("heading", name="What the paper says"))
    left, right, below = wait_for_layout(
        *(
            page.locator("strong").filter(has_text=re.compile(f"^{name}$")).first
            for name in ("Difference Mean", "Kullback-Leibler divergence", "Earth Mover's Distance")
        )
    )
    assert left["y"] == right["y"] < below["y"]
    assert left["x"] < right["x"] == below["x"]


def test_unknown_choices_in_the_address_are_ignored(page: Page, server: AppServer) -> None:
    open_metrics(page, server, "?type=kazoo&method=../..&notes=999999")
    expect(page.get_by_role("combobox", name="How many notes")).to_have_value("6 notes a family")
    assert "Traceback" not in server.log
