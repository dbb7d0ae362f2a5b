"""General MIDI programs: which family each belongs to and what it can play.

Conventions
-----------
Programs are counted from 0 and pitches are MIDI numbers that sound, both ends
included. Programs that belong to none of the ten families (harp, accordion,
synth leads and pads other than voices, sound effects) are not in the table.
Synthetic strings (50, 51) are left out: they are pads rather than strings.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DRUM_BANKS", "PROGRAMS", "Program"]

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
