"""Files that a fuzzer makes of good ones, and what must hold for each.

Conventions
-----------
A mutation is a pure function of the bytes and of what Hypothesis draws, so that a
failure shrinks and comes back the same. The checksums of OGG pages are made right
again in half of the files, and what a file is known by in three of four: the rest
would not get far.

Run it for longer with ``make fuzz``, or ``python -m tests.audio.fuzz --minutes 10``.
What is searched for beside failures, by Hypothesis's targets, is cost: files that
take much memory or many samples lead to more of their kind.
"""

from __future__ import annotations

import argparse
import struct
import time
from collections import Counter

import hypothesis
import hypothesis.strategies as st
import numpy as np

from tests.audio.containers import DATA, aiff, flac, mp3, ogg_pages, sealed, wav
from tests.audio.hostile import GOOD
from tests.audio.signals import encode, sine
from xai_core.audio.decoding import KEPT_SAMPLES, RATE_RANGE
from xai_core.audio.gate import Gate

__all__ = ["Fuzz"]

MAX_PEAK = 200e6  # bytes
SHORT = sine(0.1)
WHOLE = (
    encode(SHORT, subtype="PCM_16"),
    encode(SHORT, subtype="FLOAT"),
    encode(np.stack([SHORT] * 3, 1), subtype="PCM_24"),
    encode(SHORT, subtype="MS_ADPCM"),
    encode(SHORT, subtype="IMA_ADPCM"),
    encode(SHORT, subtype="GSM610"),
    encode(SHORT, format="RF64", subtype="PCM_16"),
    encode(SHORT, format="AIFF", subtype="PCM_16"),
    encode(SHORT, format="AIFF", subtype="DOUBLE"),
    encode(np.stack([SHORT] * 2, 1), format="FLAC", subtype="PCM_16"),
    encode(SHORT, format="FLAC", subtype="PCM_24"),
    flac(3),
    wav(bytes(500), bits=8),
    aiff(bytes(500)),
    (DATA / "a440.ogg").read_bytes(),
    (DATA / "a440.mp3").read_bytes(),
    mp3(20, xing=20),
)
NUMBERS = (0, 1, 2, 7, 8, 9, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)
FIELDS = (">B", "<H", ">H", "<I", ">I", "<Q", ">Q")


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Draw a file: a good one with up to eight faults, most of them in its header."""
    whole = draw(st.sampled_from(WHOLE))
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 8))):
        reach = draw(st.sampled_from((64, 256, len(content))))
        place = draw(st.integers(0, max(0, min(reach, len(content)) - 1)))
        kind = draw(
            st.sampled_from(("number", "number", "bytes", "cut", "drop", "twice", "splice"))
        )
        if kind == "number":
            form = draw(st.sampled_from(FIELDS))
            value = draw(st.sampled_from(NUMBERS)) & (1 << 8 * struct.calcsize(form)) - 1
            content[place : place + struct.calcsize(form)] = struct.pack(form, value)
        elif kind == "bytes":
            new = draw(st.binary(min_size=1, max_size=8))
            content[place : place + len(new)] = new
        elif kind == "cut":
            del content[draw(st.integers(0, len(content))) :]
        elif kind == "drop":
            del content[place : place + draw(st.integers(1, 64))]
        elif kind == "twice":
            content[place:place] = content[place : place + draw(st.integers(1, 512))]
        else:
            other = draw(st.sampled_from(WHOLE))
            content[place:] = other[draw(st.integers(0, len(other))) :]
    if draw(st.sampled_from((True, True, True, False))):
        content[:12] = whole[:12]  # what it is known by
    return _mended(bytes(content)) if draw(st.booleans()) else bytes(content)


def _mended(content: bytes) -> bytes:
    pages = ogg_pages(content)
    if not pages:
        return content
    return b"".join(map(sealed, pages)) + content[sum(map(len, pages)) :]


class Fuzz:
    """A gate that is put to many files, and the count of what became of them."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.outcomes: Counter[str] = Counter()
        self.peak = 0

    def check(self, content: bytes) -> None:
        """Assert that a file becomes a sound waveform or one sentence, at a bounded price."""
        passage = self.gate.measure(content)
        sentence = passage.refusal
        if passage.peak is not None:
            self.peak = max(self.peak, passage.peak)
            assert passage.peak <= MAX_PEAK
            hypothesis.target(float(passage.peak), label="memory")
        if passage.waveform is None:
            self.outcomes[sentence.split(": ")[0]] += 1
            assert sentence.startswith("expected ")
            assert "\n" not in sentence
            assert "crashed" not in sentence  # a find, though the server lives on
            assert "takes longer" not in sentence
            return
        self.outcomes["let through"] += 1
        y, sr = passage.waveform.y, passage.waveform.sr
        hypothesis.target(float(y.size), label="samples")
        assert np.isfinite(y).all()
        assert 0 < y.size <= KEPT_SAMPLES
        assert RATE_RANGE[0] <= sr <= RATE_RANGE[1]
        assert passage.waveform.duration <= 600.0

    def run(self, *, seconds: float, examples: int, seed: int | None = None) -> None:
        """Draw and check files until `seconds` are over or there were `examples`."""
        end = time.monotonic() + seconds

        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=seed is None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(mutations())
        def each(content: bytes) -> None:
            if time.monotonic() < end:
                self.check(content)

        (each if seed is None else hypothesis.seed(seed)(each))()

    def close(self) -> None:
        """End the workers, after they have answered a good file once more."""
        try:
            assert self.gate.load(GOOD).y.size == 1600
        finally:
            self.gate.close()


def main() -> None:
    """Fuzz for some minutes, each round from another seed, and print what became of the files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    given = parser.parse_args()
    fuzz, seed = Fuzz(), given.seed
    end = time.monotonic() + 60 * given.minutes
    while (left := end - time.monotonic()) > 0:
        fuzz.run(seconds=left, examples=2_000, seed=seed)
        seed += 1
        n = fuzz.outcomes.total()
        print(f"{n:,} files, most memory {fuzz.peak / 1e6:.0f} MB, next seed {seed}", flush=True)
    fuzz.close()
    for outcome, n in fuzz.outcomes.most_common(20):
        print(f"{n:>10,}  {outcome}")


if __name__ == "__main__":
    main()
