"""Thresholds of the findings in a collection, and the sentence of each finding.

Conventions
-----------
Each finding has one sentence: why it matters, with the threshold in it.
Levels are dBFS, lengths seconds, shares in [0, 1].
"""

from __future__ import annotations

from xai_core.datasets.signal import CLIPPED_DBFS, CLIPPED_RUN, SILENT_DBFS, TONE_DB
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE

__all__ = [
    "CONFOUNDED",
    "DC_SHARE",
    "DOMINANT_SHARE",
    "LENGTH_TOLERANCE",
    "LONGEST_READ",
    "LONG_PADDING",
    "NOTE_SECONDS",
    "WORDS",
]

NOTE_SECONDS = NOTE_SAMPLES / SAMPLE_RATE
LENGTH_TOLERANCE = 0.001  # s, that a note may be longer or shorter than 4 s
LONGEST_READ = 60.0  # s; of a longer file no more is read
LONG_PADDING = 1.0  # s of silence at the end, from which it is found
DC_SHARE = 0.01  # of the peak: -40 dB, half-way down to what a spectrogram calls silence
DOMINANT_SHARE = 0.5  # of a family's notes, above which one instrument swallows it
CONFOUNDED = 0.25  # of the information on the family, from which a label is found

# Title, and why it matters; findings are listed in this order.
WORDS = {
    "unusable": (
        "Missing or damaged",
        "Training leaves these files out, so a family has fewer notes than the counts say.",
    ),
    "silent": (
        "Silent",
        f"No sample above {SILENT_DBFS:.0f} dBFS in the first 4 s: there is nothing to learn, and "
        "training leaves the note out.",
    ),
    "noise_only": (
        "Noise only",
        f"No steady tone stands out by {TONE_DB:.0f} dB: a stroke, breath or hiss, or the wrong "
        "file; a model learns it as the family all the same. Gliding tones are named here too.",
    ),
    "clipped": (
        "Clipped",
        f"{CLIPPED_RUN} samples or more in a row at the highest or lowest value, "
        f"{CLIPPED_DBFS:.0f} dBFS or more: the distortion adds overtones that the instrument does "
        "not have.",
    ),
    "dc_offset": (
        "DC offset",
        f"The wave lies off zero by more than {100 * DC_SHARE:.0f} % of its peak: a mark of the "
        "recording equipment in the lowest bins, not of the instrument.",
    ),
    "copy_across_families": (
        "Copy in another family",
        "The same samples stand under two families: one label is wrong, and a model is taught "
        "both.",
    ),
    "copy_across_instruments": (
        "Copy in another instrument",
        "The same samples under two names: fewer instruments than it seems. "
        "A split keeps the two on one side.",
    ),
    "copy_in_instrument": (
        "Copy in the same instrument",
        "The same samples twice count twice in training and in scores.",
    ),
    "short": (
        "Shorter than 4 s",
        "The rest is filled with digital silence, by which a model can tell these notes.",
    ),
    "long": ("Longer than 4 s", "Only the first 4 s are used."),
    "padded": (
        "Silence at the end",
        f"{LONG_PADDING:g} s or more of it: where one source pads and another does not, a model "
        "can tell the source by its padding.",
    ),
    "other_rate": (
        "Rate other than 16 kHz",
        "Read at 16 kHz all the same; what was recorded at less has no high frequencies, by which "
        "a model can tell it.",
    ),
    "several_channels": (
        "Several channels",
        "Their mean is used, in which whatever is opposite in two channels vanishes.",
    ),
    "one_instrument": (
        "One instrument swallows its family",
        f"With more than {100 * DOMINANT_SHARE:.0f} % of the notes from one instrument, a model "
        "learns that instrument and not the family.",
    ),
    "one_source": (
        "Family from one source",
        "No score on these notes can show whether a model knows the family or this one source's "
        "way of recording it: test on another source.",
    ),
    "confounded": (
        "Family told by a label",
        "Who knows the label knows much of the family without listening; a model may hear the "
        "recording in place of the instrument. Test on another source.",
    ),
}
