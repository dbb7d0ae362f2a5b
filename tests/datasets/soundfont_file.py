"""A small SoundFont written by the tests themselves: looped tones with known partials.

Conventions
-----------
Every sample holds whole periods of a tone of 440 Hz at 44 000 Hz, so that one
period is 100 samples and a loop is exact. Root key 69 (A4).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 44_000  # Hz
PERIOD = 100  # samples of 440 Hz
N_PERIODS = 30
LOOP = (10 * PERIOD, 20 * PERIOD)
ROOT_KEY = 69

KEY_RANGE, INSTRUMENT, SAMPLE_ID, SAMPLE_MODES = 43, 41, 53, 54  # SoundFont generators


@dataclass(frozen=True)
class Tone:
    """One preset: the amplitudes of its partials and the keys it answers to.

    Parameters
    ----------
    partials : tuple of float
        Amplitude of partial 1, 2, ...; () is silence.
    keys : tuple of int
        Lowest and highest key.
    offset : float
        Added to every sample.
    """

    bank: int
    program: int
    name: str = "Tone"
    partials: tuple[float, ...] = (0.5,)
    keys: tuple[int, int] = (0, 127)
    offset: float = 0.0

    def samples(self) -> npt.NDArray[np.int16]:
        phase = 2 * np.pi * np.arange(N_PERIODS * PERIOD) / PERIOD
        y = sum(
            (a * np.sin(k * phase) for k, a in enumerate(self.partials, start=1)),
            start=np.full(phase.size, self.offset),
        )
        return np.rint(y * 32767).astype("<i2")


def write_soundfont(path: Path, tones: Sequence[Tone]) -> Path:
    """Write an SF2 file with one instrument and one sample for each tone."""
    info = _chunk(b"ifil", struct.pack("<HH", 2, 1))
    info += _chunk(b"isng", b"EMU8000\0") + _chunk(b"INAM", b"Tones\0")
    body = _list(b"INFO", info)
    gap = bytes(2 * 46)  # the format asks for 46 zeros after each sample
    pcm = b"".join(tone.samples().tobytes() + gap for tone in tones)
    body += _list(b"sdta", _chunk(b"smpl", pcm))
    body += _list(b"pdta", _tables(tones))
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"sfbk" + body)
    return path


def _tables(tones: Sequence[Tone]) -> bytes:
    phdr = pbag = pgen = inst = ibag = igen = shdr = b""
    length = N_PERIODS * PERIOD
    for i, tone in enumerate(tones):
        name = tone.name.encode()
        phdr += struct.pack("<20sHHHIII", name, tone.program, tone.bank, i, 0, 0, 0)
        pbag += struct.pack("<HH", i, 0)
        pgen += struct.pack("<HH", INSTRUMENT, i)
        inst += struct.pack("<20sH", name, i)
        ibag += struct.pack("<HH", 3 * i, 0)
        igen += struct.pack("<HBB", KEY_RANGE, *tone.keys)
        igen += struct.pack("<HH", SAMPLE_MODES, 1) + struct.pack("<HH", SAMPLE_ID, i)
        start = i * (length + 46)
        shdr += struct.pack(
            "<20sIIIIIBbHH",
            name,
            start,
            start + length,
            start + LOOP[0],
            start + LOOP[1],
            RATE,
            ROOT_KEY,
            0,
            0,
            1,
        )
    n = len(tones)
    return b"".join(
        [
            _chunk(b"phdr", phdr + struct.pack("<20sHHHIII", b"EOP", 0, 0, n, 0, 0, 0)),
            _chunk(b"pbag", pbag + struct.pack("<HH", n, 0)),
            _chunk(b"pmod", bytes(10)),
            _chunk(b"pgen", pgen + bytes(4)),
            _chunk(b"inst", inst + struct.pack("<20sH", b"EOI", n)),
            _chunk(b"ibag", ibag + struct.pack("<HH", 3 * n, 0)),
            _chunk(b"imod", bytes(10)),
            _chunk(b"igen", igen + bytes(4)),
            _chunk(b"shdr", shdr + struct.pack("<20s26x", b"EOS")),
        ]
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)
