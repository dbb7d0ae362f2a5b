"""What a tagging network knows of families: a probe on its features, by held-out instruments.

Two networks of the package ``musicnn`` 0.1.0 (ISC licence; Pons and Serra 2019, "musicnn:
pre-trained convolutional neural networks for music audio tagging"), trained on the tags of
MagnaTagATune and of the Million Song Dataset, are read from its wheel without its code. The
maxima and means over time of their features are the input of a logistic regression, balanced
by family and instrument, that is scored on instruments it has not seen. Nothing of TimbreLens
needs the package; it is fetched by ``pip download --no-deps musicnn==0.1.0``.

Run it from the top folder:
``python -m tests.benchmarks.teacher --wheel musicnn-0.1.0-py3-none-any.whl --data NOTES``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import librosa
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from xai_core.datasets import read_collection
from xai_core.datasets.notes import NoteRecord, read_note, usable_notes
from xai_core.datasets.splits import group_instruments
from xai_core.model_sets.held_out import independent_instruments
from xai_core.model_sets.train import split_notes
from xai_core.scoring import resample_instruments, ten_way_scores
from xai_core.values import FAMILIES, SAMPLE_RATE, FloatArray

NETWORKS = ("MTT_musicnn", "MSD_musicnn")
N_FRAMES = 187  # 3 s
N_MELS = 96
HOP_LENGTH = 256  # samples
N_FFT = 512  # samples
EPSILON = 1e-3  # of batch normalisation, as TensorFlow 1 has it
STRENGTHS = (1e-4, 1e-3, 1e-2)  # inverse ridge of the probe
AT_ONCE = 8  # notes

Network = Callable[[FloatArray], FloatArray]


def main() -> None:
    """Compute the features, fit the probe, and print its scores."""
    asked = _arguments()
    records, _ = usable_notes(read_collection(asked.data))
    parts = split_notes(records, 0)
    train = some_of_each([*parts["train"], *parts["calibration"]], asked.notes)
    test = some_of_each(parts["test"], asked.notes)
    networks = [read_network(asked.wheel, name) for name in NETWORKS]
    x, y = (features(notes, networks) for notes in (train, test))
    scale = StandardScaler().fit(x)
    groups = group_instruments(records)
    resamples = resample_instruments(
        _families(test), independent_instruments(test, groups), rng=np.random.default_rng(0)
    )
    print(f"{len(train):,} notes to learn from, {len(test):,} of other instruments")
    for strength in STRENGTHS:
        probe = LogisticRegression(C=strength, max_iter=300)
        probe.fit(scale.transform(x), _families(train), sample_weight=weights(train))
        scores = ten_way_scores(
            probe.predict_proba(scale.transform(y)), _families(test), resamples=resamples
        )
        low, high = scores["intervals"]["accuracy"] or (np.nan, np.nan)
        print(f"C {strength:g}: {scores['accuracy']:.3f} ({low:.3f} to {high:.3f})")


def read_network(wheel: Path, name: str) -> Network:
    """Return a network of the package: ``(n, 187, 96)`` of mel spectrograms to ``(n, 1506)``."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        for end in (".data-00000-of-00001", ".index"):  # a prefix that is not empty
            content = archive.read(f"musicnn/{name}/{end}")
            (Path(folder) / f"checkpoint{end}").write_bytes(content)
        reader = tf.train.load_checkpoint(str(Path(folder) / "checkpoint"))
        weights = {
            key.removeprefix("model/"): reader.get_tensor(key)
            for key in reader.get_variable_to_shape_map()
        }
    return lambda x: np.asarray(pooled(tf.convert_to_tensor(x, tf.float32), weights))


def pooled(x: tf.Tensor, weights: dict[str, FloatArray]) -> tf.Tensor:
    """Return maxima and means over time of the front end and of three convolutions above it."""

    def of(kind: str, number: int, what: str) -> FloatArray:
        return weights[f"{kind}_{number}/{what}" if number else f"{kind}/{what}"]

    def normalised(y: tf.Tensor, number: int) -> tf.Tensor:
        gamma, beta, mean, variance = (
            of("batch_normalization", number, what)
            for what in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (y - mean) / np.sqrt(variance + EPSILON) * gamma + beta

    def block(y: tf.Tensor, number: int, padding: str) -> tf.Tensor:
        y = tf.nn.conv2d(y, of("conv2d", number, "kernel"), 1, padding)
        return normalised(tf.nn.relu(y + of("conv2d", number, "bias")), number + 1)

    def in_time(y: tf.Tensor) -> tf.Tensor:
        return tf.pad(y, [[0, 0], [3, 3], [0, 0], [0, 0]])

    def middle(y: tf.Tensor, number: int) -> tf.Tensor:
        return tf.transpose(block(in_time(y), number, "VALID"), [0, 1, 3, 2])

    x = normalised(x[..., tf.newaxis], 0)
    front = [tf.reduce_max(block(in_time(x), number, "VALID"), 2) for number in (0, 1)]
    front += [tf.reduce_max(block(x, number, "SAME"), 2) for number in (2, 3, 4)]
    first = tf.concat(front, 2)[..., tf.newaxis]
    one = middle(first, 5)
    two = middle(one, 6) + one
    three = middle(two, 7) + two
    found = tf.concat([first, one, two, three], 2)[..., 0]
    return tf.concat([tf.reduce_max(found, 1), tf.reduce_mean(found, 1)], 1)


def features(records: Sequence[NoteRecord], networks: Sequence[Network]) -> FloatArray:
    """Return what the networks find in the first 3 s of notes, side by side."""
    rows = []
    for start in range(0, len(records), AT_ONCE):
        x = np.stack([mel_spectrogram(read_note(r)) for r in records[start : start + AT_ONCE]])
        rows.append(np.concatenate([network(x) for network in networks], axis=1))
    return np.concatenate(rows)


def mel_spectrogram(y: FloatArray) -> FloatArray:
    """Return log10(1 + 10,000 mel power), shape (187, 96), as the package computes it."""
    mel = librosa.feature.melspectrogram(
        y=y[: N_FRAMES * HOP_LENGTH],
        sr=SAMPLE_RATE,
        hop_length=HOP_LENGTH,
        n_fft=N_FFT,
        n_mels=N_MELS,
    )
    mel = mel.T[:N_FRAMES].astype(np.float16).astype(np.float32)  # half precision, as there
    return np.asarray(np.log10(10_000.0 * mel + 1.0))


def some_of_each(records: Sequence[NoteRecord], n: int) -> list[NoteRecord]:
    """Return at most so many notes of each instrument, evenly over its pitches."""
    members: dict[str, list[NoteRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.pitch or -1, r.note)):
        members[record.instrument].append(record)
    return [
        some[k]
        for some in members.values()
        for k in np.unique(np.linspace(0, len(some) - 1, min(n, len(some))).round().astype(int))
    ]


def weights(records: Sequence[NoteRecord]) -> FloatArray:
    """Return what each note weighs: families the same, and in each its instruments."""
    notes = Counter((record.family, record.instrument) for record in records)
    instruments = Counter(family for family, _ in notes)
    found = np.array(
        [1.0 / (notes[r.family, r.instrument] * instruments[r.family]) for r in records]
    )
    return np.asarray(found * len(found) / found.sum())


def _families(records: Sequence[NoteRecord]) -> FloatArray:
    return np.array([FAMILIES.index(record.family) for record in records])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--notes", type=int, default=4, help="of each instrument, at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
