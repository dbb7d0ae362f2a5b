"""Widgets that choose what is explained; every choice lives in the URL.

Conventions
-----------
The key of a widget is the name of its query parameter: ``family, note, type,
explain``, and in the Advanced section ``target, baseline, steps, rule, layer,
filters, sign, colours, clip``. A recording of the visitor's own is not in the URL
of this page; its link opens the Upload page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path

import streamlit as st

from xai_core.audio import MAX_BYTES, NOTE_SECONDS, load_untrusted, open_gate
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.figures.scales import PERCENTILE
from xai_core.pipeline.settings import LAYERS, MAX_STEPS, Settings
from xai_core.ui.address import choose
from xai_core.ui.faults import sentence
from xai_core.ui.sharing import STAYS
from xai_core.ui.wording import TYPE_LABELS, note_credit, note_label
from xai_core.values import FAMILIES, Waveform

__all__ = ["Advanced", "Chosen", "choose_advanced", "choose_model", "choose_note"]

OWN_FAMILY = "own"
DECODED = "decoded upload"  # its place in the visitor's session
START_STEP = 0.05  # s
SOURCES = {"samples": "A note that comes with TimbreLens", "file": "My own recording"}
FIRST_FAMILY = "flute"  # what a first visitor sees
TARGETS = {"logit": "score (logit)", "probability": "probability"}
BASELINES = {
    "silence": "silence",
    "dataset_mean": "mean of the training notes",
    "noise": "noise (standard deviation 0.1)",
}
RULES = {"midpoint": "midpoint", "trapezoid": "trapezoid", "gauss_legendre": "Gauss-Legendre"}
AS_NEEDED = "adaptive"
STEPS = {AS_NEEDED: "as needed", **{str(n): str(n) for n in (8, 16, 32, 50, 64, 128, 256, 512)}}
SIGNS = {"signed": "signed (for and against)", "unsigned": "absolute values"}
COLOURS = {"own": "of each map by itself", "held": "held, so that maps can be compared"}
CLIPS = {f"{share:g}": f"{share:g} % of the bins" for share in (95, 98, 99, PERCENTILE, 99.9)}
CLIPS["100"] = "every bin"
FILTERS = {"most_active": "the four most active", "first": "the first four"}


@dataclass(frozen=True, eq=False)
class Chosen:
    """The audio to explain and what is known of it.

    Parameters
    ----------
    audio : Path or Waveform
    start : float
        Where the 4 s begin, in seconds.
    truth : str or None
        Family of the note, if known.
    name : str
        What files of results are called after.
    credit : str
        Whose recording it is.
    content : bytes
        The file of a visitor's own recording, else empty.
    digest : str
        SHA-256 of `content`, or "".
    """

    audio: Path | Waveform
    start: float
    truth: str | None
    name: str
    credit: str = ""
    content: bytes = b""
    digest: str = ""


@dataclass(frozen=True)
class Advanced:
    """Settings of both methods and of how they are drawn."""

    integrated_gradients: Settings
    grad_cam: Settings
    filters: str
    sign: str
    hold_colours: bool
    percentile: float


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


def choose_model(
    available: Mapping[str, Sequence[str]], truth: str | None
) -> tuple[str, str | None]:
    """Let the visitor pick the spectrogram type and whose model is explained.

    Parameters
    ----------
    available : mapping
        ``{type: families}`` that have models.
    truth : str or None
        Family of the note, if known.

    Returns
    -------
    type : str
    family : str or None
        None for the note's own family, or the most probable one.
    """
    left, right = st.columns(2)
    type = choose(
        left,
        "Spectrogram",
        {name: TYPE_LABELS[name] for name in available},
        key="type",
        default="log_mel",
        help="What the CNN receives: sound turned into a picture in one of several ways.",
    )
    own = f"{truth} (the note's own)" if truth else "the most probable family"
    family = choose(
        right,
        "Explain the model of",
        {OWN_FAMILY: own, **{name: name for name in available[type]}},
        key="explain",
        help="Each family has a CNN of its own that answers yes or no. Pick another one to "
        "ask, for example, “why not a flute?”",
    )
    return type, None if family == OWN_FAMILY else family


def choose_advanced() -> Advanced:
    """Let an expert set layer, target, baseline, rule, steps, sign and colours."""
    with st.expander("Advanced settings", icon=":material/tune:"):
        left, right = st.columns(2)
        target = choose(
            left,
            "What is explained",
            TARGETS,
            key="target",
            help="A probability near 0 or 1 has hardly any gradient left; the logit, the score "
            "before the sigmoid, always has. Grad-CAM explains the logit.",
        )
        baseline = choose(
            right,
            "Baseline",
            BASELINES,
            key="baseline",
            help="Where the path of Integrated Gradients begins. Silence is zero in every bin, "
            "whatever the type.",
        )
        steps = choose(
            left,
            "Steps",
            STEPS,
            key="steps",
            help="As needed: steps are added where the path needs them, until the completeness "
            f"error is at most 1 %, up to {MAX_STEPS}.",
        )
        rule = choose(
            right,
            "Quadrature rule",
            RULES,
            key="rule",
            disabled=steps == AS_NEEDED,
            help="How a fixed number of steps is placed and weighted.",
        )
        layer = choose(
            left,
            "Layer of Grad-CAM and maps",
            {name: name for name in reversed(LAYERS)},
            key="layer",
            help="conv2d is the first convolution, conv2d_5 the last.",
        )
        filters = choose(right, "Feature maps shown", FILTERS, key="filters")
        sign = choose(left, "Integrated Gradients drawn", SIGNS, key="sign")
        colours = choose(
            right,
            "Colour scale",
            COLOURS,
            key="colours",
            help="Held: the colours stand for the same numbers, whatever note or model you choose "
            "next, until the spectrogram or what is explained changes. They are those of the map "
            "you see when you choose it.",
        )
        clip = choose(
            left,
            "Colours reach as far as",
            CLIPS,
            key="clip",
            default=f"{PERCENTILE:g}",
            help="A few very strong bins would leave the others pale; stronger ones take the end "
            "colour. It changes the picture, never the numbers.",
        )
    return Advanced(
        integrated_gradients=Settings(
            target=target,
            baseline=baseline,
            rule=rule,
            n_steps=None if steps == AS_NEEDED else int(steps),
        ),
        grad_cam=Settings(method="grad_cam", layer=layer),
        filters=filters,
        sign=sign,
        hold_colours=colours == "held",
        percentile=float(clip),
    )


def _sample(records: Sequence[NoteRecord]) -> Chosen:
    left, right = st.columns(2)
    present = {record.family for record in records}
    families = {name: name for name in FAMILIES if name in present}
    family = choose(left, "Instrument family", families, key="family", default=FIRST_FAMILY)
    notes = {record.note: record for record in records if record.family == family}
    note = choose(
        right,
        "Note",
        {name: note_label(record) for name, record in notes.items()},
        key="note",
        help="Instrument, pitch and loudness.",
    )
    return Chosen(notes[note].path, 0.0, family, note, note_credit(notes[note]))


def _own_recording() -> Chosen | None:
    file = st.file_uploader(
        "WAV, FLAC, OGG, MP3 or AIFF",
        type=["wav", "flac", "ogg", "mp3", "aif", "aiff"],
        max_upload_size=MAX_BYTES // 2**20,
        key="upload",
    )
    open_gate()
    if file is None:
        st.session_state.pop(DECODED, None)
        st.info("Add a recording to see what the models hear in it.", icon=":material/upload:")
        st.caption(STAYS)
        return None
    try:
        content = file.getvalue()
        recording, digest = _decoded(file.file_id, content)
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        return None
    start = 0.0
    latest = floor(100 * (recording.duration - NOTE_SECONDS)) / 100
    if latest >= START_STEP:
        start = st.slider("The 4 s begin at (s)", 0.0, latest, 0.0, START_STEP, key="start")
    return Chosen(recording, start, None, Path(file.name).stem, content=content, digest=digest)


def _decoded(name: str, content: bytes) -> tuple[Waveform, str]:
    """Decode an upload once, not at every change of a widget; return its SHA-256 beside it."""
    kept: tuple[str, Waveform, str] | None = st.session_state.get(DECODED)
    if kept is None or kept[0] != name:
        kept = (name, load_untrusted(content), hashlib.sha256(content).hexdigest())
        st.session_state[DECODED] = kept
    return kept[1:]
