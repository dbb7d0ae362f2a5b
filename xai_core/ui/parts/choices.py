"""What a visitor can choose, and the widgets that choose it; every choice lives in the URL.

Conventions
-----------
A model can be used if its file agrees with its card; others are left out, with
the reason. The folder of models is read again every :data:`LOOK` seconds, the
notes once in the life of a server.

The key of a widget is the name of its query parameter: ``family, note, type,
explain``, and in the Advanced section ``target, baseline, noise,
baseline_note, steps, rule, layer, filters, sign, colours, clip, axis``;
``grid`` says whether maps are in hertz.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core import store
from xai_core.canvas import is_carried
from xai_core.catalogue.methods import METHODS, PAPER_METHODS, Method, labels_of, listed
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import ModelError
from xai_core.explanations.settings import MAX_STEPS, PRESETS, Settings
from xai_core.figures.base.scales import PERCENTILE
from xai_core.model_sets.method_tests import read_method_tests
from xai_core.places import samples_folder
from xai_core.ui.parts.words import note_label
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.faults import sentence
from xai_core.values import FAMILIES

__all__ = [
    "AS_PRESET",
    "OWN_FAMILY",
    "OWN_LABEL",
    "SAME_METHOD",
    "SAME_TYPE",
    "Advanced",
    "Methods",
    "choose_advanced",
    "choose_in_hertz",
    "choose_methods",
    "choose_model",
    "choose_note",
    "choose_type",
    "draw_faults",
    "faulty_models",
    "samples",
    "sound_models",
]

LOOK = 20.0  # s between two looks at the folder
OWN_FAMILY = "own"
SAME_METHOD = SAME_TYPE = "same"  # of side B on Compare: that of side A
OWN_LABEL = "the note's own family"  # one text: a list shows the old one when it changes
FIRST_FAMILY = "flute"  # what a first visitor sees
FIRST_TYPE = "log_mel"
TYPE_HELP = "What the CNN receives: sound turned into a picture in one of several ways."
TARGETS = {"logit": "score (logit)", "probability": "probability"}
BASELINES = {
    "silence": "silence",
    "dataset_mean": "mean of the training notes",
    "noise": "noise",
    "note": "another note",
}
NOISE_LEVELS = {f"{level:g}": f"{level:g}" for level in (0.02, 0.05, 0.1, 0.2, 0.4)}
RULES = {"midpoint": "midpoint", "trapezoid": "trapezoid", "gauss_legendre": "Gauss-Legendre"}
AS_NEEDED, PRECISE = "adaptive", "precise"
MAP_ERROR = PRESETS[PRECISE]["map_tolerance"]
STEPS = {
    AS_NEEDED: "as needed",
    PRECISE: "as needed, precise",
    **{str(n): str(n) for n in (8, 16, 32, 50, 64, 128, 256, 512)},
}
AS_PRESET = {  # in an address, with the layer: the preset `default`, whatever was chosen before
    "target": next(iter(TARGETS)),
    "baseline": next(iter(BASELINES)),
    "steps": AS_NEEDED,
}
SIGNS = {"signed": "for and against", "unsigned": "absolute values"}
COLOURS = {"own": "of each map by itself", "held": "held, to compare maps"}
CLIPS = {f"{share:g}": f"{share:g} % of the bins" for share in (95, 98, 99, PERCENTILE, 99.9)}
CLIPS["100"] = "every bin"
DEFAULT_NOISE = "0.1"
OWN_GRID = "own"
GRIDS = {OWN_GRID: "its own bins", "canvas": "hertz and seconds"}
AXES = {"hertz": "hertz", "notes": "note names"}
FILTERS = {"most_relevant": "the four that matter most", "first": "the first four"}


def sound_models() -> dict[str, tuple[str, ...]]:
    """Return ``{type: families}`` of the models that can be used, in the fixed orders.

    Raises
    ------
    ModelError
        If there is none.
    """
    faults = faulty_models()
    found = {
        type: tuple(family for family in families if (type, family) not in faults)
        for type, families in store.available_models().items()
    }
    found = {type: families for type, families in found.items() if families}
    if not found:
        raise ModelError(f"no model can be used; the first: {next(iter(faults.values()))}")
    return found


@st.cache_data(ttl=LOOK, show_spinner=False)
def faulty_models() -> dict[tuple[str, str], str]:
    """Return ``{(type, family): reason}`` of the models that are left out."""
    return store.find_faults()


def draw_faults(type: str) -> None:
    """Say which models of a type are left out, and why."""
    for (of_type, _), reason in faulty_models().items():
        if of_type == type:
            st.caption(f":material/block: Left out: {sentence(ModelError(reason))}")


@st.cache_resource(show_spinner=False)
def samples() -> Sequence[NoteRecord]:
    """Return the records of the notes in ``samples/``."""
    return read_collection(samples_folder())


@dataclass(frozen=True)
class Methods:
    """Settings of each method, the layer, and the note that is a baseline.

    Parameters
    ----------
    settings : mapping of str to Settings
        By method.
    layer : str or None
        Convolution layer of the feature maps, and of the methods that look at one;
        None for the last.
    baseline_note : Path or None
    """

    settings: Mapping[str, Settings]
    layer: str | None
    baseline_note: Path | None

    def baseline_of(self, method: str) -> Path | None:
        """Return the note that a method compares with, if it compares with any."""
        return self.baseline_note if METHODS[method].takes("baseline") else None


@dataclass(frozen=True)
class Advanced(Methods):
    """Settings of each method, which two are shown, and how maps are drawn."""

    shown: tuple[str, str]
    filters: str
    sign: str
    hold_colours: bool
    percentile: float
    notes: bool


def choose_note(records: Sequence[NoteRecord]) -> NoteRecord:
    """Let the visitor pick a family and one of its notes.

    Parameters
    ----------
    records : sequence of NoteRecord
        At least one.
    """
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
    return notes[note]


def choose_type(
    place: DeltaGenerator,
    types: Iterable[str],
    *,
    default: str = FIRST_TYPE,
    help: str | None = None,
) -> str:
    """Let the visitor pick one of some spectrogram types."""
    labels = {name: spectrogram_type(name).label for name in types}
    return choose(place, "Spectrogram", labels, key="type", default=default, help=help)


def choose_model(available: Mapping[str, Sequence[str]], truth: str) -> tuple[str, str]:
    """Let the visitor pick the spectrogram type and whose model is explained.

    Parameters
    ----------
    available : mapping
        ``{type: families}`` that have models.
    truth : str
        Family of the note.

    Returns
    -------
    type, family : str
    """
    left, right = st.columns(2)
    type = choose_type(left, available, help=TYPE_HELP)
    own = {OWN_FAMILY: OWN_LABEL} if truth in available[type] else {}
    family = choose(
        right,
        "Explain the model of",
        {**own, **{name: name for name in available[type]}},
        key="explain",
        help="Each family has a CNN of its own that answers yes or no. Pick another one to "
        "ask, for example, “why not a flute?”",
    )
    return type, truth if family == OWN_FAMILY else family


def choose_in_hertz(place: DeltaGenerator, type: str) -> bool:
    """Let the visitor see a map in hertz and seconds, where its own bins are none.

    Parameters
    ----------
    place : DeltaGenerator
    type : str
        Spectrogram type that is explained.

    Returns
    -------
    bool
        Whether maps are drawn in hertz and seconds. Of a type whose bins are the canvas,
        or that has no place on it, there is no choice.
    """
    if type == "stft" or not is_carried(type):
        return False
    return (
        choose(
            place,
            "Show maps in",
            GRIDS,
            key="grid",
            help="The evidence of each bin goes to the frequencies that make it, in proportion to "
            "their power; each moment keeps its sum. So what counts can be read in hertz, "
            "whatever the network receives.",
        )
        != OWN_GRID
    )


def choose_advanced(records: Sequence[NoteRecord], layers: Sequence[str], *, type: str) -> Advanced:
    """Let an expert set layer, target, baseline, rule, steps, sign, colours and axis.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes that a path may begin at; at least one.
    layers : sequence of str
        Convolution layers of the model that is explained, from input to output.
    type : str
        Spectrogram type that is explained.
    """
    with st.expander("Advanced settings", icon=":material/tune:"):
        left, right = st.columns(2)
        shown = _choose_shown(left, right, type)
        methods = _choose_methods(left, right, records, layers)
        filters = choose(right, "Feature maps shown", FILTERS, key="filters")
        sign = choose(
            left,
            "Evidence drawn",
            SIGNS,
            key="sign",
            help="Of methods whose maps have evidence against the family too.",
        )
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
        axis = choose(
            right,
            "Frequencies named by",
            AXES,
            key="axis",
            help="On the axes of panels that are in hertz: round frequencies, or the octaves "
            "C1 to C8 at A4 = 440 Hz. Pointing at a bin says both.",
        )
    return Advanced(
        settings=methods.settings,
        layer=methods.layer,
        baseline_note=methods.baseline_note,
        shown=shown,
        filters=filters,
        sign=sign,
        hold_colours=colours == "held",
        percentile=float(clip),
        notes=axis == "notes",
    )


def _choose_shown(left: DeltaGenerator, right: DeltaGenerator, type: str) -> tuple[str, str]:
    """Let the visitor choose the methods of the third and the fourth panel, two that differ."""
    labels = {name: one.label for name, one in METHODS.items()}
    third = choose(left, "Third panel", labels, key="third", help=_methods_help(type))
    others = {name: label for name, label in labels.items() if name != third}
    first = next(name for name in reversed(PAPER_METHODS) if name != third)
    return third, choose(right, "Fourth panel", others, key="fourth", default=first)


@st.cache_data(ttl=LOOK, show_spinner=False)
def _methods_help(type: str) -> str:
    """Say what each method shows and, where that is known, how it stood up on a type's models."""
    tests = read_method_tests(type)
    said = []
    for name, one in METHODS.items():
        row = tests.of(name) if tests else None
        gain = row.scores.get("over_energy") if row else None
        share = f" *({100 * gain.mean:+.0f} %)*" if gain else ""
        said.append(f"- **{one.label}**{share}: {one.shows}")
    if tests:
        said.append(
            f"\nIn brackets: how much better than energy the method says which bins models of "
            f"{spectrogram_type(type).label} need, in {tests.n_maps} maps (page Models, *One "
            "spectrogram type*)."
        )
    return "\n".join(said)


def choose_methods(records: Sequence[NoteRecord], layers: Sequence[str]) -> Methods:
    """Let an expert set what decides a map, and nothing of how it is drawn.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes that a path may begin at; at least one.
    layers : sequence of str
        Convolution layers of the model that is explained, from input to output.
    """
    with st.expander("Advanced settings", icon=":material/tune:"):
        left, right = st.columns(2)
        return _choose_methods(left, right, records, layers)


def _choose_methods(
    left: DeltaGenerator,
    right: DeltaGenerator,
    records: Sequence[NoteRecord],
    layers: Sequence[str],
) -> Methods:
    target = choose(
        left,
        "What is explained",
        TARGETS,
        key="target",
        help="A probability near 0 or 1 has hardly any gradient left; the logit, the score "
        f"before the sigmoid, always has.{_of_the_logit()}",
    )
    baseline = choose(
        right,
        "Baseline",
        BASELINES,
        key="baseline",
        help=f"What {labels_of(taking='baseline')} compare the note with. Silence is zero in every "
        "bin, whatever the type. From another note, the map says what makes this one score "
        "higher or lower than that one.",
    )
    level, baseline_note = DEFAULT_NOISE, None
    if baseline == "noise":
        level = choose(
            right,
            "Noise level",
            NOISE_LEVELS,
            key="noise",
            default=DEFAULT_NOISE,
            help="Standard deviation, in units of the spectrogram, whose loudest bin is 1.",
        )
    elif baseline == "note":
        baseline_note = _baseline_note(right, records)
    as_needed = {AS_NEEDED: Settings.map_tolerance, PRECISE: MAP_ERROR}
    steps = choose(
        left,
        "Steps",
        STEPS,
        key="steps",
        help="As needed: steps are added where the path needs them, until the completeness "
        f"error is at most 1 %, up to {MAX_STEPS}. Precise: until the map error too is at most "
        f"{100 * MAP_ERROR:g} %.",
    )
    rule = choose(
        right,
        "Quadrature rule",
        RULES,
        key="rule",
        disabled=steps in as_needed,
        help="How a fixed number of steps is placed and weighted.",
    )
    last = layers[-1] if layers else None
    layer = last and choose(
        left,
        "Convolution layer",
        {name: name for name in reversed(layers)},
        key="layer",
        help=f"Of {labels_of(taking='layer')} and of the feature maps: {layers[0]} is the first, "
        f"{last} the last.",
    )
    layer = None if layer == last else layer
    chosen = {
        "baseline": baseline,
        "noise_level": float(level),
        "rule": rule,
        "n_steps": None if steps in as_needed else int(steps),
        "map_tolerance": as_needed.get(steps),
        "layer": layer,
    }
    settings = {name: _settings(one, target, chosen) for name, one in METHODS.items()}
    return Methods(settings=settings, layer=layer, baseline_note=baseline_note)


def _settings(method: Method, target: str, chosen: Mapping[str, Any]) -> Settings:
    """Return the settings of a method: what is chosen, as far as it has an effect."""
    taken = {name: value for name, value in chosen.items() if method.takes(name)}
    return Settings(method=method.name, target=method.target_for(target), **taken)


def _of_the_logit() -> str:
    """Say which methods explain the logit whatever is chosen, after a space, or ""."""
    only = [one.label for one in METHODS.values() if one.targets == ("logit",)]
    if not only:
        return ""
    return f" {listed(only)} {'explains' if len(only) == 1 else 'explain'} the logit."


def _baseline_note(place: DeltaGenerator, records: Sequence[NoteRecord]) -> Path:
    paths = {record.note: record.path for record in records}
    labels = {record.note: f"{record.family}: {note_label(record)}" for record in records}
    return paths[choose(place, "Note that the path begins at", labels, key="baseline_note")]
