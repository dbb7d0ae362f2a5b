"""How the dashboard bears visitors who click at the same time: 1, 5 and 10 of them.

One server with an empty cache and one headless Chrome or Chromium, on one
machine: both share its cores, and the browser takes a good part of them. Each
visitor is a browser context of its own, with a seed of its own, who again and
again changes the note, the family or the explained model on Explore, or brings a
recording of its own to Upload, and waits until the page has settled before the
next click.

Printed for each number of visitors: clicks, the median and the 95th percentile
of the time from a click to the finished page, the server's resident memory, and
everything that went wrong: an error on a page or in a console, a traceback in the
server's log, or a page that shows another visitor's recording (each recording has
a name and a length that no other has).

Run it from the top folder: ``python -m tests.benchmarks.visitors``; with
``--minutes`` for a longer soak, whose memory is printed each minute.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import soundfile
from playwright.sync_api import Page

from tests.benchmarks.reporting import conditions, other_work_now
from tests.browser import AppServer, choose, find_chrome, open_browser, open_page, start_app
from xai_core.values import FAMILIES

TYPES = ("MFCC", "Log-mel", "Chroma")
DEEDS = {"note": 0.4, "family": 0.2, "model": 0.2, "type": 0.1, "upload": 0.1}  # odds
RATE = 16_000  # Hz
SHOWN = 6  # options of a list that are surely drawn
NOTHING = 2.0  # s without a run of the page: the choice was the one that was there
# In the browser, so that no visitor's time has the clicks of another in it
WATCH = """() => {
    window.load = {began: null, ran: false, took: null};
    window.begin = () => Object.assign(load, {began: performance.now(), ran: false, took: null});
    document.addEventListener('click', window.begin, true);
    new MutationObserver(() => {
        const app = document.querySelector('[data-testid=stApp]');
        const idle = app?.dataset.testScriptState === 'notRunning';
        if (load.began === null) return;
        if (!idle) load.ran = true;
        load.took = idle && load.ran ? (performance.now() - load.began) / 1e3 : null;
    }).observe(document, {subtree: true, childList: true, attributes: true,
        attributeFilter: ['data-test-script-state']});
}"""


@dataclass
class _Visitor:
    """One browser context and what befell it."""

    number: int
    page: Page
    server: AppServer
    errors: list[str]
    rng: np.random.Generator
    waits: list[float] = field(default_factory=list)
    clicked_at: float | None = None

    def click(self) -> None:
        """Do one thing, at random."""
        what = self.rng.choice(list(DEEDS), p=list(DEEDS.values()))
        if what == "upload":
            self.upload()
            return
        if not self.page.url.startswith(f"{self.server.url}/?"):
            self.page.goto(f"{self.server.url}/?type=mfcc")
            self.page.get_by_text("Save Grad-CAM").wait_for()
        if what == "note":
            choose(self.page, "Note", int(self.rng.integers(0, SHOWN)))
        elif what == "family":
            choose(self.page, "Instrument family", str(self.rng.choice(FAMILIES)))
        elif what == "model":
            choose(self.page, "Explain the model of", int(self.rng.integers(0, SHOWN)))
        else:
            choose(self.page, "Spectrogram", str(self.rng.choice(TYPES)))
        self.clicked_at = time.perf_counter()

    def upload(self) -> None:
        """Bring a recording that no other visitor has."""
        self.page.goto(f"{self.server.url}/upload?type=mfcc")
        self.page.get_by_text("Add a recording").wait_for()
        seconds = 4 + self.number / 10
        y = 0.1 * self.rng.standard_normal(int(seconds * RATE))
        content = io.BytesIO()
        soundfile.write(content, y, RATE, format="WAV")
        file = {"name": self.name, "mimeType": "audio/wav", "buffer": content.getvalue()}
        self.page.evaluate("begin()")
        self.page.locator("input[type=file]").set_input_files(file)
        self.clicked_at = time.perf_counter()
        self.page.get_by_text(f"{self.name}, {seconds:.1f} s").wait_for()

    @property
    def name(self) -> str:
        return f"visitor-{self.number}.wav"

    def has_settled(self) -> bool:
        """Whether the last click's page is finished; notes how long it took."""
        if self.clicked_at is None:
            return True
        load = self.page.evaluate("load")
        if load["took"] is None:
            if load["ran"] or time.perf_counter() - self.clicked_at < NOTHING:
                return False
        else:
            self.waits.append(load["took"])
        self.clicked_at = None
        self.look()
        return True

    def look(self) -> None:
        """Note what a page should not show."""
        text = self.page.locator("[data-testid=stMain]").inner_text()
        for other in range(100):
            if other != self.number and f"visitor-{other}.wav" in text:
                self.errors.append(f"visitor {self.number} sees the recording of {other}")
        for bad in ("fault of TimbreLens", "the server is busy"):
            if bad in text:
                self.errors.append(f"visitor {self.number} reads: {bad}")


def main() -> None:
    """Let visitors in, more and more, and print how they fared."""
    asked = _arguments()
    print(conditions(("streamlit", "tensorflow-cpu", "playwright")))
    print(other_work_now())
    print("visitors clicks  median s  95 % s  server MB  wrong")
    with ExitStack() as stack:
        browser = stack.enter_context(open_browser(find_chrome()))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(start_app(Path(folder)))
        for n in asked.visitors:
            with ExitStack() as visit:
                pages = [visit.enter_context(open_page(browser)) for _ in range(n)]
                visitors = list(_arrive(pages, server))
                _click(visitors, server, minutes=asked.minutes)
                _report(visitors, server)


def _arrive(pages: list[tuple[Page, list[str]]], server: AppServer) -> Iterator[_Visitor]:
    for number, (page, errors) in enumerate(pages):
        page.add_init_script(f"({WATCH})()")
        page.goto(f"{server.url}/?type=mfcc")
        page.get_by_text("Save Grad-CAM").wait_for()
        yield _Visitor(number, page, server, errors, np.random.default_rng(number))


def _click(visitors: list[_Visitor], server: AppServer, *, minutes: float) -> None:
    end = time.perf_counter() + 60 * minutes
    told = time.perf_counter()
    while time.perf_counter() < end:
        for visitor in visitors:
            if visitor.has_settled():
                visitor.click()
        visitors[0].page.wait_for_timeout(20)  # ms
        if minutes > 3 and time.perf_counter() - told > 60:
            told = time.perf_counter()
            clicks = sum(len(visitor.waits) for visitor in visitors)
            print(f"  {clicks:>5} clicks, {_memory(server):.0f} MB", flush=True)
    for visitor in visitors:
        while not visitor.has_settled():
            visitor.page.wait_for_timeout(50)  # ms


def _report(visitors: list[_Visitor], server: AppServer) -> None:
    waits = np.concatenate([visitor.waits for visitor in visitors])
    errors = [error for visitor in visitors for error in visitor.errors]
    if "Traceback" in server.log:
        errors.append("a traceback in the server's log")
    print(
        f"{len(visitors):>8} {waits.size:>6} {np.median(waits):>9.2f} "
        f"{np.percentile(waits, 95):>7.2f} {_memory(server):>10.0f}  {len(errors)}",
        flush=True,
    )
    for error in dict.fromkeys(errors):
        print(f"    {error}")


def _memory(server: AppServer) -> float:
    """Return the resident memory of the server and its children, in MB."""
    port = server.url.rsplit(":", 1)[1]
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "streamlit" in command and port in command:
            family = [process, *process.children(recursive=True)]
            return float(sum(one.memory_info().rss for one in family)) / 1e6
    return float("nan")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.visitors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--visitors", nargs="+", type=int, default=[1, 5, 10])
    parser.add_argument("--minutes", type=float, default=1.5, help="each number (default 1.5)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
