"""Notes to learn from: NSynth, folders of audio, renders; recipes, audits, splits by instrument.

Conventions
-----------
A collection is a list of :class:`NoteRecord`; audio is read when it is needed.
"""

from xai_core.datasets.collection import read_collection, read_folder
from xai_core.datasets.notes import (
    NoteRecord,
    Skipped,
    audio_digest,
    read_note,
    read_samples,
    skipped_sentence,
    usable_notes,
)
from xai_core.datasets.nsynth import NewNote, read_nsynth, write_nsynth
from xai_core.datasets.splits import group_instruments, split_by_instrument

__all__ = [
    "NewNote",
    "NoteRecord",
    "Skipped",
    "audio_digest",
    "group_instruments",
    "read_collection",
    "read_folder",
    "read_note",
    "read_nsynth",
    "read_samples",
    "skipped_sentence",
    "split_by_instrument",
    "usable_notes",
    "write_nsynth",
]
