"""Seconds from a model on disk to the probability of a note, for each spectrogram type.

Every model of a set is loaded through its card, digest checked, and asked for
one note: reading the file, building the network, the spectrogram of the note
and the first prediction, with all that TensorFlow compiles for it. TensorFlow
itself is imported, and one model of another kind was used, before the clock
starts; what the model before left behind is collected off the clock. The first
spectrogram of a type in a process, for which librosa imports what it needs,
stands in a column of its own. The peer is ``keras.saving.load_model`` and
``model.predict`` on the same file and spectrogram, which check no digest.

Run it from the top folder: ``python -m tests.benchmarks.loading``.
"""

from __future__ import annotations

import argparse
import gc
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from tests.benchmarks.reporting import conditions, pick_notes, spread, watch_other_work, waveform
from xai_core import store
from xai_core.features import extract
from xai_core.networks.cnn import build_cnn
from xai_core.networks.gradients import ModelGradients
from xai_core.places import models_folder

AIM = 0.3  # s


def main() -> None:
    """Load every model of the set and print a row for each type."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", default="starter", help="name of the set")
    models = parser.parse_args().models
    note = waveform(pick_notes(1)[0])
    with watch_other_work():
        print(conditions(("numpy", "tensorflow-cpu", "keras")))
        print(
            f"\n{'type':<20}{'models':>8}{'seconds (10 to 90 %)':>28}{'worst':>8}{'peer':>8}"
            f"{'first spectrogram':>20}"
        )
        ModelGradients(build_cnn((8, 8), head="pooled")).outputs((np.zeros((1, 8, 8)),))
        worst = 0.0
        for type, families in store.available_models(models).items():
            ours, peer = [], []
            began = time.perf_counter()
            extract(note, type)
            first = time.perf_counter() - began
            for family in families:
                _tidy()
                began = time.perf_counter()
                model, _ = store.load_model(type, family, models=models)
                x = extract(note, type).values[np.newaxis]
                ours_says = float(ModelGradients(model).outputs((x,), target="probability"))
                ours.append(time.perf_counter() - began)
                _tidy()
                began = time.perf_counter()
                path = models_folder() / models / type / family / "model.keras"
                other = keras.saving.load_model(path)
                x = extract(note, type).values[np.newaxis, ..., np.newaxis]
                peer_says = float(other.predict(x, verbose=0)[0, 0])
                peer.append(time.perf_counter() - began)
                assert abs(ours_says - peer_says) < 1e-4, (type, family)
            worst = max(worst, *ours)
            print(
                f"{type:<20}{len(families):>8}{spread(ours):>28}{max(ours):>8.2f}"
                f"{np.median(peer) / np.median(ours):>7.1f}x{first:>20.2f}",
                flush=True,
            )
    print(f"worst of all {worst:.2f} s; the aim is at most {AIM} s")


def _tidy() -> None:
    """Collect garbage now, so that neither side pays for the other's, and pass over the rest."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
