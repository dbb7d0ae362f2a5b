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
from typing import Any, Literal

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
    "Wording",
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


NO_SLOPE = ZeroMap(
    panel="Zero in every bin:<br>the score does not change.",
    sentence="The map is zero everywhere: no bin, made louder, would change the score of {family}.",
)


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What is said of the values of a map: what they hold, and on which side.

    Parameters
    ----------
    whole : str
        All values, whatever their sign: "of the evidence".
    both : tuple of str
        A sentence on the shares of both sides, ``{mine}`` and ``{other}``: that for
        ``{family}`` first, and that against it first.
    sides, none : tuple of str
        Headings of the sides for and against, and a sentence for each where it is empty.
    """

    whole: str = "of the evidence"
    both: tuple[str, str] = (
        "In all, {mine} of the evidence speaks for {family} and {other} against.",
        "In all, {mine} of the evidence speaks against {family} and {other} for.",
    )
    sides: tuple[str, str] = ("Speaks for {family}", "Speaks against {family}")
    none: tuple[str, str] = ("Nothing speaks for {family}.", "Nothing speaks against {family}.")


EVIDENCE = Wording()
REACTION = Wording(  # of a gradient: what would change, not what did
    whole="of what the score reacts to",
    both=(
        "In all, {mine} of the reaction would raise the score of {family} and {other} lower it.",
        "In all, {mine} of the reaction would lower the score of {family} and {other} raise it.",
    ),
    sides=("Louder raises the score of {family}", "Louder lowers the score of {family}"),
    none=(
        "Nothing would raise the score of {family} if it were louder.",
        "Nothing would lower the score of {family} if it were louder.",
    ),
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
    wording : Wording
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
    wording: Wording = EVIDENCE


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
    of_one_input : bool
        Whether a map of a model with several inputs is that of the shown one alone,
        all others as they are: of a method that looks at a layer or covers parts of a
        picture.
    by_gradient : bool
        Whether the values are a gradient times the way from the baseline to the note,
        so that the canvas can follow the gradient on to hertz.
    other_notes : bool
        Whether the note is compared with other notes, in place of one baseline.
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
    of_one_input: bool = False
    by_gradient: bool = False
    other_notes: bool = False
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


BASELINE = ("baseline", "noise_level", "seed")  # settings of a method that starts from one
WEIGHTED = "weighted activation"  # unit of maps whose weights are no gradients of the output
OF_LAYER: dict[str, Any] = {
    "complete": False,
    "settings": ("layer",),
    "targets": ("logit",),
    "of_one_input": True,
    "meaning": "Where {layer} looks",
    "meaning_absolute": "Where {layer} looks",
    "smooth": True,
    "unit": "{target}",
    "zero": ALL_AGAINST,
    "cost": "layer",
}

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
            settings=(*BASELINE, "rule", "n_steps", "tolerance", "map_tolerance", "max_steps"),
            by_gradient=True,
        ),
        Method(
            name="grad_cam",
            label="Grad-CAM",
            shows="Where the maps of a convolution layer find evidence for the family.",
            how_to_read="**Grad-CAM** is coarser: bright where the maps of a layer, weighed by how "
            "much they matter, find\n  evidence for the family. Evidence against it is not shown.",
            signed=False,
            **OF_LAYER,
        ),
        Method(
            name="guided_ig",
            label="Guided IG",
            function="gradient:guided_ig_estimates",
            shows="Integrated Gradients along a path that moves the bins of least gradient first, "
            "and so passes by where the score jumps.",
            how_to_read="**Guided IG** is Integrated Gradients along another path: bins that "
            "hardly matter move first,\n  so that less of the map is noise. It adds up to the same "
            "sum.",
            complete=True,
            settings=BASELINE,
            by_gradient=True,
            times=2.0,
        ),
        Method(
            name="expected_gradients",
            label="Expected gradients",
            function="gradient:expected_gradients_estimates",
            shows="What makes the score of this note differ from that of other notes, one of each "
            "family, on average.",
            how_to_read="**Expected gradients** compare the note with one note of each family in "
            "place of silence: red is\n  what makes its score higher than theirs.",
            complete=False,
            settings=("seed",),
            other_notes=True,
            zero=ZeroMap(
                panel="Zero in every bin.",
                sentence="The map is zero everywhere: no bin tells "
                "the score of {family} from that of other notes.",
            ),
            times=2.0,
        ),
        Method(
            name="input_x_gradient",
            label="Input x gradient",
            function="gradient:input_x_gradient_estimates",
            shows="The gradient at the note times the way from the baseline: Integrated Gradients "
            "with one step, at the end of the path.",
            how_to_read="**Input x gradient** is what each bin would be responsible for if the "
            "score were linear. It need not\n  add up.",
            complete=False,
            settings=BASELINE,
            by_gradient=True,
            times=0.05,
        ),
        Method(
            name="lrp",
            label="LRP",
            shows="Where the score ends when each layer hands it back to its inputs in proportion "
            "to what they contributed.",
            how_to_read="**LRP** hands the score back from layer to layer, each input its share: "
            "red bins speak for the family, blue\n  bins against it. What the biases of the "
            "network add to the score goes to no bin.",
            complete=False,
            settings=("gamma", "epsilon"),
            by_gradient=True,
            targets=("logit",),
            times=0.1,
        ),
        Method(
            name="gradient",
            label="Gradient",
            function="gradient:gradient_estimates",
            shows="How fast the score changes with each bin.",
            how_to_read="**Gradient** says how fast the score rises (red) or falls (blue) if a bin "
            "becomes louder, also where\n  the note is silent.",
            complete=False,
            meaning="Louder here: the score<br>rises (red) or falls (blue)",
            meaning_absolute="How much the score changes<br>if a bin gets louder",
            unit="{target} per unit",
            zero=NO_SLOPE,
            wording=REACTION,
            times=0.05,
        ),
        Method(
            name="smooth_grad",
            label="SmoothGrad",
            function="gradient:smooth_grad_estimates",
            shows="The gradient, averaged over copies of the note with noise.",
            how_to_read="**SmoothGrad** is the gradient, averaged over copies of the note with "
            "noise.",
            complete=False,
            settings=("noise_level", "seed"),
            meaning="Louder here: the score<br>rises (red) or falls (blue)",
            meaning_absolute="How much the score changes<br>if a bin gets louder",
            unit="{target} per unit",
            zero=NO_SLOPE,
            wording=REACTION,
            times=0.7,
        ),
        Method(
            name="grad_cam_plus_plus",
            label="Grad-CAM++",
            function="grad_cam:grad_cam_plus_plus_estimates",
            shows="Where the maps of a layer find evidence for the family, several places as "
            "strong as one.",
            how_to_read="**Grad-CAM++** is Grad-CAM that does not lose the smaller of two places.",
            signed=False,
            **OF_LAYER | {"unit": WEIGHTED},
        ),
        Method(
            name="hires_cam",
            label="HiResCAM",
            function="grad_cam:hires_cam_estimates",
            shows="What each place of a layer's maps contributes to the score, for and against.",
            how_to_read="**HiResCAM** multiplies maps and gradients place by place: red speaks for "
            "the family, blue against it.",
            **OF_LAYER | {"meaning": "Where the layer speaks for<br>(red) or against (blue)"},
        ),
        Method(
            name="layer_cam",
            label="LayerCAM",
            function="grad_cam:layer_cam_estimates",
            shows="Where a layer's maps and their positive gradients meet, place by place.",
            how_to_read="**LayerCAM** weighs each place of a layer's maps by its own gradient, "
            "where that is positive.",
            signed=False,
            **OF_LAYER,
        ),
        Method(
            name="score_cam",
            label="Score-CAM",
            function="grad_cam:score_cam_estimates",
            shows="Where those maps of a layer are bright through which alone the note still "
            "scores high. Takes no gradient.",
            how_to_read="**Score-CAM** shows the model the note through each map of a layer, and "
            "weighs the maps by the score.",
            signed=False,
            **OF_LAYER | {"settings": ("layer", *BASELINE), "unit": WEIGHTED, "times": 15.0},
        ),
        Method(
            name="occlusion",
            label="Occlusion",
            function="occlusion:estimates",
            shows="How much the score falls if a window of bins becomes the baseline. Takes no "
            "gradient.",
            how_to_read="**Occlusion** silences one tile after the other: red where the score "
            "falls without it, blue where it rises.",
            complete=False,
            settings=BASELINE,
            of_one_input=True,
            meaning="Bins without which the score<br>falls (red) or rises (blue)",
            meaning_absolute="How much the score changes<br>without each bin",
            times=2.0,
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
            name="gradient_on_path",
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
        MapKind(
            name="planted",
            label="What was planted",
            shows="The spectrogram with the cue, less that of the same note without it.",
            meaning="Louder (red) or softer (blue)<br>than without it",
            meaning_absolute="How much the cue<br>changes each bin",
            unit="in units of the spectrogram",
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
