"""The pages as a visitor reads them, run in this process without a browser.

Conventions
-----------
A :class:`Visit` is one visitor's session. It tells what stands on the page: texts,
the values of lists, the figures as they are sent to the browser. What a browser
makes of them (drawing, dragging, zooming, downloading) is tested in a browser.
Models that one visit has loaded stay in memory for the next.
"""

from __future__ import annotations

import base64
import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime import Runtime
from streamlit.testing.v1 import AppTest

from xai_core.ui.browser import boxes, history, player, segment_picker
from xai_core.ui.shell.faults import FAULT

__all__ = ["Figure", "Visit", "visit"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0  # s, for a run that loads and compiles models on two busy cores
TEXTS = ("markdown", "caption", "info", "warning", "error", "success", "toast", "subheader", "text")


@dataclass(frozen=True)
class Figure:
    """A Plotly figure as it is sent to the browser."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]
    alt: str

    @property
    def text(self) -> str:
        """All that is written in it, a line each."""
        return "\n".join([*_words(self.data), *_words(self.layout), self.alt])

    def traces(self, kind: str) -> list[dict[str, Any]]:
        return [trace for trace in self.data if trace.get("type") == kind]

    def heatmaps(self) -> dict[str, np.ndarray]:
        """Return the values of each heatmap that is shown, by its x axis."""
        return {
            trace.get("xaxis", "x"): np.asarray(trace["z"], np.float64)
            for trace in self.traces("heatmap")
            if trace.get("visible", True) is True
        }


class Visit:
    """One visitor's session on the dashboard."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    def run(self) -> Visit:
        """Run the page; a fault of it is a fault of the test."""
        self.app.run()
        assert not self.app.exception, [one.value for one in self.app.exception]
        assert not self.says(FAULT)
        return self

    def reload(self) -> Visit:
        """Return a new visitor's session at the same page and address."""
        again = Visit(_app())
        again.app._page_hash = self.app._page_hash
        again.app.query_params.update(self.address)
        return again.run()

    @property
    def address(self) -> dict[str, str]:
        """What the address says, by name."""
        found = self.app.query_params
        return {key: one[0] if isinstance(one, list) else one for key, one in found.items()}

    @property
    def texts(self) -> list[str]:
        """Every text on the page, without its marks of weight and colour."""
        return [
            re.sub(r"^#+ |\*\*|:\w+-badge\[|\]$", "", one.value)
            for kind in TEXTS
            for one in self.app.get(kind)
        ]

    def says(self, said: str | re.Pattern[str]) -> bool:
        """Whether a text of the page contains words, or matches a pattern somewhere."""
        pattern = re.compile(re.escape(said)) if isinstance(said, str) else said
        return any(pattern.search(text) for text in self.texts)

    def text(self, said: str) -> str:
        """Return the one text of the page that contains words."""
        (found,) = (text for text in self.texts if said in text)
        return found

    # -------------------------------------------------------------- what can be chosen

    def shown(self, label: str, *, place: int = 0) -> str:
        """Return what a list shows."""
        box = self._list(label, place)
        return str(box.options[box.index])

    def options(self, label: str, *, place: int = 0) -> list[str]:
        return list(self._list(label, place).options)

    def choose(self, label: str, option: str | int, *, place: int = 0) -> Visit:
        """Pick an option of a list by its text or its number."""
        box = self._list(label, place)
        index = option if isinstance(option, int) else list(box.options).index(option)
        box.select_index(index)
        return self.run()

    def slide(self, label: str, option: str) -> Visit:
        (slider,) = (one for one in self.app.select_slider if one.label.startswith(label))
        slider.set_value(option)
        return self.run()

    def press(self, label: str) -> Visit:
        """Press the one button whose label contains some words."""
        (button,) = (one for one in self.app.button if label in one.label)
        button.click()
        return self.run()

    def has_button(self, label: str) -> bool:
        return any(label in one.label for one in self.app.button)

    def toggle(self, label: str) -> Visit:
        (toggle,) = (one for one in self.app.toggle if one.label == label)
        toggle.set_value(not toggle.value)
        return self.run()

    def upload(self, content: bytes, *, name: str = "own.wav") -> Visit:
        """Bring a recording."""
        self.app.file_uploader[0].set_value((name, content, "audio/wav"))
        return self.run()

    def _list(self, label: str, place: int) -> Any:
        return [one for one in self.app.selectbox if one.label == label][place]

    # ------------------------------------------------------------------------ figures

    @property
    def figures(self) -> list[Figure]:
        return list(self._figures())

    def figure(self, said: str) -> Figure:
        """Return the one figure in which something is written."""
        (found,) = (figure for figure in self.figures if said in figure.text)
        return found

    def _figures(self) -> Iterator[Figure]:
        for one in self.app.get("plotly_chart"):
            spec = _decoded(json.loads(one.proto.spec))
            yield Figure(spec["data"], spec["layout"], one.proto.alt)

    @property
    def sound(self) -> bytes:
        """Return the WAV file that the page's player plays, without the line before it."""
        (player,) = (
            one.proto
            for one in self.app.get("bidi_component")
            if one.proto.component_name.endswith("player")
        )
        return bytes(player.bytes).partition(b"\n")[2]

    def metrics(self) -> dict[str, str]:
        """Return each number that stands under a name."""
        return {one.label: one.value for one in self.app.metric}


def visit(page: str = "", **query: str) -> Visit:
    """Open a page by its address, as a new visitor."""
    found = Visit(_app())
    if page:
        found.app.switch_page(_file(page))
    found.app.query_params.update(query)
    return found.run()


def _app() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    app._bidi_component_manager = _components()
    return app


@cache
def _components() -> BidiComponentManager:
    """Return the components of the pages: they register themselves once, on import, in a server."""
    manager = BidiComponentManager()
    before = Runtime._instance
    Runtime._instance = SimpleNamespace(bidi_component_registry=manager)  # type: ignore[assignment]
    try:
        for module in (boxes, history, player, segment_picker):
            importlib.reload(module)
    finally:
        Runtime._instance = before
    return manager


def _file(page: str) -> str:
    return f"pages/{page}.py" if page else "app.py"


def _words(value: Any) -> Iterator[str]:
    """Yield every text of a figure's specification."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)


def _decoded(value: Any) -> Any:
    """Return a figure's specification with its packed arrays as lists and arrays."""
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) >= {"dtype", "bdata"}:
        array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = value.get("shape")
        return array.reshape([int(n) for n in str(shape).split(",")]) if shape else array
    return {key: _decoded(one) for key, one in value.items()}
