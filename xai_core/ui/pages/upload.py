"""The Upload page: a recording of the visitor's own, its 4 s, all models, one explained.

Conventions
-----------
The recording stays in the visitor's session: it is written nowhere, and gone
when it is removed or the page is closed, unless the visitor asks for a link
(:mod:`xai_core.ui.parts.sharing`). What is cached of it otherwise are maps, under the
digest of its samples. Type and family of the explained model are in the address,
and of a recording with a link ``upload``, its SHA-256, and ``start``, in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from xai_core.audio import MAX_BYTES, NOTE_SECONDS, fit_note, open_gate
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import InputError
from xai_core.explanations import layers_of, predict, weak_families
from xai_core.explanations.predict import Scan, scan
from xai_core.figures.base.words import percent_text
from xai_core.figures.maps.answers import scan_map
from xai_core.results.files import prediction_files
from xai_core.ui.browser.player import draw_player
from xai_core.ui.browser.segment_picker import draw_window
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import (
    choose_advanced,
    choose_type,
    draw_faults,
    faulty_models,
    samples,
    sound_models,
)
from xai_core.ui.parts.hearing import draw_way_to_listen
from xai_core.ui.parts.panels import draw_panels, draw_saving_of_panels
from xai_core.ui.parts.recordings import (
    Recording,
    bring_recording,
    drop_recording,
    keep_recording,
    keep_start,
    note_of,
    own_recording,
)
from xai_core.ui.parts.sharing import (
    STAYS,
    draw_link_of_recording,
    draw_saving,
    write_place,
)
from xai_core.ui.parts.words import doubts, overall_verdict, plain
from xai_core.ui.shell.address import choose, follow_default, set_choice
from xai_core.ui.shell.faults import sentence
from xai_core.ui.shell.preload import freeze_objects, keep_keras_state
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import FAMILIES, Prediction

__all__ = ["upload_page"]

SOURCES = {"file": "A file", "microphone": "The microphone"}
FORMATS = (
    *("wav", "flac", "mp3", "m4a", "ogg", "oga", "opus", "aif", "aiff", "aifc"),
    *("aac", "mp4", "mov", "3gp", "webm", "mka", "mkv", "wma"),
)
HOP = 1.0  # s, of a scan
CELLS = "cells"  # key of the table
TABLE_HEIGHT = 388  # px: ten families and the heading
TABLE_HELP = (
    "How probable each family is, by the models of each spectrogram type. Choose a cell to see why "
    "that model says so. The sixty models answer each by itself, so no row or column sums to 100 %."
)


def upload_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    recording = _bring()
    if recording is None:
        return
    start = draw_window(recording.waveform, id=recording.digest, start=note_of(recording)[1])
    keep_start(recording, start)
    write_place(recording.digest, start)
    note = fit_note(recording.waveform, start=start)
    draw_player(note)
    if note.edits:
        st.caption(f"What was done to the recording: {', '.join(note.edits)}.")
    prediction = _prediction(recording, start)
    type, family = _choose_cell(prediction)
    name = Path(recording.name).stem
    files = prediction_files(prediction, note=name, start=start)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_saving(files, label="Save the table", key="save the table")
        scanned = st.toggle(
            "Scan the whole recording", key="scan", help="Every second, the next 4 s."
        )
    if scanned:
        _scan(recording, type)
    st.subheader(f"Why the {spectrogram_type(type).label} model of {family} says so", anchor=False)
    said = prediction.probabilities[type][family]
    st.markdown(
        f"“Is it {family}?” It says {'yes' if said >= 0.5 else 'no'}, {percent_text(said)}."
    )
    warning = st.empty()
    if family in weak_families(type):
        st.caption(doubts([family]))
    advanced = choose_advanced(samples(), layers_of(type, family), type=type)
    panels = draw_panels(note, type, family, advanced, verdict=warning)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_saving_of_panels(panels, name=name, start=start)
        draw_link_of_recording(
            recording.content, recording.digest, type=type, family=family, start=start
        )
        draw_way_to_listen(sound="own")


def _bring() -> Recording | None:
    """Let the visitor bring a recording; return the one that is there, if any."""
    kept = own_recording()
    if kept is not None:
        left, right = st.columns([4, 1], vertical_alignment="center")
        waveform = kept.waveform
        left.markdown(
            f"**{plain(kept.name)}**, {waveform.duration:.1f} s at {waveform.sr / 1000:g} kHz"
        )
        right.button(
            "Remove it",
            icon=":material/delete:",
            on_click=drop_recording,
            args=(kept.digest,),
            help="The sound, also from the server if it was kept there for a link.",
            key="remove",
            width="stretch",
        )
        return kept
    source = st.segmented_control(
        "Where from",
        tuple(SOURCES),
        default="file",
        required=True,
        format_func=lambda name: SOURCES[name],
        key="from",
        label_visibility="collapsed",
    )
    if source == "microphone":
        file = st.audio_input("Record some seconds of one note", key="microphone")
    else:
        file = st.file_uploader(
            "WAV, FLAC, MP3, M4A, OGG and others, of up to 10 minutes",
            type=list(FORMATS),
            max_upload_size=MAX_BYTES // 2**20,
            key="file",
        )
    open_gate()
    if file is None:
        st.info("Add a recording to see what the models hear in it.", icon=":material/upload:")
        st.caption(STAYS)
        return None
    try:
        recording = bring_recording(file.name or "recording", file.getvalue())
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        return None
    keep_recording(recording)
    st.rerun()


def _prediction(recording: Recording, start: float) -> Prediction:
    """Return the predictions of all models for the 4 s, computed once for each start."""
    key = "prediction of the recording"
    kept: tuple[tuple[str, float], Prediction] | None = st.session_state.get(key)
    wanted = (recording.digest, start)
    place = st.container()  # always there, so that what is below keeps its place and stays open
    if kept is None or kept[0] != wanted:
        waiting = place.empty()
        with place, st.spinner("Asking every model …", show_time=True):
            types, without = tuple(sound_models()), faulty_models()
            for type in types:
                with queue_slot(waiting):  # each prediction is cached
                    predict(recording.waveform, start=start, types=[type], without=without)
            found = predict(recording.waveform, start=start, types=types, without=without)
            kept = (wanted, found)
            _settle_once()
        st.session_state[key] = kept
    return kept[1]


@st.cache_resource(show_spinner=False)
def _settle_once() -> None:
    """Freeze objects once all models have predicted for the first time on this server."""
    freeze_objects()


def _choose_cell(prediction: Prediction) -> tuple[str, str]:
    """Draw the table of all probabilities; return type and family of the chosen model."""
    table = prediction.probabilities
    st.subheader("What every model says", anchor=False, help=TABLE_HELP)
    st.markdown(overall_verdict(prediction.verdict()))
    families = [family for family in FAMILIES if any(family in row for row in table.values())]
    headings = {spectrogram_type(type).label: type for type in table}
    st.dataframe(
        {"family": families}
        | {heading: _percents(table[type], families) for heading, type in headings.items()},
        hide_index=True,
        height=TABLE_HEIGHT,
        column_config={
            heading: st.column_config.ProgressColumn(
                heading, min_value=0, max_value=100, format="%.0f %%"
            )
            for heading in headings
        },
        on_select=lambda: _take_cell(families, headings),
        selection_mode="single-cell",
        key=CELLS,
    )
    doubted = {type: weak_families(type) for type in table}
    if any(doubted.values()):
        st.caption(
            doubts([f"{spectrogram_type(t).label} {name}" for t in doubted for name in doubted[t]])
        )
    for type in table:
        draw_faults(type)
    likeliest = _likeliest(prediction)
    for key, default in zip(("type", "model"), likeliest, strict=True):
        follow_default(key, default)
    left, right = st.columns(2)
    type = choose_type(left, table, default=likeliest[0])
    answering = {name: name for name in families if name in table[type]}
    own = likeliest[1] if likeliest[1] in answering else prediction.best(type)[0]
    family = choose(right, "Explain the model of", answering, key="model", default=own)
    return type, family


def _likeliest(prediction: Prediction) -> tuple[str, str]:
    """Return the family that the verdict names, and the type whose model of it is surest.

    A type whose model of the family is not shown to be better than chance counts only where
    there is no other.
    """
    table, verdict = prediction.probabilities, prediction.verdict()
    if not verdict:
        type = next(iter(table))
        return type, prediction.best(type)[0]
    family = max(verdict, key=lambda name: verdict[name])
    types = [one for one, row in table.items() if family in row]
    sound = [one for one in types if family not in weak_families(one)]
    return max(sound or types, key=lambda one: table[one][family]), family


def _percents(row: Mapping[str, float], families: Sequence[str]) -> list[float | None]:
    return [100 * row[family] if family in row else None for family in families]


def _take_cell(families: Sequence[str], headings: Mapping[str, str]) -> None:
    """Explain the model of the cell that was clicked."""
    cells = st.session_state[CELLS].selection.cells
    if not cells:
        return
    row, heading = cells[0]
    if heading in headings:
        set_choice("type", headings[heading])
    set_choice("model", families[row])


def _scan(recording: Recording, type: str) -> None:
    """Draw what the models of a type say along the recording."""
    key = "scan of the recording"
    kept: tuple[tuple[str, str], Scan] | None = st.session_state.get(key)
    wanted = (recording.digest, type)
    place = st.container()
    if kept is None or kept[0] != wanted:
        bar = place.progress(0.0, "Scanning …")

        with queue_slot(place.empty()) as slot:

            def on_progress(done: int, total: int) -> None:
                bar.progress(done / total, f"Scanning: {done} of {total}")
                slot.requeue()

            result = scan(recording.waveform, type=type, hop=HOP, on_progress=on_progress)
        bar.empty()
        kept = (wanted, result)
        st.session_state[key] = kept
    found = kept[1]
    figure = scan_map(found.probabilities, found.starts, found.families, length=NOTE_SECONDS)
    draw_figure(st, figure)
    st.caption(
        f"{spectrogram_type(type).label} models; each column is 4 s of the recording, heard by "
        "itself."
    )
