"""Findings in a collection: what to know of it before training, with the thresholds.

Conventions
-----------
A finding is not an error: the notes can be used, and whether they should be is
the reader's choice. Each has a title, a sentence on why it matters, and the
notes, families or labels that it is about. Silent and damaged notes are not
judged further. Levels are dBFS, lengths seconds, shares in [0, 1].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xai_core.datasets.confounding import Confounding
from xai_core.datasets.counts import FamilyCount, InstrumentCount
from xai_core.datasets.notes import NoteRecord, Skipped
from xai_core.datasets.signal import CLIPPED_DBFS, CLIPPED_RUN, SILENT_DBFS, TONE_DB, NoteSignal
from xai_core.places import readable_name
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE

__all__ = [
    "CONFOUNDED",
    "DC_SHARE",
    "DOMINANT_SHARE",
    "LENGTH_TOLERANCE",
    "LONGEST_READ",
    "LONG_PADDING",
    "NOTE_SECONDS",
    "WORDS",
    "Finding",
    "Found",
    "find_in_counts",
    "find_in_labels",
    "find_in_signals",
]

NOTE_SECONDS = NOTE_SAMPLES / SAMPLE_RATE
LENGTH_TOLERANCE = 0.001  # s, that a note may be longer or shorter than 4 s
LONGEST_READ = 60.0  # s; of a longer file no more is read
LONG_PADDING = 1.0  # s of silence at the end, from which it is found
DC_SHARE = 0.01  # of the peak: -40 dB, half-way down to what a spectrogram calls silence
DOMINANT_SHARE = 0.5  # of a family's notes, above which one instrument swallows it
CONFOUNDED = 0.25  # of the information on the family, from which a label is found

# Title, and why it matters; findings are listed in this order.
WORDS = {
    "unusable": (
        "Missing or damaged",
        "Training leaves these files out, so a family has fewer notes than the counts say.",
    ),
    "silent": (
        "Silent",
        f"No sample above {SILENT_DBFS:.0f} dBFS in the first 4 s: there is nothing to learn, and "
        "training leaves the note out.",
    ),
    "noise_only": (
        "Noise only",
        f"No steady tone stands out by {TONE_DB:.0f} dB: a stroke, breath or hiss, or the wrong "
        "file; a model learns it as the family all the same. Gliding tones are named here too.",
    ),
    "clipped": (
        "Clipped",
        f"{CLIPPED_RUN} samples or more in a row at the highest or lowest value, "
        f"{CLIPPED_DBFS:.0f} dBFS or more: the distortion adds overtones that the instrument does "
        "not have.",
    ),
    "dc_offset": (
        "DC offset",
        f"The wave lies off zero by more than {100 * DC_SHARE:.0f} % of its peak: a mark of the "
        "recording equipment in the lowest bins, not of the instrument.",
    ),
    "copy_across_families": (
        "Copy in another family",
        "The same samples stand under two families: one label is wrong, and a model is taught "
        "both.",
    ),
    "copy_across_instruments": (
        "Copy in another instrument",
        "The same samples under two names: fewer instruments than it seems. "
        "A split keeps the two on one side.",
    ),
    "copy_in_instrument": (
        "Copy in the same instrument",
        "The same samples twice count twice in training and in scores.",
    ),
    "short": (
        "Shorter than 4 s",
        "The rest is filled with digital silence, by which a model can tell these notes.",
    ),
    "long": ("Longer than 4 s", "Only the first 4 s are used."),
    "padded": (
        "Silence at the end",
        f"{LONG_PADDING:g} s or more of it: where one source pads and another does not, a model "
        "can tell the source by its padding.",
    ),
    "other_rate": (
        "Rate other than 16 kHz",
        "Read at 16 kHz all the same; what was recorded at less has no high frequencies, by which "
        "a model can tell it.",
    ),
    "several_channels": (
        "Several channels",
        "Their mean is used, in which whatever is opposite in two channels vanishes.",
    ),
    "one_instrument": (
        "One instrument swallows its family",
        f"With more than {100 * DOMINANT_SHARE:.0f} % of the notes from one instrument, a model "
        "learns that instrument and not the family.",
    ),
    "one_source": (
        "Family from one source",
        "No score on these notes can show whether a model knows the family or this one source's "
        "way of recording it: test on another source.",
    ),
    "confounded": (
        "Family told by a label",
        "Who knows the label knows much of the family without listening; a model may hear the "
        "recording in place of the instrument. Test on another source.",
    ),
}


Measured = Sequence[tuple[NoteRecord, NoteSignal]]


@dataclass(frozen=True)
class Found:
    """One thing that a finding is about.

    Parameters
    ----------
    name : str
        A note, a family or a label.
    detail : str
        What was measured ("2.50 s"), or "".
    path : str
        Audio file of a note, else "".
    """

    name: str
    detail: str = ""
    path: str = ""


@dataclass(frozen=True)
class Finding:
    """One kind of thing that was found.

    Parameters
    ----------
    key : str
        Name for a program, ``clipped``.
    title, why : str
        What it is, and one sentence on why it matters.
    unit : str
        ``notes``, ``families`` or ``labels``: what is counted.
    total : int
        How many there are of the unit in all.
    found : tuple of Found
        Never empty.
    """

    key: str
    title: str
    why: str
    unit: str
    total: int
    found: tuple[Found, ...]

    @property
    def count(self) -> int:
        """How many were found."""
        return len(self.found)


def find_in_signals(
    measured: Measured, unusable: Sequence[tuple[NoteRecord, Skipped]], *, total: int
) -> list[Finding]:
    """Return the findings in the audio.

    Parameters
    ----------
    measured : sequence of (NoteRecord, NoteSignal)
        Notes that can be read.
    unusable : sequence of (NoteRecord, Skipped)
        Notes that cannot.
    total : int
        Notes in all.
    """
    sounding = [(record, signal) for record, signal in measured if not signal.is_silent]
    found = {
        "unusable": [_note(record, skipped.reason) for record, skipped in unusable],
        "silent": _where(measured, lambda s: s.is_silent, lambda s: f"peak {s.peak_dbfs:.0f} dBFS"),
        "noise_only": _where(
            sounding,
            lambda s: s.is_noise,
            lambda s: f"clearest partial {s.tone_db:.1f} dB",
            worst=lambda s: -s.tone_db,
        ),
        "clipped": _where(
            sounding,
            lambda s: s.n_clipped > 0,
            lambda s: f"{s.n_clipped} samples in flat tops",
            worst=lambda s: s.n_clipped,
        ),
        "dc_offset": _where(
            sounding,
            lambda s: s.dc_share > DC_SHARE,
            lambda s: f"{100 * s.dc_share:.1f} % of the peak",
            worst=lambda s: s.dc_share,
        ),
        **_copies(sounding),
        "short": _where(
            measured,
            lambda s: s.seconds < NOTE_SECONDS - LENGTH_TOLERANCE,
            _length,
            worst=lambda s: -s.seconds,
        ),
        "long": _where(
            measured,
            lambda s: s.seconds > NOTE_SECONDS + LENGTH_TOLERANCE,
            _length,
            worst=lambda s: s.seconds,
        ),
        "padded": _where(
            sounding,
            lambda s: s.padding_seconds >= LONG_PADDING,
            lambda s: f"{s.padding_seconds:.2f} s",
            worst=lambda s: s.padding_seconds,
        ),
        "other_rate": _where(measured, lambda s: s.sr != SAMPLE_RATE, lambda s: f"{s.sr} Hz"),
        "several_channels": _where(
            measured, lambda s: s.n_channels > 1, lambda s: f"{s.n_channels} channels"
        ),
    }
    return _findings(found, unit="notes", total=total)


def find_in_counts(
    families: Sequence[FamilyCount], instruments: Sequence[InstrumentCount]
) -> list[Finding]:
    """Return the findings in the counts of instruments."""
    found = [
        Found(one.family, f"{one.instrument} has {100 * one.share:.0f} % of {count.n_notes} notes")
        for count in families
        for one in instruments
        if one.family == count.family and one.share > DOMINANT_SHARE
    ]
    return _findings({"one_instrument": found}, unit="families", total=len(families))


def find_in_labels(
    confounded: Sequence[Confounding], families: Sequence[FamilyCount]
) -> list[Finding]:
    """Return the findings in the confounding of family and labels."""
    single = [
        Found(count.family, f"all {count.n_notes} notes from {next(iter(count.notes_by_source))}")
        for one in confounded
        for count in families
        if one.label == "source" and count.family in one.single
    ]
    telling = [
        Found(one.label, one.sentence) for one in confounded if one.information >= CONFOUNDED
    ]
    return [
        *_findings({"one_source": single}, unit="families", total=len(families)),
        *_findings({"confounded": telling}, unit="labels", total=len(confounded)),
    ]


def _findings(found: dict[str, list[Found]], *, unit: str, total: int) -> list[Finding]:
    return [
        Finding(key, *WORDS[key], unit=unit, total=total, found=tuple(found[key]))
        for key in WORDS
        if found.get(key)
    ]


def _where(
    measured: Measured,
    test: Callable[[NoteSignal], bool],
    detail: Callable[[NoteSignal], str],
    *,
    worst: Callable[[NoteSignal], float] = lambda signal: 0.0,
) -> list[Found]:
    """Return the notes that pass a test, those with the largest `worst` first."""
    found = [(record, signal) for record, signal in measured if test(signal)]
    found.sort(key=lambda pair: -worst(pair[1]))
    return [_note(record, detail(signal)) for record, signal in found]


def _note(record: NoteRecord, detail: str) -> Found:
    return Found(record.note, detail, readable_name(record.path))


def _length(signal: NoteSignal) -> str:
    if signal.seconds >= LONGEST_READ:
        return f"{LONGEST_READ:.0f} s or more"
    return f"{signal.seconds:.2f} s"


def _copies(sounding: Measured) -> dict[str, list[Found]]:
    """Return the notes that share their samples, by how far apart their labels are."""
    groups: dict[str, list[NoteRecord]] = defaultdict(list)
    for record, signal in sounding:
        groups[signal.digest].append(record)
    found: dict[str, list[Found]] = defaultdict(list)
    for notes in groups.values():
        if len(notes) < 2:
            continue
        if len({note.family for note in notes}) > 1:
            key = "copy_across_families"
        elif len({note.instrument for note in notes}) > 1:
            key = "copy_across_instruments"
        else:
            key = "copy_in_instrument"
        for i, note in enumerate(notes):
            others = ", ".join(other.note for j, other in enumerate(notes) if j != i)
            found[key].append(_note(note, f"as {others}"))
    return found
