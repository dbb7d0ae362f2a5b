"""The gate fuzzed for a bounded time; ``make fuzz`` does it for longer."""

from __future__ import annotations

from tests.audio.fuzz import Fuzz

SECONDS = 30.0
EXAMPLES = 1_500


def test_whatever_the_fuzzer_makes_is_a_waveform_or_a_sentence() -> None:
    fuzz = Fuzz()
    fuzz.run(seconds=SECONDS, examples=EXAMPLES)
    fuzz.close()
    # not all of one kind: the mutations reach past the first checks
    assert fuzz.outcomes["let through"] >= 50
    assert len(fuzz.outcomes) >= 5
