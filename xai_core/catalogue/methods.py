"""The attribution methods, one entry each: names, settings, how a map is drawn, what it costs.

Conventions
-----------
The name of a method is the key of its entry. Texts are plain; ``<br>`` breaks a line where a panel
is narrow, and ``{target}``, ``{layer}`` and ``{family}`` stand for what a map
explains. A cost is in milliseconds for the map of one note on two cores.

To add a method: an entry here, and in ``xai_core/attribution`` a module of its
name whose function ``estimates`` computes it, or another function, that the
entry names (:mod:`xai_core.attribution.methods`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import InputError

__all__ = [
    "DEFAULT_METHOD",
    "LESSON_MAPS",
    "METHODS",
    "PAPER_METHODS",
    "TARGETS",
    "MapKind",
    "Method",
    "ZeroMap",
    "labels_of",
    "listed",
    "map_kind",
    "method",
]

TARGETS = ("logit", "probability")


@dataclass(frozen=True, kw_only=True)
class ZeroMap:
    """The sentence in place of a map that is zero in every bin.

    Parameters
    ----------
    panel : str
        Short lines for an empty panel.
    sentence : str
        What the map says of ``{family}``.
    reason : str
        Half a sentence with ``{family}`` and ``{layer}``, or "" where the map is
        zero for no reason that is worth a remark.
    """

    panel: str
    sentence: str
    reason: str = ""


AT_BASELINE = ZeroMap(
    panel="Zero in every bin:<br>the note does not differ<br>from the baseline.",
    sentence="The map is zero everywhere: nothing in it speaks for {family} or against it, because "
    "the note does not differ from the baseline.",
)
ALL_AGAINST = ZeroMap(
    panel="All evidence in this layer<br>is negative: nothing here<br>raises the score.",
    sentence="{label} is zero everywhere: the layer finds nothing that speaks for {family}, and "
    "evidence against it is not shown.",
    reason="all evidence in {layer} speaks against {family}",
)


@dataclass(frozen=True, kw_only=True)
class MapKind:
    """How a map of one kind is named and drawn.

    Parameters
    ----------
    name, label : str
        In code and addresses, and for a reader: "Integrated Gradients".
    shows : str
        What its maps show, in one sentence.
    signed : bool
        Whether values below zero are evidence against; a map that is not signed
        has none and is drawn from zero upwards.
    meaning, meaning_absolute : str
        What the colours mean, as the values are and as absolute values; may name
        the ``{layer}``.
    smooth : bool
        Whether it is interpolated from a coarser grid: neighbouring bins are
        alike, and a bin is no exact place.
    unit : str
        Caption of the colour bar, of the ``{target}``.
    zero : ZeroMap
    """

    name: str
    label: str
    shows: str
    signed: bool = True
    meaning: str = "Bins that raise (red) or<br>lower (blue) the score"
    meaning_absolute: str = "How much each bin<br>moves the score"
    smooth: bool = False
    unit: str = "{target} per bin"
    zero: ZeroMap = AT_BASELINE


@dataclass(frozen=True, kw_only=True)
class Method(MapKind):
    """An attribution method.

    Parameters
    ----------
    function : str
        Where it is computed, ``module:function`` in :mod:`xai_core.attribution`;
        ``NAME:estimates``, if "".
    how_to_read : str
        Markdown for someone who sees such a map for the first time; `shows`, if "".
    complete : bool
        Whether the values add up to the change of the output from the baseline
        to the note.
    settings : tuple of str
        Fields of :class:`xai_core.explanations.settings.Settings`, beside the
        target, that have an effect on it.
    targets : tuple of str
        Outputs that it can explain; the first is taken where a preset names
        another one.
    cost : {"path", "layer"}
        Which of the costs in a spectrogram type's entry a map has: that of
        gradients along a path, or that of one layer's gradients.
    times : float
        How many times that cost.
    """

    complete: bool
    function: str = ""
    how_to_read: str = ""
    settings: tuple[str, ...] = ()
    targets: tuple[str, ...] = TARGETS
    cost: Literal["path", "layer"] = "path"
    times: float = 1.0

    @property
    def computed_by(self) -> str:
        """``module:function`` in :mod:`xai_core.attribution`."""
        return self.function or f"{self.name}:estimates"

    def takes(self, setting: str) -> bool:
        """Whether a setting has an effect on this method."""
        return setting in self.settings

    def target_for(self, target: str) -> str:
        """Return a target if the method explains it, and otherwise its first one."""
        return target if target in self.targets else self.targets[0]

    def cost_of(self, type: str) -> int:
        """Return milliseconds for the map of one note of a spectrogram type."""
        entry = spectrogram_type(type)
        base = entry.path_map_ms if self.cost == "path" else entry.layer_map_ms
        return round(self.times * base)


METHODS: dict[str, Method] = {
    one.name: one
    for one in (
        Method(
            name="integrated_gradients",
            label="Integrated Gradients",
            shows="How much of the change of the score from the baseline to the note each bin is "
            "responsible for.",
            how_to_read="**Integrated Gradients** give every bin its share of the score. Red bins "
            "speak for the family,\n  blue bins against it. The shares add up to the score of the "
            "note minus the score of the baseline,\n  which is silence unless you choose another; "
            "the badge says how exactly.",
            complete=True,
            settings=(
                "baseline",
                "noise_level",
                "seed",
                "rule",
                "n_steps",
                "tolerance",
                "max_steps",
            ),
        ),
        Method(
            name="grad_cam",
            label="Grad-CAM",
            shows="Where the maps of a convolution layer find evidence for the family.",
            how_to_read="**Grad-CAM** is coarser: bright where the maps of a layer, weighed by how "
            "much they matter, find\n  evidence for the family. Evidence against it is not shown.",
            complete=False,
            settings=("layer",),
            targets=("logit",),
            signed=False,
            meaning="Where {layer} looks",
            meaning_absolute="Where {layer} looks",
            smooth=True,
            unit="{target}",
            zero=ALL_AGAINST,
            cost="layer",
        ),
    )
}

PAPER_METHODS = ("integrated_gradients", "grad_cam")  # side by side on Explore; analysed by default
DEFAULT_METHOD = PAPER_METHODS[0]

# Maps of the lessons on the way to those of a method: drawn like others, never computed by name.
LESSON_MAPS: dict[str, MapKind] = {
    one.name: one
    for one in (
        MapKind(
            name="gradient",
            label="Gradient",
            shows="How fast the score changes with each bin at one point of the path.",
            unit="{target}",
        ),
        MapKind(
            name="weighted_maps",
            label="Weighted maps",
            shows="The weighted sum of the maps of a layer, before the negative part is dropped.",
            unit="{target}",
        ),
    )
}


def method(name: str) -> Method:
    """Return the entry of a method.

    Raises
    ------
    InputError
        If there is no such method; names the choices.

    Examples
    --------
    >>> method("grad_cam").label
    'Grad-CAM'
    """
    if name not in METHODS:
        raise InputError(f"unknown method {name!r}: choose one of {', '.join(METHODS)}")
    return METHODS[name]


def map_kind(name: str) -> MapKind:
    """Return how a map is drawn: that of a method, or one of a lesson.

    Raises
    ------
    InputError
        If there is neither; names the methods.
    """
    return LESSON_MAPS[name] if name in LESSON_MAPS and name not in METHODS else method(name)


def labels_of(*, taking: str) -> str:
    """Return the labels of the methods that a setting has an effect on.

    Examples
    --------
    >>> labels_of(taking="layer").split(" and ")[0].split(", ")[0]
    'Grad-CAM'
    """
    return listed(one.label for one in METHODS.values() if one.takes(taking))


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words with commas, and a word before the last one.

    Examples
    --------
    >>> listed(["a", "b", "c"], "or")
    'a, b or c'
    """
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end
