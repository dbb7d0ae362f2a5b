"""Which presets of SoundFonts become instruments, and which pitches they play.

Conventions
-----------
Every preset of the ten families is an instrument of its own, except one that
shares a recording with an earlier one of its family. SoundFonts borrow from
each other: the same recording in two presets correlates at 0.98 or more, two
recordings of the same kind of instrument mostly below 0.8. Drums are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xai_core.datasets.soundfont import (
    DRUM_BANKS,
    PROGRAMS,
    Preset,
    Program,
    SoundFont,
)
from xai_core.values import FAMILIES

__all__ = [
    "FIRST_NUMBER",
    "SAME_CORRELATION",
    "Instrument",
    "choose_pitches",
    "drop_doubles",
    "list_instruments",
]

FIRST_NUMBER = 500  # above every instrument number of NSynth
CENTRAL = 0.8  # share of the playing range that pitches are drawn from
SAME_CORRELATION = 0.98  # at the best lag of any probe

_Probe = npt.NDArray[np.complex128]  # (n_pitches, n_frequencies)
_PROBE_PITCHES = (48, 60, 72)
_PROBE_VELOCITY = 100
_PROBE_HELD = 0.5  # s


@dataclass(frozen=True, eq=False)
class Instrument:
    """One preset of one SoundFont under its NSynth-style number."""

    font: SoundFont
    preset: Preset
    program: Program
    number: int

    @property
    def name(self) -> str:
        """``guitar_acoustic_500``."""
        return f"{self.program.family}_{self.program.source}_{self.number:03d}"


def list_instruments(
    fonts: Sequence[SoundFont],
    *,
    families: Collection[str] = FAMILIES,
    exclude_programs: Collection[int] = (),
    first_number: int = FIRST_NUMBER,
) -> list[Instrument]:
    """Return the instruments of fonts that belong to the ten families.

    Numbers run within family and source over all fonts, in the order of the
    fonts, then banks, then programs. They do not depend on what is left out.
    """
    numbers: Counter[tuple[str, str]] = Counter()
    found = []
    for font in fonts:
        for preset in sorted(font.presets, key=lambda p: (p.bank, p.program)):
            program = PROGRAMS.get(preset.program)
            if program is None or preset.bank in DRUM_BANKS:
                continue
            key = (program.family, program.source)
            number = first_number + numbers[key]
            numbers[key] += 1
            if program.family in families and preset.program not in exclude_programs:
                found.append(Instrument(font, preset, program, number))
    return found


def choose_pitches(program: Program, count: int | None, rng: np.random.Generator) -> list[int]:
    """Return pitches of a program's playing range, the most central first.

    Parameters
    ----------
    program : Program
        Whose range.
    count : int or None
        How many; one is drawn from each of `count` equal parts of the central
        80 % of the range, at least half a part away from its neighbours. None
        takes every pitch of the range.
    rng : numpy.random.Generator
        Draws the pitches.

    Returns
    -------
    list of int
        Distinct MIDI numbers; fewer than `count` if the range is narrower.
    """
    centre = (program.low + program.high) / 2
    if count is None:
        pitches = set(range(program.low, program.high + 1))
    else:
        part = CENTRAL * (program.high - program.low) / count
        # Where in each part: one place for the instrument, and a little of its own.
        places = rng.uniform(0.25, 0.75) + rng.uniform(-0.25, 0.25, size=count)
        drawn = centre + part * (np.arange(count) + places - count / 2)
        pitches = {int(pitch) for pitch in np.rint(drawn)}
    return sorted(pitches, key=lambda pitch: (abs(pitch - centre), pitch))


def drop_doubles(
    instruments: Sequence[Instrument], *, per_family: int | None = None
) -> tuple[list[Instrument], int]:
    """Return instruments that all sound different, and how many were doubles.

    Parameters
    ----------
    instruments : sequence of Instrument
        Candidates. Inside a family they are taken round-robin from the fonts, each in the order
        given, and the first of two that sound alike is kept.
    per_family : int or None
        Stop after so many instruments of each family.

    Returns
    -------
    kept : list of Instrument
        Family by family.
    n_doubles : int
        How many were left out because an earlier one sounds like them.
    """
    kept: list[Instrument] = []
    n_doubles = 0
    for family in FAMILIES:
        probes: list[_Probe] = []
        for instrument in _in_turn([i for i in instruments if i.program.family == family]):
            if per_family is not None and len(probes) == per_family:
                break
            probe = _probe(instrument)
            if any(_correlation(probe, other) >= SAME_CORRELATION for other in probes):
                n_doubles += 1
                continue
            kept.append(instrument)
            probes.append(probe)
    return kept, n_doubles


def _in_turn(instruments: Sequence[Instrument]) -> list[Instrument]:
    """Return instruments round-robin from the fonts, each by bank and program."""
    ranks: Counter[Path] = Counter()
    keyed = []
    for instrument in instruments:
        keyed.append((ranks[instrument.font.path], instrument))
        ranks[instrument.font.path] += 1
    return [instrument for _, instrument in sorted(keyed, key=lambda pair: pair[0])]


def _probe(instrument: Instrument) -> _Probe:
    """Return the spectra of a few short notes, each scaled to unit energy."""
    notes = [
        instrument.font.play(
            instrument.preset,
            pitch=pitch,
            velocity=_PROBE_VELOCITY,
            held=_PROBE_HELD,
            released=0.0,
        )
        for pitch in _PROBE_PITCHES
    ]
    y = np.asarray(notes, dtype=np.float64)  # (n_pitches, n_samples)
    energy = np.linalg.norm(y, axis=1, keepdims=True)
    y = np.divide(y, energy, out=np.zeros_like(y), where=energy > 0.0)
    return np.fft.rfft(y, n=2 * y.shape[1], axis=1)  # room for every lag


def _correlation(a: _Probe, b: _Probe) -> float:
    """Return the largest correlation of two probes at any pitch and lag, 0 for silence."""
    products = np.fft.irfft(a * np.conj(b), axis=1)  # (n_pitches, n_lags)
    return float(np.max(np.abs(products)))
