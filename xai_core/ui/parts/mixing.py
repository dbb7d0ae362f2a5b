"""A second note beside the first: which one, how loud and when, and where the verdict tips.

Conventions
-----------
The address holds the second note as ``family_with`` and ``with``, its level in dB as
``level``, its begin in seconds as ``at``, and the fades of both in seconds as ``in_a, out_a,
in_b, out_b``. A file of the visitor's own is not in the address.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.audio import MAX_BYTES, fit_note, load_note
from xai_core.catalogue.types import spectrogram_type
from xai_core.explanations.mixing import tipping
from xai_core.figures.maps.listening import level_curves
from xai_core.listening import LEVELS, Fades
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import FIRST_FAMILY, faulty_models, samples
from xai_core.ui.parts.recordings import bring_recording
from xai_core.ui.parts.words import note_label
from xai_core.ui.shell.address import choose, slide
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import FAMILIES, Waveform

__all__ = ["choose_mix", "choose_second", "draw_tipping"]

FILE = "file"
ASKING = "Asking the models along the level"
LEVELS_SHOWN = tuple(f"{level:g}" for level in np.arange(LEVELS[0], LEVELS[1] + 0.5))
STARTS = tuple(f"{start:g}" for start in np.arange(0.0, 4.0, 0.25))
FADES = ("0", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "2")
FADE_DEFAULTS = {"in_a": "0", "out_a": "0", "in_b": "0.01", "out_b": "0"}
FADE_LABELS = {
    "in_a": "First note in (s)",
    "out_a": "First note out (s)",
    "in_b": "Second note in (s)",
    "out_b": "Second note out (s)",
}


def choose_second(place: DeltaGenerator, *, beside: str) -> Waveform | None:
    """Let the visitor choose the second note, of the collection or a file of their own.

    Parameters
    ----------
    place : DeltaGenerator
    beside : str
        A family that is not the first choice.

    Returns
    -------
    Waveform or None
        4 s at 16 kHz; None before a file is there.

    Raises
    ------
    AudioError
        If the file cannot be read or is silent.
    """
    records = samples()
    left, right = place.columns(2)
    present = {record.family for record in records}
    families = {name: name for name in FAMILIES if name in present}
    first = next(name for name in families if name not in (beside, FIRST_FAMILY))
    family = choose(
        left,
        "Second note",
        {**families, FILE: "a file of my own"},
        key="family_with",
        default=first,
    )
    if family != FILE:
        notes = {record.note: record for record in records if record.family == family}
        labels = {name: note_label(record) for name, record in notes.items()}
        return load_note(notes[choose(right, "Which", labels, key="with")].path)
    file = place.file_uploader(
        "A recording; the link to this page does not hold it",
        max_upload_size=MAX_BYTES // 2**20,
        key="file_with",
    )
    if file is None:
        return None
    recording = bring_recording(file.name or "recording", file.getvalue())
    return fit_note(recording.waveform, start=recording.start)


def choose_mix(place: DeltaGenerator) -> tuple[float, float, tuple[Fades, Fades]]:
    """Let the visitor choose the level of the second note in dB, its begin in s, and the fades."""
    one, other = place.columns(2)
    level = float(slide(one, "Its level (dB)", LEVELS_SHOWN, key="level", default="0"))
    start = float(slide(other, "It begins at (s)", STARTS, key="at", default="0"))
    with place.popover("Fades", icon=":material/timeline:"):
        seconds = {
            key: float(slide(st.container(), FADE_LABELS[key], FADES, key=key, default=default))
            for key, default in FADE_DEFAULTS.items()
        }
    first, second = ("in_a", "out_a"), ("in_b", "out_b")
    of_first, of_second = (Fades(*(seconds[key] for key in keys)) for keys in (first, second))
    return level, start, (of_first, of_second)


def draw_tipping(
    place: DeltaGenerator,
    notes: tuple[Waveform, Waveform],
    type: str,
    *,
    level: float,
    start: float,
    fades: tuple[Fades, Fades],
) -> None:
    """Draw the ten answers along the level of the second note, and say where the verdict tips.

    Parameters
    ----------
    place : DeltaGenerator
    notes : tuple of two Waveform
    type : str
        Whose models answer.
    level : float
        dB, of the mix that is heard.
    start, fades
        As of :func:`xai_core.listening.mix`.
    """
    label = spectrogram_type(type).label
    place.markdown(f"##### Along the level of the second note: the {label} models")
    bar = place.progress(0.0, ASKING)
    with queue_slot() as slot:

        def on_progress(done: int, total: int) -> None:
            bar.progress(done / total, f"{ASKING}: {done} of {total}")
            slot.requeue()

        curve = tipping(
            *notes,
            type=type,
            start=start,
            fades=fades,
            without=faulty_models(),
            on_progress=on_progress,
        )
    bar.empty()
    best = curve.families[int(curve.probabilities[:, 0].argmax())]
    tips = [f"at {one.level:.1f} dB to **{one.after}**".replace("-", "−") for one in curve.tips]
    place.markdown(
        f"At {curve.levels[0]:.0f} dB **{best}** is the most probable; the verdict tips "
        f"{', '.join(tips)}.".replace("-", "−")
        if tips
        else f"**{best}** is the most probable at every level: the verdict does not tip."
    )
    figure = level_curves(
        curve.levels,
        curve.probabilities,
        curve.families,
        tips=[(one.level, one.after) for one in curve.tips],
        level=level,
    )
    draw_figure(place, figure)
