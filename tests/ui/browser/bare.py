"""The player on a page of its own, without a server: its files as Streamlit would mount them.

For what the browser alone decides; that the pages of the dashboard have it is for the tests
that open them.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import plotly
import plotly.graph_objects as go
from playwright.sync_api import Page

from xai_core.ui.browser import player
from xai_core.values import Waveform

SOURCE = Path(player.__file__)
PATIENCE = 60_000  # ms on two busy cores, where no server takes part
# Puts the player into a shadow root, as Streamlit does, and leaves `send` and `leave`
MOUNT = """async ([html, css, js]) => {
    const url = URL.createObjectURL(new Blob([js], { type: 'text/javascript' }));
    const { default: mount } = await import(url);
    const shadow = document.querySelector('#player').attachShadow({ mode: 'open' });
    shadow.innerHTML = `<style>${css}</style>${html}`;
    window.send = data => {
        const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
        window.leave = mount({ data: bytes, parentElement: shadow });
    };
}"""
# A map of 4 s for each time axis, side by side
FIGURE = """async ([name, axes]) => {
    document.getElementById(name)?.remove();
    const place = document.createElement('div');
    place.id = name;
    document.querySelector('#figures').append(place);
    const z = [[1, 2], [3, 4]];
    const traces = axes.map(
        x => ({ type: 'heatmap', z, x0: 1, dx: 2, xaxis: x, yaxis: `y${x.slice(1)}` })
    );
    const domain = i => [i / axes.length, (i + 0.9) / axes.length];
    const layout = { width: 600, height: 200, meta: { playhead: axes }, margin: { t: 20, b: 20 } };
    axes.forEach((x, i) => {
        layout[`xaxis${x.slice(1)}`] = { domain: domain(i), range: [0, 4] };
        layout[`yaxis${x.slice(1)}`] = { anchor: x };
    });
    await Plotly.newPlot(place, traces, layout);
}"""
DASHBOARD = """async text => {
    const { data, layout } = JSON.parse(text);
    await Plotly.newPlot('figures', data, layout);
}"""
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
# A context whose output can be read: `tap` stands between the player and the loudspeakers
TAPPED = """() => {
    window.contexts = [];
    window.AudioContext = class extends AudioContext {
        constructor() {
            super();
            this.tap = new AnalyserNode(this, { fftSize: 8192, smoothingTimeConstant: 0 });
            this.tap.connect(super.destination);
            window.contexts.push(this);
        }
        get destination() { return this.tap ?? super.destination; }
    };
}"""
# Level in dB near each frequency, when the sound has played on for a moment
LEVELS = """async (frequencies) => {
    await new Promise(over => setTimeout(over, 600));
    const { tap, sampleRate } = window.contexts[0];
    const levels = new Float32Array(tap.frequencyBinCount);
    tap.getFloatFrequencyData(levels);
    const width = sampleRate / tap.fftSize;
    return frequencies.map(f => Math.max(...levels.slice(f / width - 3, f / width + 4)));
}"""


def open_bare(page: Page, *, before: str = "", figures: bool = False) -> None:
    """Open a page with an empty player; `before` runs on it first."""
    page.set_default_timeout(PATIENCE)
    page.set_content("<!doctype html><body><div id=player></div><div id=figures></div>")
    if figures:
        page.add_script_tag(path=PLOTLY)
    if before:
        page.evaluate(before)
    js = "".join(SOURCE.with_name(name).read_text() for name in player.SCRIPTS)
    html, css = (SOURCE.with_name(f"player.{end}").read_text() for end in ("html", "css"))
    page.evaluate(MOUNT, [html, css, js])


def send(page: Page, note: Waveform, **options: Any) -> None:
    """Hand the player what :func:`xai_core.ui.browser.player.draw_player` sends."""
    with mock.patch.object(player, "_player") as sent:
        player.draw_player(note, **options)
    data = base64.b64encode(sent.call_args.kwargs["data"]).decode()
    page.evaluate("data => window.send(data)", data)
    sound = page.locator("audio").element_handle()
    page.wait_for_function("audio => audio.duration === 4 && !audio.seeking", arg=sound)


def draw_panels(page: Page, name: str, *, axes: tuple[str, ...] = ("x",)) -> None:
    """Draw a figure whose time axes take part; once more with the same name, another one."""
    page.evaluate(FIGURE, [name, list(axes)])


def draw_figure(page: Page, figure: go.Figure) -> None:
    """Draw a figure of the dashboard as wide as the page."""
    page.evaluate(DASHBOARD, figure.to_json())


def tone(frequency: float, *, level: float = 0.5) -> Waveform:
    """Return 4 s of a sine."""
    t = np.arange(64_000) / 16_000
    return Waveform(level * np.sin(2 * np.pi * frequency * t), 16_000)


def levels(page: Page, *frequencies: float) -> list[float]:
    """Return how loud what is heard is at some frequencies, in dB."""
    return list(page.evaluate(LEVELS, list(frequencies)))
