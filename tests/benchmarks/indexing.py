"""Indexing NSynth at its full size: time and memory, against ``json.load`` of the same file.

Writes an ``examples.json`` like the one of NSynth's training set into a
temporary folder (289,205 entries with every published field, four spaces deep)
and an empty WAV file for each note, and removes both afterwards. Then, each in
a process of its own, in turn:

- ``read``: ``read_nsynth``, the sorted list of records, audio files looked for;
- ``json.load``: the peer, nothing but the parsed file; no check, no audio file.

Last, a folder of 100,000 notes with audio (0.1 s each, hard links to a few
files) is indexed and every note is read, with the memory on the way.

A time is that of the call alone, by the clock and by the processor (which other
work on the machine lengthens less); memory is the most that the process ever had
(``resource.getrusage``), Python and NumPy included: what a process has that
only imports is printed beside it. Files come from the cache of the operating
system, for all alike.

Run it from the top folder: ``python -m tests.benchmarks.indexing``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.benchmarks.reporting import conditions, seconds, spread, watch_other_work
from xai_core.datasets.notes import read_note
from xai_core.datasets.nsynth import (
    INSTRUMENT_SOURCES,
    NSYNTH_FAMILIES,
    QUALITIES,
    read_nsynth,
)
from xai_core.values import SAMPLE_RATE

TRAINING_NOTES = 289_205  # of NSynth
AIM_SECONDS = 10.0
AIM_MIB = 1.5 * 1024
WITH_AUDIO = (10_000, 50_000, 100_000)  # notes after which memory is noted
FLAT = 1.05  # memory at the last of them to that at the first
PITCHES, VELOCITIES = range(24, 109), (25, 50, 75, 100, 127)
RECORDINGS = 8  # different files behind the notes with audio


def main() -> None:
    """Write, measure, compare and print."""
    asked = _arguments()
    if asked.child:
        _measure(asked.child, Path(asked.folder))
        return
    print(conditions(("ijson", "numpy", "soundfile")))
    with tempfile.TemporaryDirectory(dir=asked.folder) as top, watch_other_work():
        _against_the_peer(Path(top) / "nsynth", asked.notes, asked.repeats)
        _with_audio(Path(top) / "audio")


def _against_the_peer(folder: Path, n_notes: int, n_repeats: int) -> None:
    began = time.perf_counter()
    (folder / "audio").mkdir(parents=True)
    _write_examples(folder / "examples.json", n_notes)
    for note, _ in _entries(n_notes):
        (folder / "audio" / f"{note}.wav").touch()
    size = (folder / "examples.json").stat().st_size / 2**20
    print(
        f"n: {n_notes:,} entries, {size:.0f} MiB of examples.json, as many empty audio files "
        f"(written in {time.perf_counter() - began:.0f} s); {n_repeats} times, taking turns"
    )
    took: dict[str, list[float]] = {name: [] for name in CHILDREN}
    processor: dict[str, list[float]] = {name: [] for name in CHILDREN}
    peak: dict[str, list[float]] = {name: [] for name in CHILDREN}
    for _ in range(n_repeats):
        for name in CHILDREN:
            result = _in_a_process(name, folder)
            took[name].append(result["seconds"])
            processor[name].append(result["processor"])
            peak[name].append(result["peak"])
    print(f"\n{'':<12}{'time':>28}{'processor time':>28}{'peak MiB':>20}")
    for name in CHILDREN:
        print(
            f"{name:<12}{seconds(took[name]):>28}{seconds(processor[name]):>28}"
            f"{spread(peak[name], digits=0):>20}"
        )
    median = {name: float(np.median(took[name])) for name in CHILDREN}
    memory = {name: float(np.median(peak[name])) for name in CHILDREN}
    print(
        f"read to json.load: {median['read'] / median['json.load']:.2f} of the time, "
        f"{memory['read'] / memory['json.load']:.2f} of the memory"
    )
    reached = median["read"] < AIM_SECONDS and memory["read"] < AIM_MIB
    print(
        f"aim {AIM_SECONDS:.0f} s and {AIM_MIB:.0f} MiB for read: "
        f"{'reached' if reached else 'MISSED'}"
    )


def _with_audio(folder: Path) -> None:
    n_notes = WITH_AUDIO[-1]
    (folder / "audio").mkdir(parents=True)
    _write_examples(folder / "examples.json", n_notes)
    rng = np.random.default_rng(0)
    for k in range(RECORDINGS):
        y = 0.3 * rng.standard_normal(SAMPLE_RATE // 10).clip(-3, 3)
        soundfile.write(folder / f"{k}.wav", y, SAMPLE_RATE, subtype="PCM_16")
    for k, (note, _) in enumerate(_entries(n_notes)):
        os.link(folder / f"{k % RECORDINGS}.wav", folder / "audio" / f"{note}.wav")
    result = _in_a_process("audio", folder)
    print(f"\n{n_notes:,} notes indexed and read, audio included: {result['seconds']:.0f} s")
    memory = result["memory"]
    for n, mib in zip(WITH_AUDIO, memory, strict=True):
        print(f"  memory after {n:>7,} notes {mib:>7.1f} MiB")
    flat = memory[-1] <= FLAT * memory[0]
    print(f"  {memory[-1] - memory[0]:+.1f} MiB: {'flat' if flat else 'NOT flat'}")


# --------------------------------------- what is written


def _entries(n_notes: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield entries as published; instruments take turns among families and sources."""
    per_instrument = len(PITCHES) * len(VELOCITIES)
    rng = np.random.default_rng(0)
    for k in range(n_notes):
        number, place = divmod(k, per_instrument)
        pitch = PITCHES[place // len(VELOCITIES)]
        velocity = VELOCITIES[place % len(VELOCITIES)]
        # synth_lead is passed over, so that every entry counts
        family = (*NSYNTH_FAMILIES[:9], "vocal")[number % 10]
        source = INSTRUMENT_SOURCES[number // 10 % len(INSTRUMENT_SOURCES)]
        instrument = f"{family}_{source}_{number:03d}"
        note = f"{instrument}-{pitch:03d}-{velocity:03d}"
        has = rng.random(len(QUALITIES)) < 0.2
        yield (
            note,
            {
                "note": k,
                "sample_rate": SAMPLE_RATE,
                "instrument_family": NSYNTH_FAMILIES.index(family),
                "qualities": [int(one) for one in has],
                "instrument_source_str": source,
                "note_str": note,
                "instrument_family_str": family,
                "instrument_str": instrument,
                "pitch": pitch,
                "instrument": number,
                "velocity": velocity,
                "instrument_source": INSTRUMENT_SOURCES.index(source),
                "qualities_str": [word for word, one in zip(QUALITIES, has, strict=True) if one],
            },
        )


def _write_examples(path: Path, n_notes: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        before = "{\n"
        for note, entry in _entries(n_notes):
            text = json.dumps(entry, indent=4).replace("\n", "\n    ")
            file.write(f'{before}    "{note}": {text}')
            before = ",\n"
        file.write("\n}\n")


# --------------------------------------- what a process of its own does


def _in_a_process(name: str, folder: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.benchmarks.indexing", "--child", name]
    done = subprocess.run(
        [*words, "--folder", str(folder)], check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


def _measure(name: str, folder: Path) -> None:
    began, worked = time.perf_counter(), time.process_time()
    memory: list[float] = []
    if name == "read":
        n = len(read_nsynth(folder))
    elif name == "json.load":
        with (folder / "examples.json").open(encoding="utf-8") as file:
            n = len(json.load(file))
    elif name == "audio":
        for n, record in enumerate(read_nsynth(folder), start=1):
            read_note(record)
            if n in WITH_AUDIO:
                memory.append(_peak())
    else:
        n = 0
    result = {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - worked,
        "peak": _peak(),
        "memory": memory,
        "n": n,
    }
    print(json.dumps(result))


def _peak() -> float:
    """Return the most memory this process has had, MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


CHILDREN = ("read", "json.load", "imports")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.indexing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--notes", type=int, default=TRAINING_NOTES, help="entries")
    parser.add_argument("--repeats", type=int, default=3, help="processes of each (default 3)")
    parser.add_argument("--folder", help="where the temporary folder goes (default the system's)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
