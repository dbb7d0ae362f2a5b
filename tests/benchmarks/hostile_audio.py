"""What becomes of hostile audio files at the gate, as a table in the documentation.

Puts every file of ``tests/audio/hostile.py`` to a worker of its own, a good file after
it, and writes outcome, time, processor time and largest memory of each to
``docs/hostile-audio.md``. The tests try the same files and hold the table true.

Run it from the top folder: ``python -m tests.benchmarks.hostile_audio``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.audio.hostile import hostile_files, truncations
from tests.audio.trial import table, try_file
from tests.benchmarks.reporting import conditions, watch_other_work
from xai_core.audio.gate import Gate

OUT = Path(__file__).parents[2] / "docs" / "hostile-audio.md"
HEAD = """# Hostile audio files

What becomes of {n} hostile or odd files at the gate for audio, each in a process of its own:
{accepted} let through, {refused} refused with the sentence that the visitor reads, {lost} at which
that process was lost. Written by `python -m tests.benchmarks.hostile_audio`;
`tests/audio/test_hostile.py` tries the same files in every run of the tests. *s* is by the clock,
from a process that is ready to its answer, *processor s* and *peak MB* are what that process used,
Python and its libraries (50 MB) included; *next file* is what became of a good file at the same
gate afterwards. Other work on the machine lengthens *s* and nothing else.

The worst: {cpu:.1f} s of processor time, {seconds:.1f} s by the clock, {peak:.0f} MB.
A WAV of 844 bytes cut after every tenth byte: {let_through} beginnings let through, {cut_short}
refused.

```
{conditions}
```

{table}
"""


def main() -> None:
    """Try every file and write the table."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    trials = []
    with watch_other_work():
        about = conditions(("numpy", "soundfile", "soxr"))
        for file in hostile_files():
            trials.append(try_file(file))
            print(f"{file.name}: {trials[-1].outcome}", flush=True)
        gate = Gate()
        cuts = truncations()
        let_through = sum(gate.measure(cut).waveform is not None for cut in cuts)
        gate.close()
    decoded = [trial.decoded for trial in trials]
    accepted = sum(one.waveform is not None for one in decoded)
    asked = [trial for trial in trials if "10 MB" not in trial.decoded.refusal and trial.size]
    lost = sum(trial.decoded.peak is None for trial in asked)
    text = HEAD.format(
        n=len(trials),
        accepted=accepted,
        refused=len(trials) - accepted - lost,
        lost=lost,
        cpu=max(one.cpu_seconds or 0.0 for one in decoded),
        seconds=max(trial.seconds for trial in trials),
        peak=max(one.peak or 0 for one in decoded) / 1e6,
        let_through=let_through,
        cut_short=len(cuts) - let_through,
        conditions=about,
        table=table(trials),
    )
    OUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
