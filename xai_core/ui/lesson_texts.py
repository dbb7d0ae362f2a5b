"""What the Learn page says: plain words for a class that has never seen a CNN."""

from __future__ import annotations

__all__ = [
    "CAM",
    "DIFFERENCE",
    "DISTANCES",
    "FILTERS",
    "PATH",
    "VIEWS",
    "WHAT_A_VIEW_IS",
]

VIEWS = """
A network does not hear a note: it is given a **picture** of it, time from left to right. There are
many ways to draw one, and each keeps something else. Look at the same note in six of them.
"""
WHAT_A_VIEW_IS = {
    "stft": "**STFT**: how strong each of 1025 frequencies is, every 32 ms. Each bright line is a "
    "partial of the note. It keeps nearly everything, and is the largest picture.",
    "log_mel": "**Log-mel**: the same in 128 bands that are narrow at low and wide at high "
    "frequencies, about as an ear sorts them.",
    "mfcc": "**MFCC**: 40 numbers that describe the *shape* of a log-mel column, from its overall "
    "level (0) to its finest ripples (39). Pitch matters less, timbre more.",
    "chroma": "**Chroma**: only which of the twelve pitch classes sounds, whatever the octave. "
    "What tells a flute from a guitar is mostly gone.",
    "spectral_contrast": "**Spectral contrast**: in each of seven octave bands, how far peaks "
    "stand above the valleys between them: clear tones are high, noise is low.",
    "tonnetz": "**Tonnetz**: six coordinates of the sounding pitch classes on the circles of "
    "fifths, minor and major thirds. Made for harmony; a single note hardly moves in it.",
}
FILTERS = """
The network looks at the picture through small **filters**, 3 by 3 bins each. A filter slides over
everything and answers strongly where it finds its pattern; its answers are a **feature map**. The
next layer looks at those maps in the same way, so deeper layers find larger patterns and forget
where exactly they were. Move the slider from the first layer to the last. From here to step 4 the
picture is the MFCC of step 1: the smallest one that a good network listens to.
"""
PATH = """
Which bins made the score? **Integrated Gradients** fade the note in, from silence to full strength,
and at each step ask the network: *which bins would raise the score now?* That is the gradient. All
answers are added up and multiplied by the note, so each bin gets its share of the score; the shares
of all bins **add up to the change of the score**, the more exactly the more steps are taken. Move
the slider. The picture is the MFCC of step 1, since its small network answers at once: “silence” is
where every coefficient is 0.
"""
CAM = """
**Grad-CAM** asks the last feature maps instead of the bins. Each map gets a weight: how much the
score would rise if that map were brighter. The maps times their weights are added up, and what is
negative is dropped. It is coarse, since the last maps are small. Add one map after the other.
"""
DIFFERENCE = """
Two heatmaps of the same kind are compared **bin by bin**: A − B is red where A has more, blue where
B has more, white where they agree. This is how the paper compares two notes (its figure 3).
"""
DISTANCES = """
One number for how different two maps are: there are several, and each means something else by
*different*. Choose two maps, or type your own numbers, and watch which of them move.
"""
