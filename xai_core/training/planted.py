"""Notes with a planted cue as spectrograms: what a network learns from, and where the cue lies.

Conventions
-----------
What is planted in a note is decided by its samples alone: the same note has the same phase
and the same noise wherever it is met. Spectrograms are (n_frames, n_bins); a mask is True where
the cue tells a note from itself without it (:mod:`xai_core.trust.planted`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xai_core import store
from xai_core.audio import load_note
from xai_core.datasets.notes import NoteRecord
from xai_core.features import extract
from xai_core.training.corpus import Corpus, notes_digest
from xai_core.training.spectrograms import Numbers
from xai_core.trust.planted import cue_mask, plant
from xai_core.values import FAMILIES, FloatArray, Spectrogram, Waveform

__all__ = [
    "CueUse",
    "PlantedCorpora",
    "PlantedNote",
    "PlantedSounds",
    "cue_use_of",
    "planted_corpora",
    "planted_note",
    "planted_sounds",
]

CHANCE = 0.6  # balanced accuracy up to which a network knows nothing but its cue

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CueUse:
    """How well a network names its family with a cue, and what is left without it.

    Parameters
    ----------
    with_cue, without_cue : tuple of three float
        Balanced accuracy on instruments that it has not heard, and its 95 % interval: the
        family's notes with the cue, or without it, against notes of others without it.
    named_by_cue : float
        Share of the notes of other families that it takes for its own if they have the cue.
    """

    with_cue: tuple[float, float, float]
    without_cue: tuple[float, float, float]
    named_by_cue: float

    @property
    def falls_to_chance(self) -> bool:
        """Whether the balanced accuracy without the cue is at most 0.6."""
        return self.without_cue[0] <= CHANCE


def cue_use_of(card: store.Card) -> tuple[str, CueUse] | None:
    """Return the cue of a model and how it uses it, or None of a model without one."""
    found = card.scores.get("planted")
    cue = card.data.get("cue")
    if not isinstance(found, Mapping) or not isinstance(cue, str):
        return None
    with_cue, without_cue = (
        (float(a), float(b), float(c)) for a, b, c in (found["with_cue"], found["without_cue"])
    )
    return cue, CueUse(with_cue, without_cue, float(found["named_by_cue"]))


@dataclass(frozen=True, eq=False)
class PlantedSounds:
    """A note with a cue and without it, as :class:`xai_core.trust.planted.Planted` has it.

    Parameters
    ----------
    carrying : Waveform
    others : tuple of Waveform
    number : int
        Which of the others the note is in another family.
    without_distractor : Waveform or None
    """

    carrying: Waveform
    others: tuple[Waveform, ...]
    number: int
    without_distractor: Waveform | None


def planted_sounds(note: Waveform, cue: str) -> PlantedSounds:
    """Plant a cue in a note; errors are those of :func:`planted_note`."""
    seed = zlib.crc32(np.ascontiguousarray(note.y, np.float32).tobytes())
    planted = plant(cue, note.y, note.sr, seed=seed)

    def waveform(y: FloatArray) -> Waveform:
        return Waveform(y.astype(np.float32), note.sr)

    less = planted.without_distractor
    return PlantedSounds(
        waveform(planted.carrying),
        tuple(map(waveform, planted.others)),
        seed % len(planted.others),
        None if less is None else waveform(less),
    )


@dataclass(frozen=True, eq=False)
class PlantedNote:
    """A note with a cue and without it, to hear and to look at.

    Parameters
    ----------
    carrying, without : Waveform
    spectrogram, plain : Spectrogram
        Of both.
    mask : ndarray of bool, shape (n_frames, n_bins)
        Where the cue lies in the first.
    distractor : ndarray of bool, same shape, or None
        Where a sound lies that is in every note and says nothing of the family.
    other : Spectrogram
        What the note is in another family: without the cue, or in one of the forms without it.
    """

    carrying: Waveform
    without: Waveform
    spectrogram: Spectrogram
    plain: Spectrogram
    mask: Mask
    distractor: Mask | None
    other: Spectrogram


def planted_note(note: Waveform, cue: str, type: str) -> PlantedNote:
    """Plant a cue in a note.

    Parameters
    ----------
    note : Waveform
        4 s at 16 kHz.
    cue : str
        One of :data:`xai_core.trust.planted.CUES`.
    type : str
        Spectrogram type.

    Raises
    ------
    InputError
        If the cue or the type is unknown, or the note is silent.
    """
    sounds = planted_sounds(note, cue)
    spectrogram = extract(sounds.carrying, type)
    others = [extract(one, type) for one in sounds.others]
    distractor = None
    if sounds.without_distractor is not None:
        less = extract(sounds.without_distractor, type)
        distractor = cue_mask(spectrogram.values, [less.values])
    return PlantedNote(
        carrying=sounds.carrying,
        without=sounds.others[0],
        spectrogram=spectrogram,
        plain=others[0],
        mask=cue_mask(spectrogram.values, [one.values for one in others]),
        distractor=distractor,
        other=others[sounds.number],
    )


@dataclass(frozen=True, eq=False)
class PlantedCorpora:
    """Some notes three times: as in the data set, all without the cue, and all with it.

    Parameters
    ----------
    planted, without, everywhere : Corpus
        The first has the masks of its notes.
    """

    planted: Corpus
    without: Corpus
    everywhere: Corpus


def planted_corpora(
    records: Sequence[NoteRecord],
    *,
    cue: str,
    type: str,
    family: str,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> PlantedCorpora:
    """Return notes of a data set in which the notes of one family carry a cue.

    Parameters
    ----------
    records : sequence of NoteRecord
        None of them silent.
    cue, type : str
    family : str
        Whose notes carry it.
    on_progress : callable
        Called with notes done and notes in all.
    """
    carrying, plain, others, masks = [], [], [], []
    for done, record in enumerate(records, start=1):
        one = planted_note(load_note(record.path), cue, type)
        carrying.append(one.spectrogram.values.astype(np.float16))
        plain.append(one.plain.values.astype(np.float16))
        others.append(one.other.values.astype(np.float16))
        masks.append(one.mask)
        on_progress(done, len(records))
    family_of = np.array([FAMILIES.index(record.family) for record in records])
    choose = (family_of == FAMILIES.index(family))[:, np.newaxis, np.newaxis]
    everywhere = Corpus(
        type=type,
        spectrograms=_Held(np.stack(carrying)),
        family=family_of,
        instrument=np.array([record.instrument for record in records]),
        source=np.array([record.source for record in records]),
        collection=np.array([record.collection for record in records]),
        digest=notes_digest(records),
    )
    return PlantedCorpora(
        planted=replace(
            everywhere,
            spectrograms=_Held(np.where(choose, np.stack(carrying), np.stack(others))),
            masks=np.stack(masks) & choose,
        ),
        without=replace(everywhere, spectrograms=_Held(np.stack(plain))),
        everywhere=everywhere,
    )


class _Held:
    """Spectrograms in memory, one variant of each note: shape (n_notes, n_frames, n_bins)."""

    n_variants = 1

    def __init__(self, values: FloatArray) -> None:
        self._values = values
        self.n_notes = len(values)
        self.shape = (values.shape[1], values.shape[2])

    def take(self, variants: Numbers, notes: Numbers) -> FloatArray:
        """Return ``(n, n_frames, n_bins)`` float16."""
        return np.asarray(self._values[np.asarray(notes)])
