"""The dashboard as a visitor meets it: a server of its own and a real browser.

Conventions
-----------
Tests and benchmarks share this module; `conftest.py` only wraps it in
fixtures. Run as a program (``python -m tests.browser``) it prints the browser
that it found, or the sentence that helps, with exit status 1. Servers listen
on 127.0.0.1 alone, each on a port and with a cache of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    FloatRect,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as BrowserTimeout

__all__ = [
    "CLICKS",
    "NO_CHROME",
    "PATIENCE",
    "TAKEN",
    "AppServer",
    "NoChromeError",
    "choose",
    "click_point",
    "find_chrome",
    "open_browser",
    "open_page",
    "open_popup",
    "start_app",
    "wait_for_idle",
    "wait_for_layout",
    "wait_for_rest",
]

Found = TypeVar("Found")

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT = 90.0  # s, far above a cold start on two busy cores
STOP_TIMEOUT = 15.0  # s
MEASURES = 360  # at most, half a second each, until a layout stands still
CLICKS = 8  # at most, until a list opens or takes one
PATIENCE = 240_000  # ms for what has to show; twenty notes explained on two busy cores
TAKEN = 6_000  # ms that a click has to show, on two busy cores
LOCAL = ("127.0.0.1", "localhost")
# At the address of a page, Streamlit's browser code first asks beneath it for the server
# and is told 404, then one level higher: this is how it finds out where the app begins.
LOOKING_FOR_SERVER = re.compile(r"//[^/]+/[^/]+/_stcore/(health|host-config)$")

CHROME_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
CHROME_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
CHROME_FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NO_CHROME = (
    "the browser tests need a Chrome or Chromium, and none was found that runs: install one "
    "(Debian: apt-get install chromium; anywhere: .venv/bin/python -m playwright install "
    "chromium), or name one in TIMBRELENS_CHROME"
)


class NoChromeError(RuntimeError):
    """No browser for the browser tests; the message is the sentence that helps."""


def find_chrome(environ: Mapping[str, str] = os.environ) -> Path:
    """Return a Chrome or Chromium that runs.

    Parameters
    ----------
    environ : mapping
        Where ``TIMBRELENS_CHROME`` and ``PATH`` are read. A browser named in
        ``TIMBRELENS_CHROME`` is taken, or refused, without looking further.

    Raises
    ------
    NoChromeError
        If there is none, or the one named does not run.
    """
    named = environ.get("TIMBRELENS_CHROME")
    if named:
        if _runs(named):
            return Path(named)
        raise NoChromeError(f"TIMBRELENS_CHROME names {named}, which does not run as a browser")
    for candidate in _candidates(environ):
        if _runs(candidate):
            return Path(candidate)
    raise NoChromeError(NO_CHROME)


@contextmanager
def open_browser(chrome: Path) -> Iterator[Browser]:
    """Open a headless browser, and close it at the end; Playwright waits as long as we do."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chrome, args=list(CHROME_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """Open a page in a fresh context, and gather what goes wrong in it.

    Yields
    ------
    page : Page
        With no cookies, no storage and a window of 1440 x 900.
    errors : list of str
        Grows with each uncaught exception, each console error, and each
        request to another machine: the dashboard works without a network.
    """
    errors: list[str] = []

    def watch(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in LOCAL:
            errors.append(f"request: {request.url}")

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not LOOKING_FOR_SERVER.search(
            message.location.get("url", "")
        ):
            errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(f"exception: {error}"))
        page.on("console", hear)
        page.on("request", watch)
        yield page, errors
    finally:
        context.close()


def open_popup(button: Locator, popup: Locator) -> None:
    """Open what a button opens; a click while the page is drawn anew can be lost.

    Parameters
    ----------
    button : Locator
        What a visitor clicks.
    popup : Locator
        What is visible when it is open; a second click would close it.

    Raises
    ------
    AssertionError
        If it stays closed however often the button is clicked.
    """
    for _ in range(CLICKS):
        if popup.is_visible():
            return
        button.click()
        try:
            expect(popup).to_be_visible(timeout=TAKEN)
        except AssertionError:
            continue
        return
    raise AssertionError("it stays closed whatever is clicked")


def wait_for_idle(page: Page) -> None:
    """Wait until the server runs nothing for the page and the page has drawn what came."""
    idle = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(idle).to_have_count(1)
    wait_for_layout(page.get_by_test_id("stMain"))
    expect(idle).to_have_count(1)


def wait_for_layout(*places: Locator) -> list[FloatRect]:
    """Wait until elements stay where they are, and say where.

    Figures above them grow as the browser draws them: a list that was opened
    before would be carried out of the window, beyond any scrolling.
    """

    def boxes() -> list[FloatRect] | None:
        found = [box for place in places if (box := place.bounding_box()) is not None]
        return found if len(found) == len(places) else None

    return wait_for_rest(places[0].page, boxes)


def wait_for_rest(page: Page, measure: Callable[[], Found | None]) -> Found:
    """Wait until something is measured and is the same again after half a second."""
    before = None
    for _ in range(MEASURES):
        now = measure()
        if now is not None and now == before:
            return now
        before = now
        page.wait_for_timeout(500)  # ms
    raise AssertionError(f"expected a page that comes to rest, measured {before} last")


def click_point(page: Page, x: float, y: float) -> None:
    """Click a point of a figure: Plotly takes a click for what it hovers over by then."""
    hovered = page.locator(".js-plotly-plot .hoverlayer .hovertext")
    page.mouse.move(5, 5)
    expect(hovered).to_have_count(0)
    for _ in range(CLICKS):
        page.mouse.move(x - 30, y)
        page.mouse.move(x, y, steps=4)
        try:
            expect(hovered.first).to_be_attached(timeout=TAKEN)
        except AssertionError:
            continue
        page.mouse.click(x, y)
        return
    raise AssertionError(f"the figure shows nothing at {x}, {y}")


def choose(page: Page, label: str, option: str | int, *, place: int = 0) -> None:
    """Pick an option of a list; a list can close, and a click be lost, while the page is drawn.

    Parameters
    ----------
    page : Page
        Where the list is.
    label : str
        Its label; with `place`, for the first, second, ... list of that label.
    option : str or int
        The option's text, whole, or its place.

    Raises
    ------
    AssertionError
        If the list does not take the option however often it is clicked.
    """
    # found by its attribute: to work out every role keeps the page from its own work
    options = page.locator("[role=option]")
    if isinstance(option, int):
        wanted = options.nth(option)
    else:
        wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(CLICKS):
        open_popup(page.get_by_role("combobox", name=label).nth(place), options.first)
        try:
            wanted.click(timeout=TAKEN)
            expect(options.first).to_be_hidden(timeout=TAKEN)
        except (AssertionError, BrowserTimeout):
            continue
        return
    raise AssertionError(f"the list {label!r} does not take {option!r}")


@dataclass(frozen=True)
class AppServer:
    """A running dashboard.

    Parameters
    ----------
    url : str
        Address of the first page, without a slash at the end.
    log_path : Path
        Where the server's output goes, both streams together.
    start_seconds : float
        From the start of the process to its first healthy answer, in seconds.
    """

    url: str
    log_path: Path
    start_seconds: float

    @property
    def log(self) -> str:
        """What the server has printed so far, without its colours."""
        printed = self.log_path.read_text(encoding="utf-8", errors="replace")
        return re.sub(r"\x1b\[[0-9;]*m", "", printed)


@contextmanager
def start_app(
    folder: Path, *, script: Path = ROOT / "app.py", environ: Mapping[str, str] | None = None
) -> Iterator[AppServer]:
    """Start the dashboard on a free port, and stop it at the end.

    Parameters
    ----------
    folder : Path
        Gets the log and, unless `environ` places it elsewhere, the cache.
    script : Path
        What Streamlit runs.
    environ : mapping, optional
        Environment variables on top of the present ones.

    Raises
    ------
    RuntimeError
        If the server ends, or does not answer within 90 s; with its log.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log_path = folder / f"server-{port}.log"
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    command.append("--server.fileWatcherType=none")  # an edit would stop a page in mid-run
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    own = {"TIMBRELENS_CACHE": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    began = time.perf_counter()
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **own, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_healthy(process, url, log_path)
        yield AppServer(url, log_path, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, log_path: Path) -> None:
    deadline = time.perf_counter() + START_TIMEOUT
    while time.perf_counter() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    state = "ended" if process.poll() is not None else "did not answer in time"
    raise RuntimeError(f"the dashboard {state}; its log:\n{log_path.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _runs(chrome: str) -> bool:
    # Ubuntu has a chromium-browser that only says where to get one.
    try:
        done = subprocess.run([chrome, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "Chrom" in done.stdout


def _candidates(environ: Mapping[str, str]) -> Iterator[str]:
    for name in CHROME_NAMES:
        found = shutil.which(name, path=environ.get("PATH", os.defpath))
        if found:
            yield found
    yield from CHROME_PLACES
    with sync_playwright() as playwright:  # the one that Playwright may have downloaded
        yield playwright.chromium.executable_path


if __name__ == "__main__":
    try:
        print(find_chrome())
    except NoChromeError as error:
        sys.exit(str(error))
