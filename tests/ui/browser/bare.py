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
from playwright.sync_api import Page

from xai_core.ui.browser import player
from xai_core.values import Waveform

SOURCE = Path(player.__file__)
SCRIPTS = ("player.js", "blend.js", "crosshair.js")
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


def open_bare(page: Page, *, before: str = "") -> None:
    """Open a page with an empty player; `before` runs on it first."""
    page.set_content("<!doctype html><body><div id=player></div><div id=figures></div>")
    if before:
        page.evaluate(before)
    texts = {name: SOURCE.with_name(name).read_text() for name in SCRIPTS}
    html, css = (SOURCE.with_name(f"player.{end}").read_text() for end in ("html", "css"))
    page.evaluate(MOUNT, [html, css, "".join(texts.values())])


def send(page: Page, note: Waveform, **options: Any) -> None:
    """Hand the player what :func:`xai_core.ui.browser.player.draw_player` sends."""
    with mock.patch.object(player, "_player") as sent:
        player.draw_player(note, **options)
    data = base64.b64encode(sent.call_args.kwargs["data"]).decode()
    page.evaluate("data => window.send(data)", data)


def tone(frequency: float, *, level: float = 0.5) -> Waveform:
    """Return 4 s of a sine."""
    t = np.arange(64_000) / 16_000
    return Waveform(level * np.sin(2 * np.pi * frequency * t), 16_000)


def levels(page: Page, *frequencies: float) -> list[float]:
    """Return how loud what is heard is at some frequencies, in dB."""
    return list(page.evaluate(LEVELS, list(frequencies)))
