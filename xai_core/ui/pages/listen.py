"""The Listen page: hear what a map keeps, change the sound, mix two notes, and ask again.

Conventions
-----------
One of three tools is on the page at a time; each makes one changed sound of the note, which
is played beside it, and whose answers stand beside those of the note. Type and explained
model are in the address under the names of Explore, of a recording of the visitor's own
under those of Upload; ``tool`` says which tool, ``hear`` and ``kept`` what a map keeps,
``edit`` the boxes, ``family_with, with, level, at, in_a, out_a, in_b, out_b`` the mix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.audio import load_note
from xai_core.canvas import is_carried
from xai_core.catalogue.methods import DEFAULT_METHOD
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.explanations import explain_progressively, predict
from xai_core.explanations.hearing import (
    Part,
    canvas_of,
    evidence_inside,
    hear,
    level_matched,
    map_in_hertz,
)
from xai_core.explanations.loaded_models import array_digest
from xai_core.explanations.mixing import shares_of_mix
from xai_core.explanations.settings import Settings
from xai_core.figures import attribution_figure, probability_bars
from xai_core.figures.base.words import percent_text
from xai_core.figures.maps.listening import TOGETHER, answer_change, change_map
from xai_core.listening import apply_mask, edits_inside, edits_mask, mix
from xai_core.results.listening import listening_files
from xai_core.ui.browser.player import draw_player
from xai_core.ui.browser.screen import is_narrow
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import (
    choose_model,
    choose_note,
    choose_type,
    draw_faults,
    faulty_models,
    samples,
    sound_models,
)
from xai_core.ui.parts.edits import choose_edits, draw_box_panel
from xai_core.ui.parts.hearing import heard_sentence
from xai_core.ui.parts.mixing import choose_mix, choose_second, draw_tipping
from xai_core.ui.parts.recordings import Recording, note_of, own_recording
from xai_core.ui.parts.sharing import draw_link, draw_link_of_recording, draw_saving
from xai_core.ui.parts.words import plain
from xai_core.ui.shell.address import choose, slide, switch
from xai_core.ui.shell.faults import sentence
from xai_core.ui.shell.preload import keep_keras_state, preload_models
from xai_core.ui.shell.work_queue import compute_in_slots, queue_slot
from xai_core.values import FAMILIES, Explanation, Prediction, Waveform

__all__ = ["listen_page"]

TOOLS = {
    "reason": "What the map keeps",
    "change": "Change the sound",
    "mix": "Two notes at once",
}
COLLECTION, OWN = "collection", "own"
PARTS = {
    "for": "what speaks for it",
    "against": "what speaks against it",
    "rest": "the note without what speaks for it",
}
PART_HELP = (
    "The bins with the strongest evidence, in hertz and seconds, are kept and all others "
    "silenced, or the other way round. The model is asked again about what is left."
)
SHARES = ("10", "30", "50", "80", "95")  # percent
SHARE = "80"
PANEL_HEIGHT = 430  # px
TALL_HEIGHT = 520  # px, of one on which boxes are drawn
BARS_HEIGHT = 270  # px
METRICS_HELP = {
    "Drop": "Share of its probability that the model loses when it hears the kept part alone: "
    "0 % means that nothing is missing.",
    "Increase": "Whether the kept part alone convinces the model more than the whole note does.",
    "Gain": "Share of what was missing to 100 % that the kept part alone wins.",
    "Faithfulness": "Probability of the note less that of the note without the kept part: how much "
    "the model misses it.",
}
ANSWERS_HELP = (
    "Percent before and after, by the models of each spectrogram type and over all types together. "
    "Red: more probable than before; blue: less."
)
NOTE_SAYS = "answers to the note"  # in the session


@dataclass(frozen=True, eq=False)
class _Subject:
    """The note that is heard, and the model that is explained."""

    note: Waveform
    name: str
    type: str
    family: str
    recording: Recording | None = None
    start: float = 0.0


@dataclass(frozen=True, eq=False)
class _Places:
    """Where things go: a sentence and ten bars at the left, then a tool's own, then all models."""

    sentence: DeltaGenerator
    bars: DeltaGenerator
    middle: DeltaGenerator
    table: DeltaGenerator


def listen_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    available, records = sound_models(), samples()
    carried = {type: families for type, families in available.items() if is_carried(type)}
    if not carried:
        st.info("No spectrogram type with models has a place in hertz, so there is no sound.")
        return
    subject = _choose_subject(carried, records)
    tool = switch(st.container(), "What to do", TOOLS, key="tool")
    try:
        {"reason": _reason, "change": _change, "mix": _mix}[tool](subject)
    except InputError as error:
        st.warning(sentence(error), icon=":material/error:")
    preload_models(tuple(available))


def _choose_subject(
    available: Mapping[str, Sequence[str]], records: Sequence[NoteRecord]
) -> _Subject:
    """Let the visitor choose the note, or take the own recording, and whose model is explained."""
    recording = own_recording()
    left, right = st.columns(2, gap="medium")
    own = False
    with left:
        if recording is not None:
            sounds = {COLLECTION: "a note of the collection", OWN: plain(recording.name)}
            first = OWN if "upload" in st.query_params else COLLECTION
            own = choose(st.container(), "Sound", sounds, key="sound", default=first) == OWN
        record = None if own else choose_note(records)
    with right:
        if record is not None:
            type, family = choose_model(available, record.family)
        else:
            of_type, of_model = st.columns(2)
            type = choose_type(of_type, available)
            models = {name: name for name in available[type]}
            family = choose(of_model, "Explain the model of", models, key="model")
    draw_faults(type)
    if record is not None:
        return _Subject(load_note(record.path), record.note, type, family)
    assert recording is not None
    note, start = note_of(recording)
    return _Subject(note, Path(recording.name).stem, type, family, recording, start)


# ---------------------------------------------------------------------------- the tools


def _reason(subject: _Subject) -> None:
    """Play what a map keeps of the note, or what it leaves."""
    left, right, places = _layout()
    beside, slider = left.columns(2, vertical_alignment="bottom")
    part = cast(Part, choose(beside, "Hear", PARTS, key="hear", help=PART_HELP))
    share = slide(slider, "Share of that evidence (%)", SHARES, key="kept", default=SHARE)
    player, numbers = left.container(), left.container()
    notice, picture = right.container(), right.container()
    explanation = _explained(subject.note, subject, notice)
    try:
        with queue_slot():
            heard = hear(explanation, part=part, share=float(share) / 100)
    except InputError as error:
        player.info(f"{sentence(error)} Choose another part, or another model.")
        return
    sound, gain = level_matched(heard.sound, subject.note)
    with player:
        draw_player(subject.note, other=sound, names=("the note", "what is kept"))
    kept = heard.kept
    row = numbers.container(horizontal=True)  # as wide as its numbers: in columns some are cut off
    for name, value in {
        "Drop": percent_text(kept.drop),
        "Increase": "yes" if kept.increase else "no",
        "Gain": percent_text(kept.gain),
        "Faithfulness": f"{100 * kept.faithfulness:.0f} %".replace("-", "−"),
    }.items():
        row.metric(name, value, help=METRICS_HELP[name], width="content")
    numbers.caption(heard_sentence(heard, part=part, family=subject.family, gain=gain))
    if worth := spectrogram_type(subject.type).kept:
        numbers.caption(worth)
    figure = attribution_figure(
        map_in_hertz(explanation, mask=heard.mask),
        title=f"{PARTS[part][0].upper()}{PARTS[part][1:]}",
        subtitle=f"Red: for {subject.family}; blue: against; the rest is silenced",
        height=PANEL_HEIGHT,
    )
    draw_figure(picture, _with_player(figure))
    change = {"part": part, "share": float(share) / 100, "method": DEFAULT_METHOD}
    _answers(subject, heard.sound, places, change | {"type": subject.type})


def _change(subject: _Subject) -> None:
    """Change boxes of the note, and ask again."""
    left, right, places = _layout()
    notice, picture = right.container(), right.container()
    player, said = left.container(), left.container()
    edits = choose_edits(places.middle)
    mask = edits_mask(edits)
    changed = apply_mask(subject.note, mask) if edits else subject.note
    heard = bool(np.any(changed.y))
    with player:
        if edits and heard:
            draw_player(subject.note, other=changed, names=("the note", "changed"))
        else:
            draw_player(subject.note)
    explanation = _explained(subject.note, subject, notice)
    draw_box_panel(
        picture,
        map_in_hertz(explanation),
        edits,
        height=TALL_HEIGHT,
    )
    if not edits:
        said.info("Drag over the map to draw a box, or type one beneath it.")
    elif not heard:
        said.warning("Nothing is left to hear: change a box.", icon=":material/volume_off:")
        return
    else:
        speaks_for, against = evidence_inside(canvas_of(explanation), edits_inside(edits))
        said.caption(
            f"The {'boxes hold' if len(edits) > 1 else 'box holds'} {percent_text(speaks_for)} of "
            f"what speaks for {subject.family} and {percent_text(against)} of what speaks against "
            "it."
        )
    _answers(subject, changed, places, {"edits": [one.text for one in edits]})


def _mix(subject: _Subject) -> None:
    """Play a second note at the same time, and ask again."""
    left, right, places = _layout()
    second = choose_second(left, beside=subject.family)
    level, start, fades = choose_mix(left)
    if second is None:
        return
    mixed, louder = mix(subject.note, second, level=level, start=start, fades=fades)
    with left:
        draw_player(subject.note, other=mixed, names=("the first note", "both"))
    said, notice, picture = right.container(), right.container(), right.container()
    change = {
        "level": level,
        "start": start,
        "fades": [asdict(one) for one in fades],
        "second_sha256": array_digest(second.y),
    }
    _answers(subject, mixed, places, change)
    explanation = _explained(mixed, subject, notice)
    shares = shares_of_mix(explanation, louder)
    said.markdown(
        f"**{percent_text(shares.evidence)}** of what speaks for {subject.family} lies where the "
        f"first note is the louder, which has {percent_text(shares.energy)} of the energy there."
    )
    figure = attribution_figure(
        map_in_hertz(explanation),
        title="What drives the answer to both",
        subtitle=f"Red: speaks for {subject.family}; blue: against it",
        height=PANEL_HEIGHT,
    )
    draw_figure(picture, _with_player(figure))
    draw_tipping(
        places.table,
        (subject.note, second),
        subject.type,
        level=level,
        start=start,
        fades=fades,
    )


# ----------------------------------------------------------------------- what they share


def _layout() -> tuple[DeltaGenerator, DeltaGenerator, _Places]:
    """Return the left and the right half of the page, and the places of the answers."""
    left, right = st.columns([5, 6], gap="large")
    upper = left.container()
    lower = left.container()
    middle, table = st.container(), st.container()
    return upper, right, _Places(lower.container(), lower.container(), middle, table)


def _explained(note: Waveform, subject: _Subject, place: DeltaGenerator) -> Explanation:
    """Return the finished map of a sound."""
    waiting = place.empty()
    with place, st.spinner("Explaining …", show_time=True):
        *_, last = compute_in_slots(
            explain_progressively(
                note,
                type=subject.type,
                family=subject.family,
                settings=Settings(method=DEFAULT_METHOD),
            ),
            waiting,
        )
    return last


def _answers(
    subject: _Subject, changed: Waveform, places: _Places, change: Mapping[str, Any]
) -> None:
    """Draw what the models say of the changed sound, first those of the explained type."""
    type, family, without = subject.type, subject.family, faulty_models()
    types = tuple(sound_models())
    with queue_slot():
        before = predict(subject.note, types=[type], without=without).probabilities[type]
    others = {(type, one) for one in FAMILIES if one != family}
    with queue_slot():  # the explained model first: ten of the STFT take a second
        said = predict(changed, types=[type], without=others).probabilities[type]
    label = spectrogram_type(type).label
    change_text = answer_change(before[family], said[family])
    places.sentence.markdown(f"##### The {label} model of {family}: {change_text}")
    with queue_slot():
        after = predict(changed, types=[type], without=without).probabilities[type]
    bars = probability_bars(after, highlighted=family, before=before, height=BARS_HEIGHT)
    draw_figure(places.bars, bars)
    places.bars.caption("Bars: what the models say now. Blue marks: of the note as it was.")
    place = places.table
    place.markdown("##### What all models say, before and after", help=ANSWERS_HELP)
    words, figure, buttons = place.container(), place.container(), place.container()
    first, second = _of_the_note(subject.note, types), _of_all(changed, types)
    words.markdown(_verdicts(first.verdict(), second.verdict()))
    tables = [{**one.by_type(), TOGETHER: one.verdict()} for one in (first, second)]
    draw_figure(figure, change_map(*tables, highlighted=(type, family), narrow=is_narrow()))
    with buttons.container(horizontal=True):
        files = listening_files(first, second, note=subject.name, change=change)
        draw_saving(files, label="Save", key="listening")
        _draw_link(subject)


def _of_the_note(note: Waveform, types: Sequence[str]) -> Prediction:
    """Return what all models say of the note as it is, kept while the visitor changes it."""
    wanted = (array_digest(note.y), tuple(types), frozenset(faulty_models()))
    kept: tuple[Any, Prediction] | None = st.session_state.get(NOTE_SAYS)
    if kept is None or kept[0] != wanted:
        kept = st.session_state[NOTE_SAYS] = (wanted, _of_all(note, types))
    return kept[1]


def _of_all(sound: Waveform, types: Sequence[str]) -> Prediction:
    """Return what all models say of a sound, a type after the other."""
    without = faulty_models()
    for one in types:
        with queue_slot():  # each prediction is kept
            predict(sound, types=[one], without=without)
    return predict(sound, types=types, without=without)


def _verdicts(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Say what all types together find likeliest, before and after."""
    if not (before and after):
        return ""
    old, new = (max(one, key=lambda family: one[family]) for one in (before, after))
    if old == new:
        return f"All types together: **{old}**, {answer_change(before[old], after[old])}."
    return (
        f"All types together: **{old}** before ({percent_text(before[old])}), **{new}** now "
        f"({percent_text(after[new])})."
    )


def _draw_link(subject: _Subject) -> None:
    if subject.recording is None:
        draw_link()
        return
    draw_link_of_recording(
        subject.recording.content,
        subject.recording.digest,
        type=subject.type,
        family=subject.family,
        start=subject.start,
    )


def _with_player(figure: Any) -> Any:
    """Let the player of the page move its line over a figure of one panel."""
    figure.update_layout(meta={**figure.layout.meta, "playhead": ["x"]})
    return figure
