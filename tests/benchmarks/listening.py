"""How soon the Listen page can answer: from a box to the sound, the explained type, all types.

For each spectrogram type, on warm models, a box is muted at another place each time, and the
parts of the page's way are timed: the changed sound as a WAV for the player, the answer of the
explained model, the ten answers of its type, and the answers of all types. Medians in ms. The
ratio is that of the ten answers to the answer of one model.

Run it from the top folder: ``python -m tests.benchmarks.listening``.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict

import numpy as np

from xai_core.audio import load_note, to_wav
from xai_core.datasets.collection import read_collection
from xai_core.explanations import predict
from xai_core.explanations.loaded_models import logit_of
from xai_core.listening import Edit, apply_mask, edits_mask
from xai_core.places import samples_folder
from xai_core.values import SPECTROGRAM_TYPES

FAMILY = "flute"


def main() -> None:
    """Measure and print one row a type."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=7, help="boxes of each type")
    asked = parser.parse_args()
    note = load_note(next(r.path for r in read_collection(samples_folder()) if r.family == FAMILY))
    predict(note)  # loads and compiles
    print("| type | sound | its model | ten models | all sixty | ten : one |")
    print("| --- | --- | --- | --- | --- | --- |")
    number = 0
    for type in SPECTROGRAM_TYPES:
        found: dict[str, list[float]] = defaultdict(list)
        for _ in range(asked.times):
            number += 1
            low = 100.0 + 40.0 * number
            edit = Edit(0.1, 2.0, low, low + 300.0)

            ends = [time.perf_counter()]
            changed = apply_mask(note, edits_mask([edit]))
            to_wav(note, right=changed)
            ends.append(time.perf_counter())
            logit_of(changed, type, FAMILY)
            ends.append(time.perf_counter())
            predict(changed, types=[type])
            ends.append(time.perf_counter())
            predict(changed)
            ends.append(time.perf_counter())
            for name, until in (("sound", 1), ("one", 2), ("ten", 3), ("all", 4)):
                since = 0 if name == "sound" else 1
                found[name].append(ends[until] - ends[since])
        sound, one, ten, every = (1e3 * float(np.median(found[name])) for name in
                                  ("sound", "one", "ten", "all"))  # fmt: skip
        print(
            f"| {type} | {sound:.0f} ms | {one:.0f} ms | {ten:.0f} ms | {every:.0f} ms "
            f"| {ten / one:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
