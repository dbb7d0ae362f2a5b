"""Fixtures for tests that drive the dashboard; the work is done in `browser.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import (
    AppServer,
    NoChromeError,
    find_chrome,
    open_browser,
    open_page,
    start_app,
)
from tests.few_models import link_models

StartApp = Callable[..., AppServer]

TESTS = Path(__file__).parent
TOGETHER = ("cli/", "ui/pages/")  # rooms whose tests share fixtures, or models in memory
LARGE = ("ui/pages/", "model_sets/test_train.py", "test_shipped_models.py", "test_image.py")
LARGE += ("training/test_stage.py", "study/test_run.py", "test_grid_cluster.py")  # groups


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests together that share what is costly: a server and a browser, or a file's fixtures.

    The largest groups come first: what is left at the end should be small.
    """
    items.sort(key=lambda item: (not in_a_browser(item), group_of(item) not in LARGE))
    for item in items if config.pluginmanager.hasplugin("xdist") else ():
        item.add_marker(pytest.mark.xdist_group(group_of(item)))


def group_of(item: pytest.Item) -> str:
    """Return the group of a test: those in a browser, its room, or its file."""
    if in_a_browser(item):
        return "browser"
    file = item.path.relative_to(TESTS).as_posix()
    return next((room for room in TOGETHER if file.startswith(room)), file)


def in_a_browser(item: pytest.Item) -> bool:
    return item.get_closest_marker("browser") is not None


@pytest.fixture(scope="session")
def chrome_path() -> Path:
    """Return a Chrome or Chromium; a test that asks for it fails without one."""
    try:
        return find_chrome()
    except NoChromeError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def browser(chrome_path: Path) -> Iterator[Browser]:
    """Open a browser for a file: what Playwright leaves in the thread ends with the file."""
    with open_browser(chrome_path) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, servers: list[AppServer], fresh_server: StartApp) -> Iterator[Page]:
    """Open a page of a fresh visitor; fail when its scripts fail or complain, or a server does.

    It closes before the test's own servers stop.
    """
    before = {server.url: len(server.log) for server in servers}
    with open_page(browser) as (opened, errors):
        yield opened
        opened.wait_for_timeout(100)  # ms, for what is still on its way from the browser
    for server in servers:
        log = server.log[before.get(server.url, 0) :]
        if "Traceback" in log:
            errors.append(f"the server's log: {log[log.index('Traceback') :]}")
    if errors:
        pytest.fail("the page reported errors:\n" + "\n".join(errors), pytrace=False)


@pytest.fixture(scope="session")
def servers() -> list[AppServer]:
    """Return the dashboards that tests have started so far."""
    return []


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, servers: list[AppServer]
) -> Iterator[AppServer]:
    """Start the one dashboard that most tests visit, with the models of a few types.

    What its visitors compute and which models they load stays for those who follow.
    """
    folder = tmp_path_factory.mktemp("server")
    few = {"TIMBRELENS_MODELS": str(link_models(folder / "models"))}
    with start_app(folder, environ=few) as started:
        servers.append(started)
        yield started


@pytest.fixture
def fresh_server(
    tmp_path_factory: pytest.TempPathFactory, servers: list[AppServer]
) -> Iterator[StartApp]:
    """Start dashboards of a test's own: ``fresh_server(environ={...}, script=...)``.

    Each has a port and a cache of its own, and stops when the test ends.
    """
    with ExitStack() as stack:

        def start(
            *, environ: Mapping[str, str] | None = None, script: Path | None = None
        ) -> AppServer:
            folder = tmp_path_factory.mktemp("server")
            scripts = {} if script is None else {"script": script}
            started = stack.enter_context(start_app(folder, environ=environ, **scripts))
            servers.append(started)
            return started

        yield start
