"""What the gate for audio costs: decoding in a process of its own against decoding here.

Decodes recordings as visitors bring them through a warm gate and in this process, in
turns, and prints the median of each and what the gate adds. Then how long a worker
takes to start, which the first visitor of a server would wait for if the pages did
not start it beforehand.

Run it from the top folder: ``python -m tests.benchmarks.audio_gate``.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tests.audio.containers import DATA, flac
from tests.audio.signals import encode
from tests.benchmarks.reporting import conditions, spread, watch_other_work
from xai_core import audio
from xai_core.audio.gate import Gate

AIM = 0.1  # s that the gate may add
LARGEST = 10 * 2**20  # bytes
RATE = 44_100  # Hz


def main() -> None:
    """Decode each recording both ways and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=15, help="how often each is decoded")
    times = parser.parse_args().times
    gate = Gate()
    with watch_other_work():
        print(conditions(("numpy", "soundfile", "soxr")))
        print(f"\n{'recording':<34}{'MB':>6}{'gate s':>26}{'here s':>26}{'more':>8}")
        gate.open(wait=True)
        worst = 0.0
        for name, content in _recordings().items():
            through, here = [], []
            for _ in range(times):
                through.append(_seconds(gate.load, content))
                here.append(_seconds(audio.load, content))
            more = float(np.median(through) - np.median(here))
            worst = max(worst, more)
            size = len(content) / 2**20
            print(f"{name:<34}{size:>6.1f}{spread(through):>26}{spread(here):>26}{more:>8.3f}")
        print(f"the most that the gate adds {worst:.3f} s; the aim is at most {AIM} s")
        starts = []
        for _ in range(times):
            gate.close()
            starts.append(_seconds(lambda _: gate.open(wait=True), b""))
        gate.close()
        print(f"a worker starts in {spread(starts)} s")


def _recordings() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    stereo = 0.3 * rng.uniform(-1, 1, (10 * RATE, 2))
    return {
        "OGG, 1 s": (DATA / "a440.ogg").read_bytes(),
        "MP3, 1 s": (DATA / "a440.mp3").read_bytes(),
        "WAV, 4 s at 44.1 kHz in stereo": encode(stereo[: 4 * RATE], RATE, subtype="PCM_16"),
        "FLAC, 10 s at 44.1 kHz in stereo": encode(stereo, RATE, format="FLAC", subtype="PCM_16"),
        "WAV, 10 MB of 8 bits at 44.1 kHz": encode(
            0.3 * rng.uniform(-1, 1, LARGEST - 44), RATE, subtype="PCM_U8"
        ),
        "FLAC, 200 s of silence at 48 kHz": flac(146, rate=48_000),
    }


def _seconds(decode: object, content: bytes) -> float:
    began = time.perf_counter()
    decode(content)  # type: ignore[operator]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
