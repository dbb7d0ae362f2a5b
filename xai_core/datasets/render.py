"""Notes rendered from SoundFonts, in the layout of NSynth.

Conventions
-----------
Every preset is an instrument of its own; a preset that sounds like an earlier
one of its family is not rendered again (SoundFonts borrow from each other:
their waveforms then correlate at 0.95 or more, against 0.8 at most for
different recordings of most instruments). Each instrument has one gain: its loudest
note at velocity 100 peaks at -6 dBFS, lower if velocity 127 would otherwise
exceed -1 dBFS, so the differences between velocities and pitches stay. Levels
are in dBFS, pitches and velocities are MIDI numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.nsynth import NewNote, write_nsynth
from xai_core.datasets.programs import DRUM_BANKS, PROGRAMS, Program
from xai_core.datasets.soundfont import Preset, SoundFont
from xai_core.errors import InputError
from xai_core.values import FAMILIES, check_family

__all__ = [
    "FIRST_NUMBER",
    "VELOCITIES",
    "Instrument",
    "RenderReport",
    "choose_pitches",
    "list_instruments",
    "render_notes",
]

VELOCITIES = (25, 50, 75, 100, 127)  # those of NSynth
FIRST_NUMBER = 500  # above every instrument number of NSynth

_Probe = npt.NDArray[np.complex128]  # (n_pitches, n_frequencies)

REFERENCE_VELOCITY = 100
REFERENCE_PEAK = 10 ** (-6 / 20)  # -6 dBFS
HIGHEST_PEAK = 10 ** (-1 / 20)  # -1 dBFS
SILENT_PEAK = 10 ** (-60 / 20)  # -60 dBFS
MAX_GAIN = 100.0  # 40 dB over the font's own level: a silent preset stays silent

CENTRAL = 0.8  # share of the playing range that pitches are drawn from
_PROBE_PITCHES = (48, 60, 72)  # compared to find presets that sound the same
_PROBE_HELD = 0.5  # s
SAME_CORRELATION = 0.95  # at the best lag, averaged over the probes


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
    progress: Callable[[int, int], None] | None = None,
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
        At most so many, taken in turn from the fonts, standard bank first.
    per_family : int or None
        At most so many notes, spread evenly over the instruments.
    first_number : int
        Number of the first instrument of each family and source.
    progress : callable, optional
        Receives (notes tried, notes planned) after each note.

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
    instruments = list_instruments(
        [SoundFont(path) for path in fonts],
        families=families,
        exclude_programs=exclude_programs,
        first_number=first_number,
    )
    tally: Counter[str] = Counter()
    chosen = _choose(instruments, instruments_per_family, tally)
    plans = [
        _order(choose_pitches(one.program, pitches_per_instrument, rng), velocities, start=place)
        for place, one in chosen
    ]
    budget = _Budget(chosen, plans, per_family)

    def notes() -> Iterator[NewNote]:
        for (_, instrument), plan in zip(chosen, plans, strict=True):
            quota = budget.quota(instrument)
            if quota == 0:
                continue
            written = 0
            for note in _play(instrument, plan, quota, tally):
                written += note is not None
                if progress is not None:
                    tally["tried"] += 1
                    progress(min(tally["tried"], budget.total), budget.total)
                if note is not None:
                    yield note
                if written == quota:
                    break
            budget.spend(instrument, written)

    records = write_nsynth(folder, notes())
    return RenderReport(tuple(records), tally["silent"], tally["clipped"], tally["same"])


class _Budget:
    """Notes still to come in each family, shared evenly by its instruments."""

    def __init__(
        self,
        chosen: Sequence[tuple[int, Instrument]],
        plans: Sequence[Sequence[tuple[int, int]]],
        per_family: int | None,
    ) -> None:
        self.instruments = Counter(one.program.family for _, one in chosen)
        self.notes: Counter[str] = Counter()
        for (_, one), plan in zip(chosen, plans, strict=True):
            self.notes[one.program.family] += len(plan)
        if per_family is not None:
            self.notes = Counter({f: min(n, per_family) for f, n in self.notes.items()})
        self.capped = per_family is not None
        self.total = sum(self.notes.values())

    def quota(self, instrument: Instrument) -> int | None:
        family = instrument.program.family
        return -(-self.notes[family] // self.instruments[family]) if self.capped else None

    def spend(self, instrument: Instrument, written: int) -> None:
        self.notes[instrument.program.family] -= written
        self.instruments[instrument.program.family] -= 1


def _check(families: Collection[str], velocities: Sequence[int]) -> None:
    for family in families:
        check_family(family)
    if not velocities or len(set(velocities)) != len(velocities):
        raise InputError(f"expected one or more different velocities, got {list(velocities)}")
    for velocity in velocities:
        if not 1 <= velocity <= 127:
            raise InputError(f"expected velocities from 1 to 127, got {velocity}")


def _choose(
    instruments: Sequence[Instrument], per_family: int | None, tally: Counter[str]
) -> list[tuple[int, Instrument]]:
    """Return instruments with their places in their families, family by family."""
    chosen: list[tuple[int, Instrument]] = []
    for family in FAMILIES:
        heard: list[_Probe] = []
        for instrument in _in_turn([i for i in instruments if i.program.family == family]):
            if per_family is not None and len(heard) == per_family:
                break
            probe = _probe(instrument)
            if any(_correlation(probe, other) >= SAME_CORRELATION for other in heard):
                tally["same"] += 1
                continue
            chosen.append((len(heard), instrument))
            heard.append(probe)
    if not chosen:
        raise InputError(
            "nothing to render: these SoundFonts hold no preset of the families asked for"
        )
    return chosen


def _in_turn(instruments: Sequence[Instrument]) -> list[Instrument]:
    """Return instruments with the fonts taking turns, each by bank and program."""
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
            velocity=REFERENCE_VELOCITY,
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
    """Return the correlation of two probes at the best lags, 0 for silence."""
    products = np.fft.irfft(a * np.conj(b), axis=1)  # (n_pitches, n_lags)
    return float(np.mean(np.max(np.abs(products), axis=1)))


def _order(
    pitches: Sequence[int], velocities: Sequence[int], *, start: int
) -> list[tuple[int, int]]:
    """Return every (pitch, velocity) once, neighbours differing in both."""
    return [
        (pitch, velocities[(i + turn + start) % len(velocities)])
        for turn in range(len(velocities))
        for i, pitch in enumerate(pitches)
    ]


def _play(
    instrument: Instrument,
    plan: Sequence[tuple[int, int]],
    quota: int | None,
    tally: Counter[str],
) -> Iterator[NewNote | None]:
    """Yield the notes of one instrument, None for each that is left out."""
    cache: dict[tuple[int, int], npt.NDArray[np.float32]] = {}

    def play(pitch: int, velocity: int) -> npt.NDArray[np.float32]:
        key = (pitch, velocity)
        if key not in cache:
            cache[key] = instrument.font.play(instrument.preset, pitch=pitch, velocity=velocity)
        return cache[key]

    def peak(pitch: int, velocity: int) -> float:
        return float(np.max(np.abs(play(pitch, velocity))))

    pitches = {pitch for pitch, _ in plan[:quota]}
    loudest = max([velocity for _, velocity in plan], default=REFERENCE_VELOCITY)
    reference = max((peak(pitch, REFERENCE_VELOCITY) for pitch in pitches), default=0.0)
    highest = max((peak(pitch, loudest) for pitch in pitches), default=0.0)
    gain = min(
        REFERENCE_PEAK / max(reference, REFERENCE_PEAK / MAX_GAIN),
        HIGHEST_PEAK / max(highest, HIGHEST_PEAK / MAX_GAIN),
    )
    for pitch, velocity in plan:
        y = play(pitch, velocity) * gain
        level = float(np.max(np.abs(y)))
        if level < SILENT_PEAK:
            tally["silent"] += 1
            yield None
        elif level >= 1.0:
            tally["clipped"] += 1
            yield None
        else:
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
