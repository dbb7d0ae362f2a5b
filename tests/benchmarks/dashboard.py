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
note explained before, the family, the type, the model that is explained. The
first change right after the first page, while the server is still loading the
other models, is timed apart; the rest wait until that is done.

Run it from the top folder: ``python -m tests.benchmarks.dashboard``.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from tests.benchmarks.reporting import conditions, watch_other_work
from tests.browser import find_chrome, open_browser, open_page, start_app

PATIENCE = 120_000  # ms
AIMS = {"picture": 1.5, "converged": 3.0, "cold": 12.0}  # s, for log_mel
TYPE_LABELS = {"log_mel": "Log-mel", "mfcc": "MFCC"}
OTHER_FAMILIES = ("guitar", "organ", "vocal", "brass", "mallet")
OTHER_MODELS = ("flute", "string", "reed", "bass", "keyboard")

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
    with ExitStack() as stack:
        stack.enter_context(watch_other_work())
        browser = stack.enter_context(open_browser(find_chrome()))
        print(f"browser: Chromium {browser.version}, headless, on the same machine")
        for run in range(1, asked.starts):
            _start(browser, asked.type, label=f"cold start {run}", stay=None)
        _start(
            browser,
            asked.type,
            label=f"cold start {asked.starts}",
            stay=lambda page: _changes(page, asked),
        )


def _start(browser: Browser, type: str, *, label: str, stay: Callable[[Page], None] | None) -> None:
    """Start a server, time its first page, and stay on it."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        page, errors = stack.enter_context(open_page(browser))
        page.set_default_timeout(PATIENCE)
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
        verdict = "reached" if picture <= AIMS["cold"] else "MISSED"
        print(
            f"\n{label}: answers {server.start_seconds:.2f} s, text {text:.2f} s, picture "
            f"{picture:.2f} s, converged {converged:.2f} s; aim {AIMS['cold']:.0f} s "
            f"to the picture {verdict}",
            flush=True,
        )
        if stay is not None:
            stay(page)
        for error in errors:
            print(f"the page complained: {error}")


def _changes(page: Page, asked: argparse.Namespace) -> None:
    notes = _options(page, "Note")
    early = _choose(page, "Note", 1)
    print(f"first change, other models still loading: {_said(early)}")
    print(
        f"then a rest of {asked.rest:.0f} s, for the server to load the other models\n", flush=True
    )
    time.sleep(asked.rest)
    print(f"{'change of':<34}{'n':>3}{'picture s':>22}{'converged s':>22}{'steps':>14}")

    fresh = [k for k in range(len(notes)) if k > 1]
    waits = [_choose(page, "Note", k) for k in fresh[: asked.changes]]
    second = asked.changes - len(waits)
    if second > 0:  # one family has fewer notes than changes asked for
        _choose(page, "Instrument family", "string")
        waits += [_choose(page, "Note", k) for k in range(1, 1 + second)]
        _choose(page, "Instrument family", "flute")  # and its first note
    else:
        _choose(page, "Note", 0)
    _row("note, never explained before", waits, judged=asked.type == "log_mel")

    _row("note, explained before", [_choose(page, "Note", k) for k in (1, *fresh[:4])])
    _row("family", [_choose(page, "Instrument family", f) for f in OTHER_FAMILIES])
    _row(
        "model that is explained", [_choose(page, "Explain the model of", f) for f in OTHER_MODELS]
    )
    _choose(page, "Explain the model of", 0)

    shown = _options(page, "Spectrogram")
    other = next((t for t, s in TYPE_LABELS.items() if t != asked.type and s in shown), None)
    if other is None:
        print(f"the set has no type beside {asked.type}: no change of type")
        return
    there, back = [], []
    for k in (1, 2, 3, 4, 5):  # of the last family, not explained before
        there.append(_choose(page, "Spectrogram", TYPE_LABELS[other]))
        _choose(page, "Note", k)
        back.append(_choose(page, "Spectrogram", TYPE_LABELS[asked.type]))
    _row(f"type, {asked.type} to {other}", there)
    _row(f"type, {other} to {asked.type}", back)


def _options(page: Page, label: str) -> list[str]:
    page.get_by_role("combobox", name=label).click()
    names = page.get_by_role("option").all_inner_texts()
    page.keyboard.press("Escape")
    return names


def _choose(page: Page, label: str, option: int | str) -> _Wait:
    """Choose an option, by its place or its name, and wait until the page has settled."""
    page.get_by_role("combobox", name=label).click()
    options = page.get_by_role("option")
    choice = options.nth(option) if isinstance(option, int) else options.filter(has_text=option)
    before = page.evaluate("bench.log[bench.log.length - 1].figure")
    choice.first.click()
    page.wait_for_function(SETTLED)
    clicked, log = page.evaluate("[bench.clicked, bench.log]")
    page.evaluate("bench.log.splice(0, bench.log.length - 1)")
    after: list[dict[str, Any]] = [entry for entry in log if entry["at"] > clicked]
    first = next(entry for entry in after if entry["figure"] not in ("", before))
    return _Wait((first["at"] - clicked) / 1e3, (log[-1]["at"] - clicked) / 1e3, log[-1]["badge"])


def _row(name: str, waits: list[_Wait], *, judged: bool = False) -> None:
    picture = np.array([wait.picture for wait in waits])
    converged = np.array([wait.converged for wait in waits])
    steps = np.array([wait.steps for wait in waits])
    within = sum(wait.within_one_percent for wait in waits)
    print(
        f"{name:<34}{len(waits):>3}{_median_and_worst(picture):>22}"
        f"{_median_and_worst(converged):>22}{f'{np.median(steps):.0f} (to {steps.max()})':>14}"
        + ("" if within == len(waits) else f"  only {within} of {len(waits)} within 1 %"),
        flush=True,
    )
    if judged:
        for what, times in (("picture", picture), ("converged", converged)):
            verdict = "reached" if times.max() <= AIMS[what] else "MISSED"
            print(f"    aim {AIMS[what]} s to {what}, worst of {len(waits)}: {verdict}")


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
    parser.add_argument("--type", default="log_mel", choices=tuple(TYPE_LABELS))
    parser.add_argument("--starts", type=int, default=3, help="cold starts (default 3)")
    parser.add_argument("--changes", type=int, default=10, help="changes of note (default 10)")
    parser.add_argument(
        "--rest", type=float, default=45.0, help="s, until all models are loaded (default 45)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
