"""What a collection of notes holds, and what a reader should know of it.

Conventions
-----------
Every file is read once and none is held; one that is shorter than 4 s or that
cannot be read is looked at again, to say why. Nothing is changed and nothing
is an error: what is wrong with a note is a :class:`Finding`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from xai_core.datasets import findings, signal
from xai_core.datasets.confounding import Confounding, confounding, explained
from xai_core.datasets.counts import (
    FamilyCount,
    InstrumentCount,
    SourceCount,
    count_families,
    count_instruments,
    count_sources,
)
from xai_core.datasets.findings import (
    LONGEST_READ,
    NOTE_SECONDS,
    Finding,
    Measured,
)
from xai_core.datasets.note_names import named_apart
from xai_core.datasets.notes import (
    NoteRecord,
    Skipped,
    read_stored,
    usable_notes,
)
from xai_core.datasets.signal import NoteSignal, measure
from xai_core.errors import AudioError, InputError

__all__ = ["FORMAT", "Audit", "GiveAway", "audit"]

FORMAT = 1  # of :meth:`Audit.as_dict`; it changes when a key changes its meaning

_LABELS: dict[str, Callable[[NoteRecord], str]] = {
    "source": lambda record: record.source,
    "collection": lambda record: record.collection,
    "instrument_source": lambda record: record.instrument_source,
}
# Name, unit and value of measures that do not depend on the instrument.
_GIVE_AWAYS: dict[str, tuple[str, str, Callable[[NoteSignal], float]]] = {
    "peak": ("Peak", "dBFS", lambda s: s.peak_dbfs),
    "noise_floor": ("Noise floor", "dBFS", lambda s: s.floor_dbfs),
    "padding": ("Silence at the end", "s", lambda s: s.padding_seconds),
    "dc_offset": ("DC offset", "% of the peak", lambda s: 100 * s.dc_share),
}


@dataclass(frozen=True)
class GiveAway:
    """A measure of the recording by which a source may be recognised.

    Parameters
    ----------
    key, name, unit : str
    median_by_source : dict of str to float
        The source with the most notes first; silent and damaged notes do not
        count.
    explained_by_source, explained_by_family : float
        Share of the differences between notes that the source, or the family,
        accounts for, in [0, 1]; see :func:`xai_core.datasets.confounding.explained`.
    """

    key: str
    name: str
    unit: str
    median_by_source: dict[str, float]
    explained_by_source: float
    explained_by_family: float


@dataclass(frozen=True)
class Audit:
    """What a collection of notes holds.

    Parameters
    ----------
    n_notes, n_instruments : int
    n_unusable : int
        Notes that are missing, damaged, empty or not finite.
    families, instruments, sources : tuple
        Counts.
    findings : tuple of Finding
        Only what was found; the worst kinds first.
    confounding : tuple of Confounding
        Of family and source, collection and instrument source, as far as
        they are known.
    give_aways : tuple of GiveAway
        Peak, noise floor, silence at the end, DC offset.
    """

    n_notes: int
    n_instruments: int
    n_unusable: int
    families: tuple[FamilyCount, ...]
    instruments: tuple[InstrumentCount, ...]
    sources: tuple[SourceCount, ...]
    findings: tuple[Finding, ...]
    confounding: tuple[Confounding, ...]
    give_aways: tuple[GiveAway, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as what JSON can hold; an unknown number is None."""
        content = asdict(self)
        for one, found in zip(content["findings"], self.findings, strict=True):
            one["count"] = found.count
        for one, about in zip(content["confounding"], self.confounding, strict=True):
            one["sentence"] = about.sentence
        return {"format": FORMAT, **_plain(content), "definitions": _definitions()}


def audit(
    records: Sequence[NoteRecord],
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Return what a collection of notes holds, and what was found in it.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any collections; one that comes twice counts once.
    on_progress : callable
        Called with notes done and notes in all.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        If there is no note.
    """
    notes = named_apart(list(dict.fromkeys(records)))
    if not notes:
        raise InputError("expected notes to look at, got none: is it the right folder?")
    measured: list[tuple[NoteRecord, NoteSignal]] = []
    unusable: list[tuple[NoteRecord, Skipped]] = []
    for done, record in enumerate(notes, start=1):
        result = _listen(record)
        if isinstance(result, Skipped):
            unusable.append((record, result))
        else:
            measured.append((record, result))
        on_progress(done, len(notes))
    families, instruments = count_families(notes), count_instruments(notes)
    sources = count_sources(notes)
    labels = [found for label in _LABELS if (found := _confounding(notes, label)) is not None]
    return Audit(
        n_notes=len(notes),
        n_instruments=len({record.instrument for record in notes}),
        n_unusable=len(unusable),
        families=families,
        instruments=instruments,
        sources=sources,
        findings=(
            *findings.find_in_signals(measured, unusable, total=len(notes)),
            *findings.find_in_counts(families, instruments),
            *findings.find_in_labels(labels, families),
        ),
        confounding=tuple(labels),
        give_aways=_give_aways(measured, [one.source for one in sources]),
    )


def _listen(record: NoteRecord) -> NoteSignal | Skipped:
    try:
        y, sr = read_stored(record, seconds=LONGEST_READ)
    except AudioError:
        skipped = _why(record)
        return Skipped(record.note, record.path, "damaged") if skipped is None else skipped
    if not np.isfinite(y).all():
        return Skipped(record.note, record.path, "not finite")
    # A file that was cut off decodes well, and is short.
    skipped = _why(record) if len(y) < NOTE_SECONDS * sr else None
    return measure(y, sr) if skipped is None else skipped


def _why(record: NoteRecord) -> Skipped | None:
    """Return why training leaves a note out, or None where it does not or it is only silent."""
    _, skipped = usable_notes([record])
    return next((one for one in skipped if one.reason != "silent"), None)


def _confounding(notes: Sequence[NoteRecord], label: str) -> Confounding | None:
    """Return the confounding of a label with the family, or None if no note has the label."""
    known = [(note.family, _LABELS[label](note)) for note in notes if _LABELS[label](note)]
    if not known:
        return None
    return confounding([f for f, _ in known], [value for _, value in known], label=label)


def _give_aways(measured: Measured, sources: Sequence[str]) -> tuple[GiveAway, ...]:
    sounding = [(record, one) for record, one in measured if not one.is_silent]
    found = []
    for key, (name, unit, value_of) in _GIVE_AWAYS.items():
        values = [value_of(one) for _, one in sounding]
        by_source: dict[str, list[float]] = defaultdict(list)
        for (record, _), value in zip(sounding, values, strict=True):
            by_source[record.source].append(value)
        found.append(
            GiveAway(
                key=key,
                name=name,
                unit=unit,
                median_by_source={s: _median(by_source[s]) for s in sources if by_source[s]},
                explained_by_source=explained(values, [record.source for record, _ in sounding]),
                explained_by_family=explained(values, [record.family for record, _ in sounding]),
            )
        )
    return tuple(found)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)  # NumPy's median of two infinities is not a number
    return ordered[len(ordered) // 2]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _definitions() -> dict[str, float]:
    """Return the thresholds that decide what is found."""
    return {
        "note_seconds": NOTE_SECONDS,
        "length_tolerance_seconds": findings.LENGTH_TOLERANCE,
        "longest_read_seconds": LONGEST_READ,
        "silent_dbfs": round(signal.SILENT_DBFS, 6),
        "clipped_dbfs": signal.CLIPPED_DBFS,
        "clipped_run_samples": signal.CLIPPED_RUN,
        "dc_share_of_peak": findings.DC_SHARE,
        "tone_db": signal.TONE_DB,
        "padding_level": signal.PADDING_LEVEL,
        "long_padding_seconds": findings.LONG_PADDING,
        "dominant_share": findings.DOMINANT_SHARE,
        "confounded_information": findings.CONFOUNDED,
    }
