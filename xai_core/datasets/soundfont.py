"""One SoundFont played by FluidSynth, note by note, in float.

Conventions
-----------
FluidSynth runs at 48 000 Hz, above the band of every sample it transposes, and
its output is then decimated to 16 000 Hz: played at 16 000 Hz directly, it
would fold partials above 8 000 Hz back into the note. Reverb and chorus are
off; left and right are averaged; an offset of the font's samples is taken off
(up to 14 % of the peak has been met). The same font gives the same samples.
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

__all__ = ["HELD", "RELEASED", "Preset", "SoundFont"]

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
    buffer = np.zeros(2 * count, dtype=np.float32)  # left and right in turn
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
