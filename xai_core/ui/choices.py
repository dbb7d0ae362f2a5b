"""Widgets that choose what is explained; every choice lives in the URL.

Conventions
-----------
The key of a widget is the name of its query parameter: ``family, note, type,
explain``, and in the Advanced section ``target, baseline, steps, rule, layer,
filters, sign``. A value that is not in its list is dropped by Streamlit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from xai_core.audio import MAX_BYTES, load
from xai_core.datasets.notes import NoteRecord
from xai_core.pipeline.settings import LAYERS, MAX_STEPS, Settings
from xai_core.ui.wording import TYPE_LABELS, note_label
from xai_core.values import FAMILIES

__all__ = ["Advanced", "Chosen", "choose_advanced", "choose_model", "choose_note"]

OWN_FAMILY = "own"
SOURCES = {"samples": "A note that comes with TimbreLens", "file": "My own recording"}
TARGETS = {"logit": "score before the sigmoid (logit)", "probability": "probability"}
BASELINE_LABELS = {
    "silence": "silence",
    "dataset_mean": "mean of the training notes",
    "noise": "noise",
}
RULE_LABELS = {
    "midpoint": "midpoint",
    "trapezoid": "trapezoid",
    "gauss_legendre": "Gauss-Legendre",
}
STEP_CHOICES = ("as needed", "8", "16", "32", "50", "64", "128", "256", str(MAX_STEPS))
SIGNS = {"signed": "signed (for and against)", "unsigned": "absolute values"}
FILTER_CHOICES = {"most_active": "the four most active", "first": "the first four"}


@dataclass(frozen=True, eq=False)
class Chosen:
    """The audio to explain and what is known of it."""

    audio: bytes
    start: float
    truth: str | None


@dataclass(frozen=True)
class Advanced:
    """Settings of both methods and of how they are drawn."""

    integrated_gradients: Settings
    grad_cam: Settings
    filters: str
    sign: str


def choose_note(records: Sequence[NoteRecord]) -> Chosen | None:
    """Let the visitor pick a sample note or bring a recording; None while there is none."""
    source = st.segmented_control(
        "What to listen to",
        tuple(SOURCES),
        default="samples",
        required=True,
        format_func=lambda name: SOURCES[name],
        key="source",
        label_visibility="collapsed",
    )
    return _own_recording() if source == "file" else _sample(records)


def choose_model(types: Sequence[str], truth: str | None) -> tuple[str, str]:
    """Let the visitor pick the spectrogram type and whose model is explained."""
    left, right = st.columns(2)
    type = left.selectbox(
        "Spectrogram",
        types,
        index=types.index("log_mel") if "log_mel" in types else 0,
        format_func=lambda name: TYPE_LABELS[name],
        key="type",
        bind="query-params",
        help="What the CNN receives: six ways to turn sound into a picture.",
    )
    own = f"{truth} (the note's own)" if truth else "the most probable family"
    family = right.selectbox(
        "Explain the model of",
        (OWN_FAMILY, *FAMILIES),
        format_func=lambda name: own if name == OWN_FAMILY else name,
        key="explain",
        bind="query-params",
        help="Each family has a CNN of its own that answers yes or no. Pick another one to "
        "ask, for example, “why not a flute?”",
    )
    return str(type), str(family)


def choose_advanced() -> Advanced:
    """Let an expert set layer, target, baseline, rule, steps and sign."""
    with st.expander("Advanced settings", icon=":material/tune:"):
        left, middle, right = st.columns(3)
        target = left.selectbox(
            "Integrated Gradients: target",
            tuple(TARGETS),
            format_func=lambda name: TARGETS[name],
            key="target",
            bind="query-params",
            help="A probability near 0 or 1 has hardly any gradient left; the logit always has.",
        )
        baseline = middle.selectbox(
            "Baseline",
            tuple(BASELINE_LABELS),
            format_func=lambda name: BASELINE_LABELS[name],
            key="baseline",
            bind="query-params",
            help="Where the path to the note begins. Zero is a silent note, whatever the type.",
        )
        steps = right.selectbox(
            "Steps",
            STEP_CHOICES,
            key="steps",
            bind="query-params",
            help="As needed: steps are added where the path needs them, until the completeness "
            f"error is at most 1 %, up to {MAX_STEPS}.",
        )
        rule = left.selectbox(
            "Quadrature rule",
            tuple(RULE_LABELS),
            format_func=lambda name: RULE_LABELS[name],
            key="rule",
            bind="query-params",
            disabled=steps == STEP_CHOICES[0],
            help="For a fixed number of steps.",
        )
        layer = middle.selectbox(
            "Layer of Grad-CAM and feature maps",
            LAYERS,
            index=len(LAYERS) - 1,
            key="layer",
            bind="query-params",
            help="conv2d is the first convolution, conv2d_5 the last.",
        )
        filters = right.selectbox(
            "Feature maps shown",
            tuple(FILTER_CHOICES),
            format_func=lambda name: FILTER_CHOICES[name],
            key="filters",
            bind="query-params",
        )
        sign = left.selectbox(
            "Sign of Integrated Gradients",
            tuple(SIGNS),
            format_func=lambda name: SIGNS[name],
            key="sign",
            bind="query-params",
        )
    n_steps = None if steps == STEP_CHOICES[0] else int(steps)
    return Advanced(
        integrated_gradients=Settings(
            target=str(target), baseline=str(baseline), rule=str(rule), n_steps=n_steps
        ),
        grad_cam=Settings(method="grad_cam", layer=str(layer)),
        filters=str(filters),
        sign=str(sign),
    )


def _sample(records: Sequence[NoteRecord]) -> Chosen:
    left, right = st.columns(2)
    family = left.selectbox(
        "Instrument family",
        FAMILIES,
        index=FAMILIES.index("flute"),
        key="family",
        bind="query-params",
    )
    notes = {record.note: record for record in records if record.family == family}
    note = right.selectbox(
        "Note",
        notes,
        format_func=lambda name: note_label(notes[name]),
        key="note",
        bind="query-params",
        help="Instrument, pitch and loudness.",
    )
    return Chosen(notes[str(note)].path.read_bytes(), 0.0, str(family))


def _own_recording() -> Chosen | None:
    file = st.file_uploader(
        "WAV, FLAC, OGG, MP3 or AIFF",
        type=["wav", "flac", "ogg", "mp3", "aif", "aiff"],
        max_upload_size=MAX_BYTES // 2**20,
        key="upload",
    )
    if file is None:
        st.caption("The recording stays on this server's memory only while you look at it.")
        return None
    content = file.getvalue()
    duration = load(content).duration
    start = 0.0
    if duration > 4.0:
        start = st.slider(
            "The 4 s to explain begin at (s)", 0.0, round(duration - 4.0, 2), 0.0, 0.05, key="start"
        )
    return Chosen(content, start, None)
