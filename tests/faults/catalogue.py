"""Faults of the cache, of models, links and notes, each made in folders of its own.

Conventions
-----------
A :class:`Place` has one MFCC model, one note, the map of that note in the cache and
one kept recording. A fault spoils something there; then the map, or the recording,
is asked for again, and ``outcome`` is a pattern of what must come of it: ``SAME``,
or the sentence that the visitor reads. ``left`` says what must lie there afterwards.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from xai_core import explain, store
from xai_core.datasets.collection import read_collection
from xai_core.errors import TimbreLensError
from xai_core.places import ROOT, samples_folder

__all__ = ["AGAIN", "GONE", "SAME", "TOUCHED_NOT", "Fault", "Place", "faults"]

SAME = "the same, bit for bit"
AGAIN = "the file is whole again"
GONE = "the file is gone"
TOUCHED_NOT = "left as it is"
RECORDING = b"RIFF of a visitor"
TYPE, FAMILY = "mfcc", "flute"
HOUR = 3_600.0  # s


@dataclass(frozen=True)
class Place:
    """Folders of models, cache and notes in which something may be spoilt."""

    root: Path
    models: str  # name of the set; models in memory are known by it

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def model(self) -> Path:
        return self.root / "models" / self.models / TYPE / FAMILY / "model.keras"

    @property
    def card(self) -> Path:
        return self.model.with_name("card.json")

    @property
    def note(self) -> Path:
        return self.root / "notes" / "flute" / "note.flac"

    @property
    def map(self) -> Path:
        (path,) = self.cache.glob("*.cache")
        return path

    @property
    def half(self) -> Path:
        return self.cache / f".{'0' * 64}.cache.k1ll3d_"

    @property
    def recording(self) -> Path:
        return self.cache / f"{digest(RECORDING)}.recording"

    def make(self) -> None:
        """Lay out model, note and recording; the map comes when it is asked for."""
        shutil.copytree(ROOT / "models/starter" / TYPE / FAMILY, self.model.parent)
        self.note.parent.mkdir(parents=True)
        shutil.copy(min(samples_folder().rglob("flute*.flac")), self.note)
        store.keep_recording(RECORDING)

    def ask_map(self) -> str:
        """Return the SHA-256 of the map of the note, or the sentence that came instead."""
        try:
            found = explain(self.note, type=TYPE, family=FAMILY, models=self.models, n_steps=8)
        except TimbreLensError as error:
            return str(error)
        return digest(found.attribution.values.tobytes())

    def ask_recording(self) -> str:
        """Return the SHA-256 of the kept recording, or what the visitor is told."""
        found = store.read_recording(digest(RECORDING))
        return "it is kept no longer" if found is None else digest(found)

    def ask_notes(self) -> str:
        """Return how many notes there are to choose from, or the sentence that came instead."""
        try:
            notes = {note.note for note in read_collection(self.root / "notes")}
            return f"notes to choose from: {len(notes)}"
        except TimbreLensError as error:
            return str(error)


Spoil = Callable[[Place], None]
Ask = Callable[[Place], str]


@dataclass(frozen=True)
class Fault:
    """Something that is spoilt, and what must come of it."""

    name: str
    spoil: Spoil
    outcome: str = SAME
    left: str = AGAIN
    part: str = "map"  # attribute of Place: the file that was spoilt
    ask: Ask = Place.ask_map


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def faults() -> tuple[Fault, ...]:
    """Return every fault, each the same every time."""
    return (*_of_cache(), *_of_models(), *_of_links(), *_of_notes())


def _of_cache() -> Iterator[Fault]:
    yield Fault("none (as a check)", lambda place: None, left=TOUCHED_NOT)
    for part in (0, 1, 31, 32, 33, 1_000):
        yield Fault(f"a cached map is cut after {part} bytes", _cut(part))
    yield Fault("the last byte of a cached map is missing", _edit(lambda old: old[:-1]))
    yield Fault("a bit of a cached map is changed", _edit(_flip))
    yield Fault("bytes are added to a cached map", _edit(lambda old: old + b"more"))
    yield Fault("text lies in place of a cached map", _edit(lambda old: b"text" * 99))
    yield Fault("zeros of its length lie in place of a cached map", _edit(lambda o: bytes(len(o))))
    yield Fault("text with a digest that fits", _edit(lambda old: _vouched(b"text" * 99)))
    yield Fault("an object (pickle) with a digest that fits", _edit(lambda old: _vouched(_BOMB)))
    yield Fault("objects in an archive with a digest that fits", _edit(lambda old: _objects()))
    yield Fault("arrays of other names with a digest that fits", _edit(_other_names))
    yield Fault("arrays of another shape with a digest that fits", _edit(_other_shape))
    yield Fault("arrays that are not numbers with a digest that fits", _edit(_not_numbers))
    yield Fault("NaN in a map with a digest that fits", _edit(_with_nan))
    yield Fault("the map of an older version (another name)", _rename)
    yield Fault("a link that leads nowhere lies in place of a map", _dangling)
    yield Fault("a link to itself lies in place of a map", _loop)
    yield Fault("a folder lies in place of a map", _folder_in_place, left=TOUCHED_NOT)
    yield Fault(
        "half a file of a killed process, 2 hours old", _half_written(2 * HOUR), SAME, GONE, "half"
    )
    yield Fault(
        "half a file of a process that writes", _half_written(0.0), SAME, TOUCHED_NOT, "half"
    )
    yield Fault("the cache is emptied", lambda place: place.map.unlink())
    yield Fault("the cache folder is removed", lambda place: shutil.rmtree(place.cache))
    yield Fault("a file lies in place of the cache folder", _file_as_cache, left=GONE)


def _of_models() -> Iterator[Fault]:
    def of_model(name: str, edit: Callable[[bytes], bytes], outcome: str) -> Fault:
        return Fault(name, _edit(edit, "model"), outcome, TOUCHED_NOT, "model")

    def of_card(name: str, edit: Callable[[bytes], bytes], outcome: str) -> Fault:
        return Fault(name, _edit(edit, "card"), outcome, TOUCHED_NOT, "card")

    def vouched(name: str, content: Callable[[], bytes]) -> Fault:
        return Fault(name, _vouch(content), "or does it hold code", TOUCHED_NOT, "model")

    altered = "SHA-256 differs.* altered or cut short"
    yield of_model("a model is cut in half", lambda old: old[: len(old) // 2], altered)
    yield of_model("a bit of a model is changed", _flip, altered)
    yield of_model("an empty file lies in place of a model", lambda old: b"", altered)
    yield Fault(
        "a model is missing",
        lambda place: place.model.unlink(),
        "cannot be read: No such file",
        GONE,
        "model",
    )
    yield vouched("text as model, with a card that fits", lambda: b"text" * 99)
    yield vouched("a pickle as model, with a card that fits", lambda: _BOMB)
    yield vouched("HDF5 as model, with a card that fits", _hdf5)
    yield vouched("a model with a Lambda layer, with a card that fits", _with_lambda)
    unreadable = "the card .* cannot be read: was it edited"
    yield of_card("a card is cut in half", lambda old: old[: len(old) // 2], unreadable)
    yield of_card("a card is empty", lambda old: b"", unreadable)
    yield of_card("a card is no text", lambda old: b"\xff\xfe" + old, unreadable)
    yield of_card("a card is a list", lambda old: b"[1, 2]", unreadable)
    yield of_card("a card lacks a part", lambda old: b'{"type": "mfcc"}', unreadable)
    yield of_card(
        "a card is that of another model",
        lambda old: old.replace(b'"family": "flute"', b'"family": "organ"', 1),
        "were folders renamed",
    )
    yield Fault("a card is missing", lambda p: p.card.unlink(), "has no mfcc model", GONE, "card")
    yield Fault(
        "the folder of models is removed",
        lambda place: shutil.rmtree(place.root / "models"),
        "has no mfcc model of flute: train one",
        GONE,
        "model",
    )


def _of_links() -> Iterator[Fault]:
    def of_link(name: str, spoil: Spoil, outcome: str, left: str) -> Fault:
        return Fault(name, spoil, outcome, left, "recording", Place.ask_recording)

    gone = "it is kept no longer"
    yield of_link("none (a kept recording, as a check)", lambda place: None, SAME, TOUCHED_NOT)
    yield of_link("a kept recording is altered", _edit(_flip, "recording"), gone, GONE)
    yield of_link("a kept recording is cut", _edit(lambda o: o[:3], "recording"), gone, GONE)
    yield of_link("a kept recording was removed", lambda p: p.recording.unlink(), gone, GONE)
    yield of_link(
        "a folder lies in place of a kept recording", _folder("recording"), gone, TOUCHED_NOT
    )


def _of_notes() -> Iterator[Fault]:
    def of_note(name: str, spoil: Spoil, outcome: str, left: str) -> Fault:
        return Fault(name, spoil, outcome, left, "note")

    broken = "cannot be read: is it damaged or cut short"
    yield of_note(
        "a note is removed", lambda p: p.note.unlink(), "there is no file .*note.flac", GONE
    )
    yield of_note(
        "a note is text", _edit(lambda o: b"text", "note"), "got something else", TOUCHED_NOT
    )
    yield of_note("a note is cut", _edit(lambda old: old[:40], "note"), broken, TOUCHED_NOT)
    yield of_note("a note is empty", _edit(lambda old: b"", "note"), "got 0 bytes", TOUCHED_NOT)
    yield from _of_folders()
    yield Fault(
        "the folder of notes is removed",
        lambda place: shutil.rmtree(place.root / "notes"),
        "expected",
        GONE,
        "note",
        Place.ask_notes,
    )


def _of_folders() -> Iterator[Fault]:
    """Yield what lies in folders of people; the one note is there all the same."""

    def of_folder(name: str, spoil: Spoil, left: str = TOUCHED_NOT, outcome: str = SAME) -> Fault:
        return Fault(name, spoil, outcome, left, "note", Place.ask_notes)

    def beside(name: str) -> Spoil:
        return lambda place: place.note.with_name(name).write_bytes(b"\x00\x05\x16\x07")

    def renamed(name: bytes) -> Spoil:
        return lambda place: os.rename(place.note, os.fsencode(place.note.parent) + b"/" + name)

    yield of_folder("none (a folder of notes, as a check)", lambda place: None)
    yield of_folder("a file of macOS lies beside a note (._note.flac)", beside("._note.flac"))
    yield of_folder("a file of another format lies beside a note", beside("note.m4a"))
    yield of_folder("the name of a note is not UTF-8", renamed(b"n\xf6te.flac"), GONE)
    yield of_folder(
        "the folder of a family is written in capitals",
        lambda place: os.rename(place.note.parent, place.note.parent.with_name("FLUTE")),
        GONE,
    )
    yield of_folder("the folder of a family is a link", _link_folder)
    yield of_folder("a folder of notes holds a link to itself", _round)
    yield of_folder(
        "another note has the same name",
        lambda place: _copy(place.note, place.note.parent / "alto" / "note.flac"),
        TOUCHED_NOT,
        "notes to choose from: 2",
    )


def _link_folder(place: Place) -> None:
    away = place.root / "library"
    os.rename(place.note.parent, away)
    place.note.parent.symlink_to(away)


def _round(place: Place) -> None:
    (place.note.parent / "round").symlink_to(place.note.parent)


def _copy(path: Path, other: Path) -> None:
    other.parent.mkdir()
    shutil.copy(path, other)


def _edit(edit: Callable[[bytes], bytes], part: str = "map") -> Spoil:
    def spoil(place: Place) -> None:
        path: Path = getattr(place, part)
        path.write_bytes(edit(path.read_bytes()))

    return spoil


def _cut(length: int) -> Spoil:
    return _edit(lambda old: old[:length])


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _vouched(content: bytes) -> bytes:
    """Return a file of the cache whose digest fits."""
    return hashlib.sha256(content).digest() + content


class _Bomb:
    """What must never be unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("echo an object was built from a file; kill $PPID",)


_BOMB = pickle.dumps(_Bomb())


def _archive(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return _vouched(buffer.getvalue())


def _objects() -> bytes:
    return _archive(values=np.array([_Bomb()], dtype=object), sums=np.zeros(5))


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content[32:]), allow_pickle=False) as arrays:
        return dict(arrays)


def _other_names(content: bytes) -> bytes:
    return _archive(**{f"old_{name}": array for name, array in _arrays(content).items()})


def _other_shape(content: bytes) -> bytes:
    return _archive(**{name: array[:-1] for name, array in _arrays(content).items()})


def _not_numbers(content: bytes) -> bytes:
    return _archive(**{name: array.astype("U8") for name, array in _arrays(content).items()})


def _with_nan(content: bytes) -> bytes:
    arrays = _arrays(content)
    arrays["values"] = np.full_like(arrays["values"], np.nan)
    return _archive(**arrays)


def _rename(place: Place) -> None:
    place.map.rename(place.cache / f"{digest(b'a key of other code')}.cache")


def _dangling(place: Place) -> None:
    path = place.map
    path.unlink()
    path.symlink_to(place.root / "nowhere" / "file")


def _loop(place: Place) -> None:
    path = place.map
    path.unlink()
    path.symlink_to(path)


def _folder(part: str) -> Spoil:
    def spoil(place: Place) -> None:
        path: Path = getattr(place, part)
        path.unlink()
        path.mkdir()

    return spoil


_folder_in_place = _folder("map")


def _half_written(age: float) -> Spoil:
    def spoil(place: Place) -> None:
        place.half.write_bytes(place.map.read_bytes()[:500])
        os.utime(place.half, (time.time() - age,) * 2)
        place.map.unlink()

    return spoil


def _file_as_cache(place: Place) -> None:
    shutil.rmtree(place.cache)
    place.cache.write_text("in the way")


def _vouch(content: Callable[[], bytes]) -> Spoil:
    """Put a file in place of the model, with a card that names its digest."""

    def spoil(place: Place) -> None:
        made = content()
        place.model.write_bytes(made)
        card = json.loads(place.card.read_text("utf-8"))
        place.card.write_text(json.dumps(card | {"sha256": digest(made)}), "utf-8")

    return spoil


def _saved(model: keras.Model, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        model.save(path)
        return path.read_bytes()


def _hdf5() -> bytes:
    inputs = keras.Input((12, 9, 1))
    return _saved(keras.Model(inputs, keras.layers.Flatten()(inputs)), ".h5")


def _with_lambda() -> bytes:
    inputs = keras.Input((12, 9, 1))
    outputs = keras.layers.Lambda(lambda values: values[:, 0, 0])(inputs)
    return _saved(keras.Model(inputs, outputs), ".keras")
