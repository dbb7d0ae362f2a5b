"""Instruments that share recordings although no two files are the same.

Conventions
-----------
Sample libraries borrow from each other, and cut, level and encode anew what
they take. Two notes of one family and pitch are compared by the largest
cross-correlation of their whitened spectra: 1 for the same recording at any
level and start, 0.1 to 0.5 for two recordings, since the phases of partials and
the noise between them are never the same twice. What is plainly periodic (a
synthesizer's bass) comes out higher than two strings would, and counts as
shared when it reaches the bound: grouping too much costs nothing but a few
instruments to choose from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_core.datasets.notes import NoteRecord, read_samples
from xai_core.values import SAMPLE_RATE

__all__ = ["SAME", "Twins", "find_twins", "group_names", "likeness"]

SAME = 0.8  # of at most 1, for one pair of notes
LISTENED = 2.0  # s from the onset
ONSET = 0.03  # of the peak
BEFORE = 0.005  # s kept before the onset
FLOOR = 0.01  # of the strongest frequency (-40 dB): below it whitening would raise noise

_N = int(LISTENED * SAMPLE_RATE)
_N_FFT = 2 * _N  # room for every lag
_Spectrum = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class Twins:
    """Two instruments that share a recording.

    Parameters
    ----------
    a, b : str
        The instruments.
    likeness : float
        Largest over their notes of the same pitch, at least :data:`SAME`.
    note_a, note_b : str
        The notes that are most alike.
    """

    a: str
    b: str
    likeness: float
    note_a: str
    note_b: str


def find_twins(
    records: Sequence[NoteRecord],
    *,
    among: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Twins]:
    """Return the pairs of instruments that share a recording, the most alike first.

    Notes of unknown pitch are not compared.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes that can be read; each is read once at most.
    among : collection of str, optional
        Only pairs that hold one of these instruments are looked for, in a time
        that does not grow with the square of the others.
    on_progress : callable
        Called with notes read and notes in all.

    Raises
    ------
    AudioError
        If a note's audio is missing or damaged.
    """
    groups: dict[tuple[str, int], list[NoteRecord]] = defaultdict(list)
    for record in records:
        if record.pitch is not None:
            groups[record.family, record.pitch].append(record)
    best: dict[tuple[str, str], Twins] = {}
    done, total = 0, sum(map(len, groups.values()))
    for key in sorted(groups):
        for twins in _alike(groups[key], among):
            pair = (twins.a, twins.b)
            if pair not in best or twins.likeness > best[pair].likeness:
                best[pair] = twins
        done += len(groups[key])
        on_progress(done, total)
    return sorted(best.values(), key=lambda twins: (-twins.likeness, twins.a, twins.b))


def likeness(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Return how much two notes sound like one recording, 0 to 1; symmetric.

    Parameters
    ----------
    a, b : ndarray, shape (n_samples,)
        16 000 Hz. Silence is like nothing: 0.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    >>> round(likeness(noise, 0.1 * noise), 3)
    1.0
    """
    return _correlation(_whitened(a), _whitened(b))


def group_names(pairs: Collection[tuple[str, str]]) -> dict[str, str]:
    """Return ``{instrument: name of its group}`` for instruments joined by pairs.

    A group is named after its first member in the order of the alphabet.
    """
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for a, b in pairs:
        first, last = sorted((find(a), find(b)))
        parent[last] = first
    return {name: find(name) for name in sorted(parent)}


def _alike(records: Sequence[NoteRecord], among: Collection[str] | None) -> Iterator[Twins]:
    names = {record.instrument for record in records}
    wanted = names if among is None else names & set(among)
    if len(names) < 2 or not wanted:
        return
    spectra: list[tuple[NoteRecord, _Spectrum]] = []
    for record in sorted(records, key=lambda r: (r.instrument not in wanted, r.instrument, r.note)):
        spectrum = _whitened(read_samples(record, seconds=2 * LISTENED))
        for other, theirs in spectra:
            if other.instrument != record.instrument:
                found = _correlation(spectrum, theirs)
                if found >= SAME:
                    yield Twins(other.instrument, record.instrument, found, other.note, record.note)
        if record.instrument in wanted:
            spectra.append((record, spectrum))


def _whitened(y: npt.NDArray[np.float32]) -> _Spectrum:
    """Return the spectrum of the first 2 s of sound with its partials levelled, unit energy."""
    magnitude = np.abs(y)
    peak = float(magnitude.max(initial=0.0))
    if peak == 0.0:
        return np.zeros(_N + 1, np.complex64)
    onset = int(np.argmax(magnitude > ONSET * peak))
    start = max(0, onset - int(BEFORE * SAMPLE_RATE))
    spectrum = np.fft.rfft(y[start : start + _N], _N_FFT)
    strength = np.abs(spectrum)
    spectrum /= np.maximum(strength, FLOOR * strength.max())
    spectrum /= np.sqrt(np.mean(np.abs(spectrum) ** 2))
    return spectrum.astype(np.complex64)


def _correlation(a: _Spectrum, b: _Spectrum) -> float:
    return min(1.0, float(np.abs(np.fft.irfft(a * np.conj(b), _N_FFT)).max()))
