"""Notes rendered from SoundFonts, in the layout of NSynth.

Conventions
-----------
Each instrument has one gain: its loudest note at velocity 100 peaks at
-6 dBFS, lower if its loudest velocity would otherwise exceed -1 dBFS, so the
differences between velocities and pitches stay. Pitches and velocities are
MIDI numbers. The same settings and fonts give the same samples.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xai_core.datasets.instruments import (
    FIRST_NUMBER,
    Instrument,
    choose_pitches,
    drop_doubles,
    list_instruments,
)
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.nsynth import NewNote, check_new_folder, write_nsynth
from xai_core.datasets.soundfont import SoundFont
from xai_core.errors import InputError
from xai_core.values import FAMILIES, check_family

__all__ = ["VELOCITIES", "RenderReport", "render_notes"]

VELOCITIES = (25, 50, 75, 100, 127)  # those of NSynth

REFERENCE_VELOCITY = 100
REFERENCE_PEAK = 10 ** (-6 / 20)  # -6 dBFS
HIGHEST_PEAK = 10 ** (-1 / 20)  # -1 dBFS
SILENT_PEAK = 10 ** (-60 / 20)  # -60 dBFS
MAX_GAIN = 100.0  # 40 dB over the font's own level: a silent preset stays silent


@dataclass(frozen=True)
class RenderReport:
    """What was rendered and what was left out.

    Parameters
    ----------
    records : tuple of NoteRecord
        The notes that were written.
    n_silent, n_clipped : int
        Notes left out because they peak below -60 dBFS or at full scale.
    n_same : int
        Presets left out because they sound like an earlier one.
    """

    records: tuple[NoteRecord, ...]
    n_silent: int
    n_clipped: int
    n_same: int


def render_notes(
    fonts: Sequence[str | Path],
    folder: str | Path,
    *,
    rng: np.random.Generator,
    families: Collection[str] = FAMILIES,
    exclude_programs: Collection[int] = (),
    velocities: Sequence[int] = VELOCITIES,
    pitches_per_instrument: int | None = None,
    instruments_per_family: int | None = None,
    per_family: int | None = None,
    first_number: int = FIRST_NUMBER,
    on_progress: Callable[[int, int], None] | None = None,
) -> RenderReport:
    """Render notes from SoundFonts into a folder in the layout of NSynth.

    Parameters
    ----------
    fonts : sequence of path
        SF2 or SF3 files.
    folder : path
        Where ``examples.json`` and ``audio/`` go.
    rng : numpy.random.Generator
        Draws the pitches.
    families, exclude_programs : collection
        Which families to render, and which General MIDI programs not to.
    velocities : sequence of int
        MIDI velocities. Neighbouring notes of an instrument differ in both
        pitch and velocity, so that a few notes already show both.
    pitches_per_instrument : int or None
        How many pitches each instrument plays; None is its whole range.
    instruments_per_family : int or None
        At most so many, taken round-robin from the fonts, standard bank first.
    per_family : int or None
        At most so many notes, spread evenly over the instruments.
    first_number : int
        Number of the first instrument of each family and source.
    on_progress : callable, optional
        Receives (notes done, notes planned) after each note.

    Returns
    -------
    RenderReport

    Raises
    ------
    InputError
        If a font cannot be read, FluidSynth is missing, the folder already
        holds notes, a setting is out of range, or nothing is left to render.
    """
    _check(families, velocities)
    check_new_folder(folder)
    instruments = list_instruments(
        [SoundFont(path) for path in fonts],
        families=families,
        exclude_programs=exclude_programs,
        first_number=first_number,
    )
    instruments, n_same = drop_doubles(instruments, per_family=instruments_per_family)
    if not instruments:
        raise InputError(
            "nothing to render: these SoundFonts hold no preset of the families asked for"
        )
    tally: Counter[str] = Counter()
    parts: dict[str, list[_Part]] = {family: [] for family in FAMILIES}
    for one in instruments:
        pitches = choose_pitches(one.program, pitches_per_instrument, rng)
        family = parts[one.program.family]
        family.append(_Part(one, _order(pitches, velocities, start=len(family))))
    lengths = [sum(len(part.plan) for part in family) for family in parts.values()]
    total = sum(length if per_family is None else min(length, per_family) for length in lengths)

    def notes() -> Iterator[NewNote]:
        for family in parts.values():
            for note in _play_family(family, per_family, tally):
                yield note
                if on_progress is not None:
                    on_progress(min(tally.total(), total), total)

    records = write_nsynth(folder, notes())
    return RenderReport(tuple(records), tally["silent"], tally["clipped"], n_same)


@dataclass(frozen=True, eq=False)
class _Part:
    """What one instrument is to play: (pitch, velocity) in order."""

    instrument: Instrument
    plan: Sequence[tuple[int, int]]


def _check(families: Collection[str], velocities: Sequence[int]) -> None:
    for family in families:
        check_family(family)
    if not velocities or len(set(velocities)) != len(velocities):
        raise InputError(f"expected one or more different velocities, got {list(velocities)}")
    for velocity in velocities:
        if not 1 <= velocity <= 127:
            raise InputError(f"expected velocities from 1 to 127, got {velocity}")


def _order(
    pitches: Sequence[int], velocities: Sequence[int], *, start: int
) -> list[tuple[int, int]]:
    """Return every (pitch, velocity) once, neighbours differing in both."""
    return [
        (pitch, velocities[(i + offset + start) % len(velocities)])
        for offset in range(len(velocities))
        for i, pitch in enumerate(pitches)
    ]


def _play_family(
    parts: Sequence[_Part], limit: int | None, tally: Counter[str]
) -> Iterator[NewNote]:
    """Yield the notes of a family; what one instrument lacks, the next ones add."""
    left = limit
    for i, part in enumerate(parts):
        share = len(part.plan) if left is None else -(-left // (len(parts) - i))
        before = tally["written"]
        yield from _play_part(part, share, tally)
        if left is not None:
            left -= tally["written"] - before


def _play_part(part: _Part, share: int, tally: Counter[str]) -> Iterator[NewNote]:
    """Yield `share` notes of one instrument, or as many as are neither silent nor clipped."""
    instrument = part.instrument

    @functools.cache
    def play(pitch: int, velocity: int) -> npt.NDArray[np.float32]:
        return instrument.font.play(instrument.preset, pitch=pitch, velocity=velocity)

    loudest = max((velocity for _, velocity in part.plan), default=REFERENCE_VELOCITY)
    gain = _gain(play, pitches={pitch for pitch, _ in part.plan[:share]}, loudest=loudest)
    left = share
    for pitch, velocity in part.plan:
        if left == 0:
            return
        y = play(pitch, velocity) * gain
        outcome = _judge(y)
        tally[outcome] += 1
        if outcome != "written":
            continue
        left -= 1
        yield NewNote(
            family=instrument.program.family,
            instrument_source=instrument.program.source,
            number=instrument.number,
            pitch=pitch,
            velocity=velocity,
            y=y,
            instrument_name=instrument.preset.name,
            soundfont=instrument.font.name,
        )


def _gain(
    play: Callable[[int, int], npt.NDArray[np.float32]], *, pitches: Collection[int], loudest: int
) -> float:
    def peak(velocity: int) -> float:
        return max((float(np.max(np.abs(play(p, velocity)))) for p in pitches), default=0.0)

    return min(
        REFERENCE_PEAK / max(peak(REFERENCE_VELOCITY), REFERENCE_PEAK / MAX_GAIN),
        HIGHEST_PEAK / max(peak(loudest), HIGHEST_PEAK / MAX_GAIN),
    )


def _judge(y: npt.NDArray[np.float32]) -> str:
    peak = float(np.max(np.abs(y)))
    if peak < SILENT_PEAK:
        return "silent"
    return "written" if peak < 1.0 else "clipped"
