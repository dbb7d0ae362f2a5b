"""What an analysis compares: whose maps, and what of them.

Conventions
-----------
The paper compares the absolute maps of its models. The *null* maps stand beside them:
of the same notes and settings, by the same networks with all weights drawn anew, so
that what they show is owed to the note and the method alone. The *spectrogram* stands
for what is loud: the size of a note's bins, whatever method and view.
"""

from __future__ import annotations

from dataclasses import dataclass

from xai_core.catalogue.methods import METHODS, listed
from xai_core.catalogue.methods import method as method_of
from xai_core.errors import InputError

__all__ = [
    "ABSOLUTE",
    "MEAN_GRADIENT",
    "MODEL",
    "NULL",
    "PAPER_CHOICE",
    "SIGNED",
    "SOURCES",
    "SPECTROGRAM",
    "VIEWS",
    "Compared",
    "Source",
    "View",
    "check_source",
    "check_view",
    "has_view",
    "without_view",
]

MODEL, NULL, SPECTROGRAM = (
    "model",
    "random",
    "spectrogram",
)  # not "null": pandas reads that as missing
ABSOLUTE, SIGNED, MEAN_GRADIENT = "absolute", "signed", "mean_gradient"


@dataclass(frozen=True)
class Source:
    """Whose maps are compared.

    Parameters
    ----------
    name, label : str
        In code, and for a reader: "maps of random networks".
    sentence : str
        What they are.
    """

    name: str
    label: str
    sentence: str


@dataclass(frozen=True)
class View:
    """What of a map is compared.

    Parameters
    ----------
    name, label : str
        In code and addresses, and for a reader: "Signed maps".
    sentence : str
        What it is.
    """

    name: str
    label: str
    sentence: str


SOURCES: dict[str, Source] = {
    one.name: one
    for one in (
        Source(MODEL, "maps of the models", "Each note by the model of its own family."),
        Source(
            NULL,
            "maps of random networks",
            "The same notes and settings by the same networks, all weights drawn anew.",
        ),
        Source(SPECTROGRAM, "spectrograms", "The size of the notes' own bins; no network at all."),
    )
}
VIEWS: dict[str, View] = {
    one.name: one
    for one in (
        View(
            ABSOLUTE,
            "Absolute maps",
            "How much each bin matters, for or against: what the paper compares.",
        ),
        View(
            SIGNED,
            "Signed maps",
            "Evidence for and evidence against as one distribution of twice the length.",
        ),
        View(
            MEAN_GRADIENT,
            "Mean gradients",
            "The attribution divided by what the note has there beyond the baseline, its absolute "
            "value: how much a bin would matter, however loud it is.",
        ),
    )
}


@dataclass(frozen=True)
class Compared:
    """What maps an analysis compares.

    Parameters
    ----------
    maps : str
        One of :data:`SOURCES`.
    view : str
        One of :data:`VIEWS`; of spectrograms always ``absolute``.
    seed : int
        Of the weights of random networks, 0 or more; 0 for all other maps.

    Raises
    ------
    InputError
        If a name is unknown, or a spectrogram or a seed has no such choice.
    """

    maps: str = MODEL
    view: str = ABSOLUTE
    seed: int = 0

    def __post_init__(self) -> None:
        check_source(self.maps)
        check_view(self.view)
        if self.maps == SPECTROGRAM and self.view != ABSOLUTE:
            raise InputError("spectrograms are compared by the size of their bins alone")
        if self.seed < 0 or (self.seed and self.maps != NULL):
            raise InputError(
                f"expected a seed of 0 or more, for random networks alone, got {self.seed} for "
                f"{SOURCES[self.maps].label}"
            )

    @property
    def label(self) -> str:
        """Such as "signed maps of random networks"."""
        label = SOURCES[self.maps].label
        if self.view == ABSOLUTE:
            return label
        return f"{VIEWS[self.view].label.lower()} of {label.removeprefix('maps of ')}"

    def as_dict(self) -> dict[str, str | int]:
        """Return what differs from the paper's choice, for keys and settings; {} if nothing."""
        chosen: dict[str, str | int] = {}
        if self.maps != MODEL:
            chosen["maps"] = self.maps
        if self.view != ABSOLUTE:
            chosen["view"] = self.view
        return chosen | ({"null_seed": self.seed} if self.maps == NULL else {})


def check_source(name: str) -> str:
    """Return `name` if it is one of :data:`SOURCES`, else raise InputError."""
    if name not in SOURCES:
        raise InputError(f"unknown maps {name!r} to compare: choose one of {', '.join(SOURCES)}")
    return name


def check_view(name: str) -> str:
    """Return `name` if it is one of :data:`VIEWS`, else raise InputError.

    Examples
    --------
    >>> check_view("signed")
    'signed'
    """
    if name not in VIEWS:
        raise InputError(f"unknown view {name!r} of maps: choose one of {', '.join(VIEWS)}")
    return name


def has_view(method: str, view: str) -> bool:
    """Whether the maps of a method can be compared in a view.

    A mean gradient is there only where a map is a gradient times the way from the baseline.

    Raises
    ------
    InputError
        If method or view are unknown.

    Examples
    --------
    >>> has_view("integrated_gradients", "mean_gradient"), has_view("grad_cam", "mean_gradient")
    (True, False)
    """
    return check_view(view) != MEAN_GRADIENT or method_of(method).by_gradient


def without_view(method: str, view: str) -> InputError:
    """Return the error of a method whose maps have no such view."""
    having = [one for one in METHODS if has_view(one, view)]
    return InputError(
        f"the maps of {method} have no {VIEWS[view].label.lower()[:-1]}: choose the method "
        f"{listed(having, 'or')}, or another view"
    )


PAPER_CHOICE = Compared()
