"""What each ingredient of the training set is worth: a small ablation of the trunk.

The ten-way trunk of a type is trained on NSynth notes alone, then with rendered
notes added, then with recordings, then with augmented variants of all of them.
All learn for the same number of steps, with the rates and the network of the
standard preset but without early stopping, and are scored on the same notes, of
the instruments that the zoo holds out: ten-way accuracy averaged over families
(chance 0.1) on all of them and on those of NSynth and of the recordings alone,
with the central 95 % of a bootstrap over instruments.

Run it from the top folder: ``python -m tests.benchmarks.ingredients --data NOTES``.
Spectrograms and finished epochs are kept in the cache: a killed run goes on.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from tests.benchmarks.reporting import conditions, watch_other_work
from xai_core import store
from xai_core.datasets import read_collection
from xai_core.datasets.notes import NoteRecord, usable_notes
from xai_core.datasets.splits import group_instruments
from xai_core.model_sets.held_out import independent_instruments
from xai_core.model_sets.train import split_notes
from xai_core.networks.cnn import LOGIT_LAYER
from xai_core.scoring import (
    resample_instruments,
    ten_way_scores,
)
from xai_core.training import PRESETS, Corpus, Preset, build_corpus, fit_trunk
from xai_core.training.corpus import RecordedNotes
from xai_core.values import FloatArray

SEED = 0
INGREDIENTS = {  # collections added to those before
    "NSynth": ("nsynth",),
    "+ renders": ("renders", "fm_renders", "software"),
    "+ recordings": ("recordings", "tonejs"),
}
AUGMENTED = "+ augmentation"
SCORED = {"all": None, "NSynth": "nsynth", "recordings": "recordings"}  # collections of test notes


def main() -> None:
    """Train the trunks one after the other and print a row for each."""
    asked = _arguments()
    records, _ = usable_notes(read_collection(asked.data))
    parts = split_notes(records, SEED)
    with watch_other_work():
        print(conditions(("numpy", "tensorflow-cpu", "keras")))
        for type in asked.types:
            _ablate(type, parts["train"], parts["test"], asked.epochs)


def _ablate(
    type: str, train: Sequence[NoteRecord], test: Sequence[NoteRecord], n_epochs: int
) -> None:
    preset = replace(PRESETS["standard"].for_type(type), patience=0)
    print(f"\n{type}: each learns for {n_epochs} epochs of {len(train):,} notes")
    print(
        f"{'training notes':<18}{'notes':>8}{'instruments':>13}"
        + "".join(f"{name:>24}" for name in SCORED)
        + f"{'minutes':>9}"
    )
    scored = build_corpus(test, type, n_augmented=0, seed=SEED)
    collections: set[str] = set()
    for name, added in [*INGREDIENTS.items(), (AUGMENTED, ())]:
        collections |= set(added)
        n_augmented = preset.n_augmented if name == AUGMENTED else 0
        chosen = [record for record in train if record.collection in collections]
        began = time.perf_counter()
        corpus = build_corpus(
            chosen, type, n_augmented=n_augmented, seed=SEED, augmentation=preset.augmentation
        )
        of_same_length = replace(
            preset,
            n_augmented=n_augmented,
            trunk_epochs=max(1, round(n_epochs * len(train) / len(chosen))),
        )
        trunk = _trained(corpus, of_same_length)
        cells = _scores(_answers(trunk, scored), scored, test)
        minutes = (time.perf_counter() - began) / 60
        instruments = len({record.instrument for record in chosen})
        print(
            f"{name:<18}{len(chosen):>8,}{instruments:>13}"
            + "".join(f"{cell:>24}" for cell in cells)
            + f"{minutes:>9.1f}",
            flush=True,
        )


def _trained(corpus: Corpus, preset: Preset) -> keras.Model:
    key = store.training_key(
        what="ingredients",
        notes=corpus.digest,
        type=corpus.type,
        preset=preset.as_dict(),
        code=store.training_code(),
    )
    model, _ = fit_trunk(corpus, preset, seed=SEED, key=key)
    return model


def _answers(trunk: keras.Model, corpus: Corpus) -> FloatArray:
    """Return the softmax of the trunk's ten logits, shape (n_notes, 10)."""
    logits = keras.Model(trunk.input, trunk.get_layer(LOGIT_LAYER).output)
    turns = RecordedNotes(corpus)
    parts = [np.asarray(logits(turns[k][0], training=False)) for k in range(len(turns))]
    z = np.concatenate(parts).astype(np.float64)
    odds = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _scores(answers: FloatArray, corpus: Corpus, records: Sequence[NoteRecord]) -> list[str]:
    instruments = np.array(independent_instruments(records, group_instruments(records)))
    cells = []
    for collection in SCORED.values():
        some = np.ones(corpus.family.size, bool)
        if collection is not None:
            some = corpus.collection == collection
        resamples = resample_instruments(
            corpus.family[some], instruments[some], rng=np.random.default_rng(SEED)
        )
        scores = ten_way_scores(answers[some], corpus.family[some], resamples=resamples)
        found = scores["intervals"]["accuracy"]
        ends = "" if found is None else f" ({found[0]:.2f} to {found[1]:.2f})"
        cells.append(f"{scores['accuracy']:.3f}{ends}")
    return cells


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="what `make notes` built")
    parser.add_argument("--types", nargs="+", default=["mfcc", "log_mel"])
    parser.add_argument("--epochs", type=int, default=10, help="of all training notes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
