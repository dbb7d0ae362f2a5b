"""How long a visitor waits: the dashboard in a real browser, from click to picture.

A server of its own with an empty cache, and a headless Chrome or Chromium, on
one machine: both share its cores. What is timed:

*Cold start*: from the start of the server's process. ``answers``: its first
answer to a health check. ``text``: the page's heading is on the screen.
``picture`` and ``converged``: as below. The system's file cache and Python's
byte code are as they are, warm unless this is the first start after a boot.

*A change*: from the click on an option of a selectbox, at the moment the
browser hands it to the page. ``picture``: the first frame in which the figure
holds new values (a digest of what Plotly drew last differs from that before
the click) and a drawn image in each of the four panels. ``converged``: the
last frame in which the figure or the badge changed, the badge then saying
"Completeness error" and not "First picture, refining"; known once the script
has ended and nothing has changed for half a second, which is not counted.
The page is looked at once a frame, after Plotly has drawn, so that a time is
late by at most one frame, 17 ms.

Changes: the note (never explained before: nothing of it is in the cache), a
note explained before, the family, the model that is explained; for each type
that is asked for. The first change right after the first page, while the server
is still loading the other models, is timed apart; the rest wait until that is
done.

*Page to page*: from the click on a link of the sidebar to the new page's title
and the first thing in which something can be chosen, or the table or figure
that it begins with; each page was opened before.

*Upload*: from the moment the browser has the file to the table of all
probabilities; a recording of 8 s, noise that no model has heard.

Run it from the top folder: ``python -m tests.benchmarks.dashboard``.
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from playwright.sync_api import Browser, Page

from tests.benchmarks.reporting import conditions, other_work_now
from tests.browser import choose, find_chrome, open_browser, open_page, start_app
from xai_core.catalogue.types import spectrogram_type
from xai_core.values import SPECTROGRAM_TYPES

VISITS = 3  # to each page
COLD = 12.0  # s, aim to the first picture of log-mel
PICTURE = {"log_mel": 1.0, "stft": 2.0}  # s, aims to the first picture
CONVERGED = {
    "log_mel": 2.5,
    **dict.fromkeys(("mfcc", "chroma", "spectral_contrast", "tonnetz"), 0.7),
}
SEEN, PAGE, UPLOAD = 0.4, 0.5, 4.0  # s, aims: something seen, page to page, sixty probabilities
OTHER_FAMILIES = ("guitar", "organ", "vocal", "brass", "mallet")
OTHER_MODELS = ("flute", "string", "reed", "bass", "keyboard")
PAGES = ("Compare", "Metrics", "Upload", "Models", "Learn", "Explore")

WATCH = """() => {
    const bench = {clicked: null, log: []};
    window.bench = bench;
    document.addEventListener('click', () => { bench.clicked = performance.now(); }, true);
    const panels = ['x', 'x2', 'x3', 'x4'];
    const digest = z => {  // of every value of a map
        let sum = 0, k = 0;
        for (const row of z) for (const value of row) sum += value * Math.sin(++k);
        return sum.toPrecision(9);
    };
    let drawn = null, figure = '';
    const look = now => {
        const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
            p => (p._fullData || []).some(t => t.type === 'heatmap'));
        if (!plot) {
            drawn = null;
            figure = '';
        } else if (plot._fullData !== drawn) {
            drawn = plot._fullData;
            const maps = panels.map(axis => drawn.filter(
                t => t.type === 'heatmap' && t.visible === true && t.xaxis === axis));
            const images = plot.querySelectorAll('.heatmaplayer image').length;
            const complete = maps.every(m => m.length > 0)
                && images >= maps.reduce((n, m) => n + m.length, 0);
            figure = complete ? maps.flat().map(t => digest(t.z)).join(' ') : '';
        }
        const badge = document.querySelector('.stMarkdownBadge')?.textContent || '';
        const last = bench.log[bench.log.length - 1];
        if (!last || last.figure !== figure || last.badge !== badge)
            bench.log.push({at: performance.now(), figure, badge});
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""

SETTLED = """() => {
    const {clicked, log} = window.bench, last = log[log.length - 1];
    return last && last.figure && last.badge.startsWith('Completeness error')
        && (clicked === null || last.at > clicked)
        && performance.now() - last.at > 500
        && document.querySelector('[data-test-script-state]').dataset.testScriptState
            === 'notRunning';
}"""


IDLE = "() => document.querySelector('[data-test-script-state=notRunning]')"
# Seconds from the click to the title of the new page and something to choose or to read
ARRIVED = """title => {
    const heading = [...document.querySelectorAll('h1')].some(h => h.innerText === title);
    const main = document.querySelector('[data-testid=stMain]');
    const fresh = [...main.querySelectorAll(
        '[data-testid=stSelectbox], [data-testid=stFileUploader], .js-plotly-plot, table'
    )].some(part => !part.closest('[data-stale=true]'));
    return heading && fresh && (performance.now() - bench.clicked) / 1e3;
}"""


@dataclass(frozen=True)
class _Wait:
    """What a visitor waited for one change, s, and what the badge said at the end."""

    picture: float
    converged: float
    badge: str

    @property
    def within_one_percent(self) -> bool:
        found = re.search(r"error ([\d.]+) %", self.badge)
        return found is not None and float(found.group(1)) <= 1.0

    @property
    def steps(self) -> int:
        found = re.search(r"(\d+) steps", self.badge)
        return int(found.group(1)) if found else 0


def main() -> None:
    """Start servers, drive the browser and print what was waited for."""
    asked = _arguments()
    print(conditions(("streamlit", "tensorflow-cpu", "plotly", "playwright")))
    print(other_work_now())
    with ExitStack() as stack:
        browser = stack.enter_context(open_browser(find_chrome()))
        print(f"browser: Chromium {browser.version}, headless, on the same machine")
        for run in range(1, asked.starts):
            _start(browser, asked.types[0], label=f"cold start {run}", stay=None)
        _start(
            browser,
            asked.types[0],
            label=f"cold start {asked.starts}",
            stay=lambda page: _visit(page, asked),
        )


def _start(browser: Browser, type: str, *, label: str, stay: Callable[[Page], None] | None) -> None:
    """Start a server, time its first page, and stay on it."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        page, errors = stack.enter_context(open_page(browser))
        page.add_init_script(f"({WATCH})()")
        began, began_wall = time.perf_counter(), time.time()
        server = stack.enter_context(start_app(Path(folder)))
        page.goto(f"{server.url}/?type={type}")
        page.wait_for_function(
            "() => [...document.querySelectorAll('h1')].some(h => h.innerText === 'TimbreLens')",
            polling="raf",
        )
        text = time.perf_counter() - began
        page.wait_for_function(SETTLED)
        origin = page.evaluate("performance.timeOrigin") / 1e3 - began_wall  # s
        log = page.evaluate("bench.log")
        picture = origin + next(entry["at"] for entry in log if entry["figure"]) / 1e3
        converged = origin + log[-1]["at"] / 1e3
        verdict = "reached" if picture <= COLD else "MISSED"
        print(
            f"\n{label}: answers {server.start_seconds:.2f} s, text {text:.2f} s, picture "
            f"{picture:.2f} s, converged {converged:.2f} s; aim {COLD:.0f} s "
            f"to the picture {verdict}",
            flush=True,
        )
        if stay is not None:
            stay(page)
        for error in errors:
            print(f"the page complained: {error}")


def _visit(page: Page, asked: argparse.Namespace) -> None:
    """Change what can be changed on Explore, go to every page, bring a recording."""
    early = _choose(page, "Note", 1)
    print(f"first change, other models still loading: {_said(early)}")
    print(
        f"then a rest of {asked.rest:.0f} s, for the server to load the other models\n", flush=True
    )
    time.sleep(asked.rest)
    print(f"{'change of':<34}{'n':>3}{'picture s':>22}{'converged s':>22}{'steps':>14}")
    for number, type in enumerate(asked.types):
        if number:
            _choose(page, "Spectrogram", spectrogram_type(type).label)
        _changes(page, type, asked.changes)
    _pages(page)
    _upload(page)


def _changes(page: Page, type: str, n: int) -> None:
    notes = len(_options(page, "Note"))
    waits = [_choose(page, "Note", k) for k in range(2, notes)][:n]
    _row(
        f"{type}: note, new",
        waits,
        picture=PICTURE.get(type, CONVERGED.get(type)),
        converged=CONVERGED.get(type),
    )
    seen = [_choose(page, "Note", k) for k in range(2, min(notes, 7))]
    _row(f"{type}: note, explained before", seen, converged=SEEN)
    _row(f"{type}: family", [_choose(page, "Instrument family", f) for f in OTHER_FAMILIES])
    _row(f"{type}: model", [_choose(page, "Explain the model of", f) for f in OTHER_MODELS])
    _choose(page, "Explain the model of", 0)
    _choose(page, "Instrument family", "flute")


def _pages(page: Page) -> None:
    times: dict[str, list[float]] = {name: [] for name in PAGES}
    for visit in range(1 + VISITS):  # at first each page is opened
        for name in PAGES:
            page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
            heading = "TimbreLens" if name == "Explore" else name
            took = page.wait_for_function(ARRIVED, arg=heading, polling="raf").json_value()
            page.wait_for_function(IDLE)
            if visit > 0:
                times[name].append(took)
    for name, took in times.items():
        print(f"page to page: {name:<10}{_median_and_worst(np.array(took))} s", flush=True)
    _judge("page to page", max(map(max, times.values())), PAGE, VISITS * len(times))


def _upload(page: Page) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name="Upload").click()
    page.get_by_text("Add a recording").wait_for()
    times = []
    for seed in range(5):
        content = io.BytesIO()
        noise = 0.1 * np.random.default_rng(seed).standard_normal(8 * 44_100)
        soundfile.write(content, noise, 44_100, format="WAV")
        began = time.perf_counter()
        page.locator("input[type=file]").set_input_files(
            {"name": "noise.wav", "mimeType": "audio/wav", "buffer": content.getvalue()}
        )
        page.wait_for_function(
            "() => document.querySelector('[data-testid=stDataFrame] canvas')", polling="raf"
        )
        times.append(time.perf_counter() - began)
        page.wait_for_function(IDLE)
        page.get_by_role("button", name="Remove it").click()
        page.get_by_text("Add a recording").wait_for()
    print(f"upload to the table: median {np.median(times):.2f} s, worst {max(times):.2f} s")
    _judge("the table of all probabilities", max(times), UPLOAD, len(times))


def _options(page: Page, label: str) -> list[str]:
    page.get_by_role("combobox", name=label).click()
    names = page.get_by_role("option").all_inner_texts()
    page.keyboard.press("Escape")
    return names


def _choose(page: Page, label: str, option: int | str) -> _Wait:
    """Choose an option, by its place or its name, and wait until the page has settled."""
    before = page.evaluate("bench.log[bench.log.length - 1].figure")
    choose(page, label, option)  # the last click counts
    page.wait_for_function(SETTLED)
    clicked, log = page.evaluate("[bench.clicked, bench.log]")
    page.evaluate("bench.log.splice(0, bench.log.length - 1)")
    after: list[dict[str, Any]] = [entry for entry in log if entry["at"] > clicked]
    first = next(entry for entry in after if entry["figure"] not in ("", before))
    return _Wait((first["at"] - clicked) / 1e3, (log[-1]["at"] - clicked) / 1e3, log[-1]["badge"])


def _row(
    name: str, waits: list[_Wait], *, picture: float | None = None, converged: float | None = None
) -> None:
    pictures = np.array([wait.picture for wait in waits])
    maps = np.array([wait.converged for wait in waits])
    steps = np.array([wait.steps for wait in waits])
    within = sum(wait.within_one_percent for wait in waits)
    print(
        f"{name:<34}{len(waits):>3}{_median_and_worst(pictures):>22}"
        f"{_median_and_worst(maps):>22}{f'{np.median(steps):.0f} (to {steps.max()})':>14}"
        + ("" if within == len(waits) else f"  only {within} of {len(waits)} within 1 %"),
        flush=True,
    )
    for what, times, aim in (("picture", pictures, picture), ("converged", maps, converged)):
        if aim is not None:
            _judge(what, times.max(), aim, len(waits))


def _judge(what: str, worst: float, aim: float, n: int) -> None:
    verdict = "reached" if worst <= aim else "MISSED"
    print(f"    aim {aim} s to {what}, worst of {n} {worst:.2f} s: {verdict}", flush=True)


def _median_and_worst(times: np.ndarray) -> str:
    return f"{np.median(times):.2f} (worst {times.max():.2f})"


def _said(wait: _Wait) -> str:
    return f"picture {wait.picture:.2f} s, converged {wait.converged:.2f} s ({wait.badge})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.dashboard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--types", nargs="+", default=["log_mel", "stft", "mfcc"], choices=SPECTROGRAM_TYPES
    )
    parser.add_argument("--starts", type=int, default=3, help="cold starts (default 3)")
    parser.add_argument("--changes", type=int, default=10, help="changes of note (default 10)")
    parser.add_argument(
        "--rest", type=float, default=45.0, help="s, until all models are loaded (default 45)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
