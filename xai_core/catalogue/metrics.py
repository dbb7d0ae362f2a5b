"""The metrics between two maps of one spectrogram type: what is known of each.

Conventions
-----------
An entry holds names, words and range; the function of the same name is in
:mod:`xai_core.metrics`. Maps are called A and B. A metric that is not symmetric
has two directions, and two columns in a table of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xai_core.errors import InputError

__all__ = ["METRICS", "Direction", "Metric", "metric", "pooled_sentence"]


@dataclass(frozen=True)
class Direction:
    """The number that a metric gives for maps A and B, taken in one direction.

    Parameters
    ----------
    label : str
        Name of the number, above it.
    formula : str
        What it is, in a few words, with its unit or range.
    sentence : str
        What it says of the two maps, what it knows and what it does not.
    """

    label: str
    formula: str
    sentence: str


@dataclass(frozen=True)
class Metric:
    """One metric between two maps.

    Parameters
    ----------
    name : str
        Of the function in :mod:`xai_core.metrics`, and of the column in tables.
    label : str
        In full.
    short : str
        In a sentence that names several.
    heading : str
        Of a column in a report, with a unit of its own where it has one.
    narrow_heading : str
        Of a column in a terminal.
    axis : str
        Title of an axis, with the unit.
    on : {"attributions", "heatmaps"}
        Whether it compares signed attributions of one target, or heatmaps.
    unit : str
        Of its values.
    range : tuple of float
        Smallest and largest value; the smallest, 0, means the same map.
    forward : Direction
        From A to B.
    backward : Direction, optional
        From B to A, where that is another number.
    """

    name: str
    label: str
    short: str
    heading: str
    narrow_heading: str
    axis: str
    on: Literal["attributions", "heatmaps"]
    unit: str
    range: tuple[float, float]
    forward: Direction
    backward: Direction | None = None

    @property
    def is_symmetric(self) -> bool:
        """Whether A and B may be exchanged."""
        return self.backward is None

    @property
    def directions(self) -> dict[str, Direction]:
        """The directions that differ, by the name of their column in a table of pairs."""
        if self.backward is None:
            return {self.name: self.forward}
        return {self.name: self.forward, f"{self.name}_reversed": self.backward}

    @property
    def pooled_label(self) -> str:
        """Name of its distances over many pairs of notes, all directions together."""
        return self.label if self.is_symmetric else f"{self.label}, both directions"


METRICS: dict[str, Metric] = {
    one.name: one
    for one in (
        Metric(
            name="difference_mean",
            label="Difference Mean",
            short="Difference Mean",
            heading="Difference Mean",
            narrow_heading="Diff. mean",
            axis="Difference Mean (per bin)",
            on="attributions",
            unit="the target's, per bin",
            range=(0.0, float("inf")),
            forward=Direction(
                label="Difference Mean",
                formula="mean |a - b| of the attributions",
                sentence="The mean of the absolute differences. Knows how strong the maps are; "
                "does not know which bins are neighbours.",
            ),
        ),
        Metric(
            name="kl_divergence",
            label="Kullback-Leibler divergence",
            short="KL",
            heading="KL (nats)",
            narrow_heading="KL",
            axis="KL divergence (nats)",
            on="heatmaps",
            unit="nats",
            range=(0.0, float("inf")),
            forward=Direction(
                label="KL divergence of A from B",
                formula="KL(a || b), nats",
                sentence="How surprised one is to see A when expecting B, in nats. Very large "
                "where A has something and B has nothing; another number from B to A.",
            ),
            backward=Direction(
                label="KL divergence of B from A",
                formula="KL(b || a), nats",
                sentence="The same from the other side: seeing B when expecting A.",
            ),
        ),
        Metric(
            name="js_divergence",
            label="Jensen-Shannon divergence",
            short="JS",
            heading="JS (nats)",
            narrow_heading="JS",
            axis="JS divergence (nats)",
            on="heatmaps",
            unit="nats",
            range=(0.0, 0.6931471805599453),  # ln 2
            forward=Direction(
                label="Jensen-Shannon divergence",
                formula="Jensen-Shannon, nats, 0 to 0.693",
                sentence="The same idea made symmetric: between 0 (same shape) and 0.69 (nothing "
                "in common). Strength does not matter, nor how far apart two bins are.",
            ),
        ),
        Metric(
            name="emd",
            label="Earth Mover's Distance",
            short="EMD",
            heading="EMD",
            narrow_heading="EMD",
            axis="Earth Mover's Distance (axis lengths)",
            on="heatmaps",
            unit="axis lengths",
            range=(0.0, 2.0),
            forward=Direction(
                label="Earth Mover's Distance",
                formula="Earth Mover's Distance on the plane, 0 to 2",
                sentence="The least work to carry one map into the other: how much, how far, over "
                "the plane. The only one here that knows what is near: 1 is the whole length of "
                "one axis.",
            ),
        ),
        Metric(
            name="emd_values",
            label="Earth Mover's Distance of values",
            short="EMD of values",
            heading="EMD of values",
            narrow_heading="EMD values",
            axis="EMD of values (of the mass)",
            on="heatmaps",
            unit="share of the mass",
            range=(0.0, float("inf")),
            forward=Direction(
                label="Earth Mover's Distance of the values",
                formula="1-D Wasserstein distance of the values",
                sentence="Compares only which values occur, not where: 0 for a map that was merely "
                "moved. Published results often mean this one.",
            ),
        ),
    )
}


def pooled_sentence() -> str:
    """Say how statistics over many pairs count a metric that is not symmetric, or "".

    Examples
    --------
    >>> pooled_sentence().partition(":")[0]
    'The Kullback-Leibler divergence of a pair of notes counts twice, once in each direction'
    """
    return " ".join(
        f"The {one.label} of a pair of notes counts twice, once in each direction: the columns "
        f"{' and '.join(one.directions)} of the table of pairs, together."
        for one in METRICS.values()
        if not one.is_symmetric
    )


def metric(name: str) -> Metric:
    """Return the entry of a metric.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in METRICS:
        raise InputError(f"unknown metric {name!r}: choose one of {', '.join(METRICS)}")
    return METRICS[name]
