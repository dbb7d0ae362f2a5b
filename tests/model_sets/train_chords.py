"""A training run of its own process, which a test can kill: one line for each thing told.

``python -m tests.model_sets.train_chords NOTES TRUNK_EPOCHS BINARY_EPOCHS``
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from tests.model_sets.chords import write_chords
from xai_core.model_sets.train import train_models
from xai_core.training import PRESETS

TYPE = "tonnetz"
FAMILIES = ("brass", "flute")
MODELS = "chords"


def main() -> None:
    """Train two models and tell how far it is."""
    notes, trunk_epochs, binary_epochs = sys.argv[1:]
    tf.config.run_functions_eagerly(True)  # a few steps each: tracing would take the longest
    preset = replace(
        PRESETS["quick"],
        batch_size=10,
        trunk_epochs=int(trunk_epochs),
        binary_epochs=int(binary_epochs),
    )
    train_models(
        write_chords(Path(notes)),
        types=[TYPE],
        families=FAMILIES,
        models=MODELS,
        preset=preset,
        on_progress=lambda event: print(f"{event.label} | {event.done}/{event.total}", flush=True),
    )


if __name__ == "__main__":
    main()
