"""One SoundFont played by FluidSynth, note by note, in float; the General MIDI programs.

Conventions
-----------
FluidSynth runs at 48 000 Hz, above the band of every sample it transposes, and
its output is then decimated to 16 000 Hz: played at 16 000 Hz directly, it
would fold partials above 8 000 Hz back into the note. Reverb and chorus are
off; left and right are averaged; an offset of the font's samples is taken off
(up to 14 % of the peak has been met). The same font gives the same samples.

Programs are counted from 0. Their pitches are sounding MIDI numbers, both ends
included. Programs that belong to none of the ten families (harp, accordion, synth
leads and pads other than voices, sound effects) are not in the table. Synthetic
strings (50, 51) are left out: they are pads rather than strings.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from xai_core.errors import InputError
from xai_core.values import SAMPLE_RATE

__all__ = [
    "DRUM_BANKS",
    "HELD",
    "PROGRAMS",
    "RELEASED",
    "Preset",
    "Program",
    "SoundFont",
]

HELD = 3.0  # s between note-on and note-off
RELEASED = 1.0  # s after note-off

_SYNTH_RATE = 48_000  # Hz
_GAIN = 1.0  # FluidSynth's own; float output does not clip
_FADE = 0.010  # s at the end, where a note that still sounds is cut
_LOWEST = 10.0  # Hz: below it lies no pitch, only the offset of careless samples
_CHANNEL = 0
_SETTINGS: dict[str, Any] = {
    "synth.reverb.active": 0,
    "synth.chorus.active": 0,
    "synth.dynamic-sample-loading": 1,
    "synth.lock-memory": 0,
    "synth.cpu-cores": 1,
    "synth.polyphony": 256,
}


@dataclass(frozen=True)
class Preset:
    """One sound of a SoundFont: its bank, program and name."""

    bank: int
    program: int
    name: str


class SoundFont:
    """An SF2 or SF3 file.

    Parameters
    ----------
    path : path
        The SF2 or SF3 file.

    Raises
    ------
    InputError
        If the file is missing or no SoundFont, or FluidSynth is not installed.

    Notes
    -----
    Every note gets a synthesizer of its own: FluidSynth's voices keep traces
    of the note before, so that one note could otherwise come out in two ways.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"expected a SoundFont, found no file {self.path}")
        with self.path.open("rb") as file:
            head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise InputError(f"{self.path} is not a SoundFont: expected an SF2 or SF3 file")
        with self._synth() as (synth, font):
            self.presets: tuple[Preset, ...] = tuple(
                Preset(bank, program, " ".join(name.split()))
                for bank in range(129)
                for program in range(128)
                if (name := synth.sfpreset_name(font, bank, program)) is not None
            )

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem

    def play(
        self,
        preset: Preset,
        *,
        pitch: int,
        velocity: int,
        held: float = HELD,
        released: float = RELEASED,
    ) -> npt.NDArray[np.float32]:
        """Return one note at the level that the font gives it.

        Parameters
        ----------
        preset : Preset
            One of :attr:`presets`.
        pitch, velocity : int
            MIDI numbers.
        held, released : float
            Seconds before and after note-off.

        Returns
        -------
        ndarray, shape (n_samples,)
            float32 at 16 000 Hz; may exceed 1.
        """
        with self._synth() as (synth, font):
            synth.program_select(_CHANNEL, font, preset.bank, preset.program)
            synth.noteon(_CHANNEL, pitch, velocity)
            first = _samples(synth, round(held * _SYNTH_RATE))
            synth.noteoff(_CHANNEL, pitch)
            last = _samples(synth, round(released * _SYNTH_RATE))
        y = _without_offset(
            soxr.resample(np.concatenate([first, last]), _SYNTH_RATE, SAMPLE_RATE, quality="VHQ")
        )
        n_fade = round(_FADE * SAMPLE_RATE)
        y[-n_fade:] *= np.linspace(1.0, 0.0, n_fade, dtype=np.float32)
        return y

    @contextlib.contextmanager
    def _synth(self) -> Iterator[tuple[Any, int]]:
        """Lend a new synthesizer that holds this font, and the font's number."""
        library = _fluidsynth()
        synth = library.Synth(gain=_GAIN, samplerate=_SYNTH_RATE, channels=16, **_SETTINGS)
        try:
            font = synth.sfload(str(self.path))
            if font < 0:
                raise InputError(f"{self.path} cannot be read as a SoundFont: is the file damaged?")
            yield synth, font
        finally:
            synth.delete()


def _without_offset(y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return samples through a first-order high-pass at 10 Hz, computed by FFT."""
    n = y.size + SAMPLE_RATE // 2  # room for its response, which decays within 0.1 s
    frequency = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    response = frequency / (frequency - 1j * _LOWEST)
    filtered = np.fft.irfft(np.fft.rfft(y, n) * response, n)[: y.size]
    return np.asarray(filtered, np.float32)


def _samples(synth: Any, count: int) -> npt.NDArray[np.float32]:
    buffer = np.zeros(2 * count, dtype=np.float32)  # left and right interleaved
    pointer = buffer.ctypes.data_as(ctypes.c_void_p)
    _write_float()(synth.synth, count, pointer, 0, 2, pointer, 1, 2)
    mono: npt.NDArray[np.float32] = buffer.reshape(-1, 2).mean(axis=1, dtype=np.float32)
    return mono


@functools.cache
def _fluidsynth() -> ModuleType:
    try:
        import fluidsynth
    except ImportError as error:
        raise InputError(
            "rendering needs the FluidSynth library, which was not found: "
            "on Debian and Ubuntu, apt-get install libfluidsynth3"
        ) from error
    set_log = fluidsynth.cfunc(
        "fluid_set_log_function",
        ctypes.c_void_p,
        ("level", ctypes.c_int, 1),
        ("fun", ctypes.c_void_p, 1),
        ("data", ctypes.c_void_p, 1),
    )
    for level in range(5):  # its messages; ours are raised instead
        set_log(level, None, None)
    return fluidsynth  # type: ignore[no-any-return]


@functools.cache
def _write_float() -> Any:
    return _fluidsynth().cfunc(
        "fluid_synth_write_float",
        ctypes.c_int,
        ("synth", ctypes.c_void_p, 1),
        ("len", ctypes.c_int, 1),
        ("lout", ctypes.c_void_p, 1),
        ("loff", ctypes.c_int, 1),
        ("lincr", ctypes.c_int, 1),
        ("rout", ctypes.c_void_p, 1),
        ("roff", ctypes.c_int, 1),
        ("rincr", ctypes.c_int, 1),
    )


# 128 is the drum bank of SoundFont files; 120 to 127 hold drums and effects in
# fonts that follow General MIDI 2 and XG.
DRUM_BANKS = range(120, 129)


@dataclass(frozen=True)
class Program:
    """What one General MIDI program stands for.

    Parameters
    ----------
    family : str
        One of the ten families.
    source : str
        ``acoustic``, ``electronic`` or ``synthetic``.
    low, high : int
        Playing range of the real instrument, MIDI numbers.
    """

    family: str
    source: str
    low: int
    high: int


PROGRAMS: dict[int, Program] = {
    0: Program("keyboard", "acoustic", 21, 108),  # grand piano
    1: Program("keyboard", "acoustic", 21, 108),  # bright piano
    2: Program("keyboard", "electronic", 21, 108),  # electric grand
    3: Program("keyboard", "acoustic", 21, 108),  # honky-tonk piano
    4: Program("keyboard", "electronic", 28, 103),  # tine electric piano
    5: Program("keyboard", "electronic", 28, 103),  # FM electric piano
    6: Program("keyboard", "acoustic", 29, 89),  # harpsichord
    7: Program("keyboard", "electronic", 29, 88),  # clavinet
    8: Program("mallet", "acoustic", 60, 108),  # celesta
    9: Program("mallet", "acoustic", 72, 108),  # glockenspiel
    10: Program("mallet", "acoustic", 60, 96),  # music box
    11: Program("mallet", "acoustic", 53, 89),  # vibraphone
    12: Program("mallet", "acoustic", 45, 96),  # marimba
    13: Program("mallet", "acoustic", 65, 108),  # xylophone
    14: Program("mallet", "acoustic", 60, 77),  # tubular bells
    16: Program("organ", "electronic", 36, 96),  # drawbar organ
    17: Program("organ", "electronic", 36, 96),  # percussive organ
    18: Program("organ", "electronic", 36, 96),  # rock organ
    19: Program("organ", "acoustic", 24, 103),  # church organ
    20: Program("organ", "acoustic", 36, 96),  # reed organ
    24: Program("guitar", "acoustic", 40, 84),  # nylon strings
    25: Program("guitar", "acoustic", 40, 84),  # steel strings
    26: Program("guitar", "electronic", 40, 86),  # jazz
    27: Program("guitar", "electronic", 40, 86),  # clean
    28: Program("guitar", "electronic", 40, 86),  # muted
    29: Program("guitar", "electronic", 40, 86),  # overdriven
    30: Program("guitar", "electronic", 40, 86),  # distortion
    31: Program("guitar", "electronic", 40, 86),  # harmonics
    32: Program("bass", "acoustic", 28, 60),  # acoustic bass
    33: Program("bass", "electronic", 28, 60),  # fingered
    34: Program("bass", "electronic", 28, 60),  # picked
    35: Program("bass", "electronic", 28, 60),  # fretless
    36: Program("bass", "electronic", 28, 60),  # slap 1
    37: Program("bass", "electronic", 28, 60),  # slap 2
    38: Program("bass", "synthetic", 24, 60),  # synth bass 1
    39: Program("bass", "synthetic", 24, 60),  # synth bass 2
    40: Program("string", "acoustic", 55, 96),  # violin
    41: Program("string", "acoustic", 48, 88),  # viola
    42: Program("string", "acoustic", 36, 76),  # cello
    43: Program("string", "acoustic", 28, 55),  # contrabass
    44: Program("string", "acoustic", 36, 96),  # tremolo strings
    45: Program("string", "acoustic", 36, 91),  # pizzicato strings
    48: Program("string", "acoustic", 36, 96),  # string ensemble 1
    49: Program("string", "acoustic", 36, 96),  # string ensemble 2
    52: Program("vocal", "acoustic", 43, 81),  # choir aahs
    53: Program("vocal", "acoustic", 43, 81),  # voice oohs
    54: Program("vocal", "synthetic", 43, 81),  # synth voice
    56: Program("brass", "acoustic", 54, 84),  # trumpet
    57: Program("brass", "acoustic", 40, 72),  # trombone
    58: Program("brass", "acoustic", 28, 58),  # tuba
    59: Program("brass", "acoustic", 54, 82),  # muted trumpet
    60: Program("brass", "acoustic", 35, 77),  # French horn
    61: Program("brass", "acoustic", 40, 84),  # brass section
    62: Program("brass", "synthetic", 40, 84),  # synth brass 1
    63: Program("brass", "synthetic", 40, 84),  # synth brass 2
    64: Program("reed", "acoustic", 56, 87),  # soprano saxophone
    65: Program("reed", "acoustic", 49, 80),  # alto saxophone
    66: Program("reed", "acoustic", 44, 75),  # tenor saxophone
    67: Program("reed", "acoustic", 36, 68),  # baritone saxophone
    68: Program("reed", "acoustic", 58, 91),  # oboe
    69: Program("reed", "acoustic", 52, 81),  # English horn
    70: Program("reed", "acoustic", 34, 72),  # bassoon
    71: Program("reed", "acoustic", 50, 91),  # clarinet
    72: Program("flute", "acoustic", 74, 105),  # piccolo
    73: Program("flute", "acoustic", 60, 96),  # flute
    74: Program("flute", "acoustic", 60, 86),  # recorder
    75: Program("flute", "acoustic", 60, 96),  # pan flute
    77: Program("flute", "acoustic", 55, 84),  # shakuhachi
    78: Program("flute", "acoustic", 60, 96),  # whistle
    79: Program("flute", "acoustic", 60, 84),  # ocarina
    85: Program("vocal", "synthetic", 43, 81),  # voice lead
    91: Program("vocal", "synthetic", 43, 81),  # choir pad
    108: Program("mallet", "acoustic", 48, 84),  # kalimba
    114: Program("mallet", "acoustic", 52, 84),  # steel drums
}
