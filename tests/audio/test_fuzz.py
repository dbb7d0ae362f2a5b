"""The gate fuzzed for a bounded minute; ``make fuzz`` does it for longer.

The first files are the same in every run, the others are not: their seed is
printed when the test fails, and ``python -m tests.audio.fuzz --seed`` takes it.
"""

from __future__ import annotations

import time

import pytest

from tests.audio.fuzz import Fuzz

SECONDS = 20.0  # and twice as long for files that nobody tried before
EXAMPLES = 400


@pytest.mark.slow
def test_whatever_the_fuzzer_makes_is_a_waveform_or_a_sentence() -> None:
    fuzz = Fuzz()
    fuzz.run(seconds=SECONDS, examples=EXAMPLES)
    seed = time.time_ns() % 2**32
    print(f"seed {seed}")
    fuzz.run(seconds=2 * SECONDS, examples=2 * EXAMPLES, seed=seed)
    fuzz.close()
    # not all of one kind: the mutations reach past the first checks
    assert fuzz.outcomes["let through"] >= 100
    assert len(fuzz.outcomes) >= 5
