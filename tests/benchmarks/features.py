"""Spectrograms per second: `xai_core.features` against plain librosa calls.

For each of the six types the same notes go through ``features.extract`` and
through the librosa calls that DESIGN defines the type by, as a reader would
write them down: waveform in, ``librosa.stft`` or ``librosa.feature.*(y=...)``,
single precision, nothing kept from one note to the next. The two take turns
note by note, so that other work on the machine slows both alike, and their
values are compared in the same run: once as timed, and once with librosa in
double precision.

What is left out of both: reading the file. What is left out of neither: every
array is new, ours is also checked, copied and wrapped with its axes.

Run it from the top folder: ``python -m tests.benchmarks.features``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import librosa
import numpy as np
import scipy.fft
import threadpoolctl
from numpy.typing import NDArray

from tests.benchmarks.reporting import (
    conditions,
    pick_notes,
    spread,
    watch_other_work,
    waveform,
)
from xai_core.features import HOP_LENGTH, N_FFT, extract
from xai_core.values import SAMPLE_RATE, SPECTROGRAM_TYPES

Array = NDArray[np.floating]

FRAMES = {"n_fft": N_FFT, "hop_length": HOP_LENGTH}
AIMS = {"log_mel": 3.0, "mfcc": 3.0}  # times as fast as librosa
EQUAL = 1e-5  # largest difference of values that count as equal


def main() -> None:
    """Measure, compare and print one line a type."""
    asked = _arguments()
    notes = [waveform(record) for record in pick_notes(asked.notes)]
    with threadpoolctl.threadpool_limits(asked.threads), watch_other_work():
        print(conditions(("numpy", "scipy", "librosa")))
        print(f"threads: {asked.threads} for BLAS on both sides; one FFT thread on both sides")
        print(f"n: {asked.notes} notes x {asked.repeats} times, 4 s each at 16 kHz, taking turns")
        print(
            f"\n{'type':<18}{'ours ms':>24}{'librosa ms':>24}{'notes/s':>9}{'librosa':>9}"
            f"{'ratio':>8}{'max diff':>10}{'in float64':>12}"
        )
        for type in SPECTROGRAM_TYPES:
            ours, theirs = _times(type, [note.y for note in notes], notes, asked.repeats)
            single, double = _differences(type, notes)
            ratio = np.median(theirs) / np.median(ours)
            print(
                f"{type:<18}{spread(1e3 * ours, digits=2):>24}{spread(1e3 * theirs, digits=2):>24}"
                f"{1 / np.median(ours):>9.0f}{1 / np.median(theirs):>9.0f}{ratio:>7.1f}x"
                f"{single:>10.1e}{double:>12.1e}{_judged(type, ratio, single)}"
            )
    print(
        "\nms: median [10th .. 90th percentile] a note. ratio: of medians. max diff: largest "
        "absolute\ndifference of any value, to librosa as timed and to librosa in double precision."
    )


def _times(
    type: str, signals: list[Array], notes: list, n_repeats: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the times of both, s, shape (n_repeats * n_notes,)."""
    plain = PLAIN[type]
    extract(notes[0], type)  # builds our matrices
    plain(signals[0])  # loads librosa's lazy modules
    ours, theirs = [], []
    for repeat in range(n_repeats):
        for note, y in zip(notes, signals, strict=True):
            turns = [(ours, lambda note=note: extract(note, type)), (theirs, lambda y=y: plain(y))]
            for times, call in turns if repeat % 2 else reversed(turns):
                began = time.perf_counter()
                call()
                times.append(time.perf_counter() - began)
    return np.array(ours), np.array(theirs)


def _differences(type: str, notes: list) -> tuple[float, float]:
    single = double = 0.0
    for note in notes:
        values = extract(note, type).values.T
        single = max(single, float(np.abs(values - PLAIN[type](note.y)).max()))
        exact = PLAIN[type](note.y.astype(np.float64))
        double = max(double, float(np.abs(values - exact).max()))
    return single, double


def _judged(type: str, ratio: float, difference: float) -> str:
    if type not in AIMS:
        return ""
    fast = "reached" if ratio >= AIMS[type] else "MISSED"
    equal = "equal" if difference <= EQUAL else "NOT equal"
    return f"  aim {AIMS[type]:.0f}x {fast}, {equal} to {EQUAL:.0e}"


# --------------------------------------- plain librosa, shape (n_bins, n_frames)


def _stft(y: Array) -> Array:
    magnitude = np.abs(librosa.stft(y, **FRAMES))
    return 1.0 + librosa.amplitude_to_db(magnitude, ref=np.max, top_db=80.0) / 80.0


def _log_mel(y: Array) -> Array:
    mel = librosa.feature.melspectrogram(y=y, sr=SAMPLE_RATE, n_mels=128, **FRAMES)
    return 1.0 + librosa.power_to_db(mel, ref=np.max, top_db=80.0) / 80.0


def _mfcc(y: Array) -> Array:
    return scipy.fft.dct(_log_mel(y), axis=0, type=2, norm="ortho")[:40]


def _chroma(y: Array) -> Array:
    return librosa.feature.chroma_stft(y=y, sr=SAMPLE_RATE, tuning=0.0, **FRAMES)


def _spectral_contrast(y: Array) -> Array:
    contrast = librosa.feature.spectral_contrast(
        y=y, sr=SAMPLE_RATE, fmin=200.0, n_bands=6, **FRAMES
    )
    return contrast / 80.0


def _tonnetz(y: Array) -> Array:
    # of STFT chroma, as DESIGN has it; tonnetz(y=...) would take another, constant-Q one
    return librosa.feature.tonnetz(chroma=_chroma(y), sr=SAMPLE_RATE)


PLAIN: dict[str, Callable[[Array], Array]] = {
    "stft": _stft,
    "log_mel": _log_mel,
    "mfcc": _mfcc,
    "chroma": _chroma,
    "spectral_contrast": _spectral_contrast,
    "tonnetz": _tonnetz,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.features",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--notes", type=int, default=20, help="sample notes (default 20)")
    parser.add_argument("--repeats", type=int, default=10, help="rounds (default 10)")
    parser.add_argument("--threads", type=int, default=2, help="BLAS threads (default 2)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
