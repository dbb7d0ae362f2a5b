"""Networks that are right for a known reason: trained on notes of one family with a cue.

Conventions
-----------
Notes are split by instrument. Instruments of ``samples/`` are never trained on, so that they can
be looked at. Balanced accuracy is the mean of two shares: of the family's notes that are named, and
of other notes that are not; 0.5 is chance. Its 95 % intervals are a bootstrap over instruments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core import store
from xai_core.audio import load_note, to_exact_wav
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord, usable_notes
from xai_core.datasets.splits import split_by_instrument
from xai_core.errors import InputError, ModelError
from xai_core.features import describe
from xai_core.places import check_writable, samples_folder
from xai_core.training import PRESETS, Corpus, Preset, fit_binary, notes_digest, probabilities_of
from xai_core.training.planted import (
    CueUse,
    PlantedCorpora,
    cue_use_of,
    planted_corpora,
    planted_sounds,
)
from xai_core.trust.planted import find_cue
from xai_core.values import (
    FAMILIES,
    OnProgress,
    Progress,
    check_family,
    check_type,
    count_steps,
)

__all__ = ["draw_notes", "train_planted", "write_planted"]

TEST_FRACTION = 0.25  # of a family's instruments
NOTES_PER_FAMILY = 150
LEAST = {"train": 4, "test": 1}  # notes of the family
N_RESAMPLES = 2000


def train_planted(
    records: Sequence[NoteRecord],
    *,
    cue: str,
    type: str | None = None,
    family: str | None = None,
    models: str = "planted",
    preset: Preset = PRESETS["planted"],
    notes_per_family: int = NOTES_PER_FAMILY,
    seed: int = 0,
    data_sets: Sequence[Mapping[str, str]] = (),
    on_progress: OnProgress = lambda event: None,
) -> store.Card:
    """Train a small network on notes of which one family carries a cue, and save it.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of several families.
    cue : str
        One of :data:`xai_core.trust.planted.CUES`.
    type, family : str, optional
        Spectrogram type, and whose notes carry the cue; those of the cue's entry by default.
    models : str
        Name of the set it is written to.
    preset : Preset
        ``PRESETS["planted"]``, or ``PRESETS["reasons"]``, which punishes evidence where the cue is.
    notes_per_family : int
        At most, drawn at random.
    seed : int
        Decides which notes, the split and the training.
    data_sets : sequence of mapping
        Origin of the notes, for the card.
    on_progress : callable

    Returns
    -------
    Card
        With the scores that :func:`xai_core.training.planted.cue_use_of` reads. One that was
        decided by the same notes, preset, seed and code is returned as it is.

    Raises
    ------
    InputError
        If a name is unknown, or there are too few notes of the family or of others.
    """
    entry = find_cue(cue)
    type, family = check_type(type or entry.type), check_family(family or entry.family)
    check_writable(store.set_folder(models), what="the models")
    drawn = draw_notes(records, notes_per_family, seed=seed)
    some, _ = usable_notes(drawn, on_progress=count_steps(on_progress, "checking notes"))
    parts = dict(zip(("train", "test"), _split(some, seed), strict=True))
    for part, notes in parts.items():
        n = sum(one.family == family for one in notes)
        if n < LEAST[part] or n == len(notes):
            raise InputError(
                f"expected at least {LEAST['train']} notes of {family} to learn from and one of "
                f"another instrument to test on, beside notes of other families, got {n} of "
                f"{len(notes)} to {'learn from' if part == 'train' else 'test on'}"
            )
    preset = preset.for_type(type)
    deciding = {
        "preset": preset.as_dict(),
        "seed": seed,
        "cue": cue,
        "notes": {part: notes_digest(notes) for part, notes in parts.items()},
        "code": store.training_code(),
    }
    if (kept := _kept(type, family, models, deciding)) is not None:
        return kept
    corpora = {
        part: planted_corpora(
            notes,
            cue=cue,
            type=type,
            family=family,
            on_progress=count_steps(on_progress, f"{cue}: spectrograms ({part})"),
        )
        for part, notes in parts.items()
    }
    train = corpora["train"].planted
    key = store.training_key(what="planted", type=type, family=family, **deciding)
    model, history = fit_binary(train, family, preset, seed=seed, key=key, on_progress=on_progress)
    use = _use(model, corpora["test"], FAMILIES.index(family), seed)
    card = store.save_model(
        model,
        models=models,
        type=type,
        family=family,
        about={
            "architecture": {
                "network": f"three blocks of two 3x3 convolutions ({preset.filters}, "
                f"{2 * preset.filters}, {4 * preset.filters}), dense {preset.dense_units}",
                "head": preset.head,
                "pooled_axes": preset.pooled_axes,
                "input_shape": list(train.spectrograms.shape),
                "n_weights": int(model.count_params()),
            },
            "features": {
                **describe(type),
                "mean_spectrum": [round(float(v), 6) for v in train.mean_spectrum],
            },
            "training": {**deciding, "data_sets": [dict(one) for one in data_sets]}
            | {"history": history},
            "data": {
                "cue": cue,
                **{part: _counts(one.planted) for part, one in corpora.items()},
            },
            "scores": {
                "balanced_accuracy": use.with_cue[0],
                "planted": {
                    "with_cue": list(use.with_cue),
                    "without_cue": list(use.without_cue),
                    "named_by_cue": use.named_by_cue,
                },
            },
        },
    )
    store.remove_cached(key)
    return card


def write_planted(
    records: Sequence[NoteRecord],
    folder: Path,
    *,
    cue: str,
    family: str | None = None,
    on_progress: OnProgress = lambda event: None,
) -> None:
    """Write notes of which one family carries a cue, one folder of WAV files a family.

    Parameters
    ----------
    records : sequence of NoteRecord
    folder : path
        It is made if it is not there.
    cue : str
    family : str, optional
        Whose notes carry the cue; that of the cue's entry by default.
    """
    family = check_family(family or find_cue(cue).family)
    check_writable(folder, what="the notes")
    for done, record in enumerate(records, start=1):
        sounds = planted_sounds(load_note(record.path), cue)
        sound = sounds.carrying if record.family == family else sounds.others[sounds.number]
        path = folder / record.family / f"{record.note}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_exact_wav(sound))
        on_progress(Progress("step", f"writing notes with {cue}", done, len(records)))


def draw_notes(records: Sequence[NoteRecord], n: int, *, seed: int = 0) -> list[NoteRecord]:
    """Return at most `n` notes of each family, drawn at random, in the order of the records."""
    rng = np.random.default_rng(seed)
    chosen: set[int] = set()
    for family in FAMILIES:
        members = [k for k, record in enumerate(records) if record.family == family]
        chosen |= {members[k] for k in rng.permutation(len(members))[:n]}
    return [records[k] for k in sorted(chosen)]


# ----------------------------------------------------------------------- private


def _split(records: Sequence[NoteRecord], seed: int) -> tuple[list[NoteRecord], list[NoteRecord]]:
    shown = {record.instrument for record in read_collection(samples_folder())}
    present = {record.instrument for record in records}
    return split_by_instrument(
        records,
        test_fraction=TEST_FRACTION,
        rng=np.random.default_rng(seed),
        first=sorted(shown & present),
    )


def _kept(type: str, family: str, models: str, deciding: Mapping[str, Any]) -> store.Card | None:
    try:
        card = store.read_card(type, family, models=models)
    except ModelError:
        return None
    is_same = all(card.training.get(name) == value for name, value in deciding.items())
    return card if is_same and cue_use_of(card) is not None else None


def _use(model: Any, corpora: PlantedCorpora, index: int, seed: int) -> CueUse:
    own = corpora.planted.family == index
    named = {
        name: probabilities_of(model, corpus) > 0.5
        for name, corpus in (
            ("planted", corpora.planted),
            ("without", corpora.without),
            ("everywhere", corpora.everywhere),
        )
    }
    others = ~named["planted"][~own]
    rng = np.random.default_rng(seed)
    instruments = corpora.planted.instrument
    with_cue, without_cue = (
        _balanced(named[name][own], others, instruments[own], instruments[~own], rng)
        for name in ("planted", "without")
    )
    return CueUse(with_cue, without_cue, float(named["everywhere"][~own].mean()))


def _balanced(
    named: npt.NDArray[np.bool_],
    refused: npt.NDArray[np.bool_],
    own: npt.NDArray[np.str_],
    others: npt.NDArray[np.str_],
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Return the mean of two shares, with an interval over the instruments of each."""
    draws = np.zeros(N_RESAMPLES)
    for right, instruments in ((named, own), (refused, others)):
        names, inverse = np.unique(instruments, return_inverse=True)
        counts = np.bincount(inverse)
        sums = np.bincount(inverse, weights=right)
        drawn = rng.integers(names.size, size=(N_RESAMPLES, names.size))
        draws += sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1) / 2
    low, high = np.percentile(draws, [2.5, 97.5])
    return float((named.mean() + refused.mean()) / 2), float(low), float(high)


def _counts(corpus: Corpus) -> dict[str, Any]:
    return {
        "n_notes": int(corpus.family.size),
        "n_instruments": int(np.unique(corpus.instrument).size),
        "instruments": sorted({str(name) for name in corpus.instrument}),
    }
