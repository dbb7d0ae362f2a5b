"""Scores as frozen values: a number with its interval, and a reliability curve.

Conventions
-----------
Scores are fractions in [0, 1]. An interval is the 95 % percentile bootstrap
over instruments, None where it cannot be computed. Where all resamples have one
score (every note of the family is found), that interval has no width; Wilson's
over the instruments stands in its place. Lookup tables of scores, as
they stand on cards and in ``scores.json``, hold ``{metric: value}`` and, under
``intervals``, ``{metric: [low, high]}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.errors import InputError

__all__ = [
    "LEVEL",
    "Reliability",
    "Score",
    "certain_logs",
    "combine_classes",
    "combine_types",
    "type_weights",
]

CERTAIN = 1e-7  # probabilities are kept this far from 0 and 1 before their log-odds are taken
WIDTH = 1.959964  # half of a 95 % interval, in standard deviations
LEVEL = 0.95  # share of the resamples inside an interval

_COLUMNS = ("n_notes", "n_positive", "weight", "probability", "frequency")


@dataclass(frozen=True)
class Score:
    """A score and its interval.

    Parameters
    ----------
    value : float
    low, high : float or None
        Ends of the interval; None where there are too few instruments for one.

    Raises
    ------
    InputError
        If only one end is known, or the ends are in the wrong order.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise InputError(f"expected both ends of an interval or none, got {self}")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise InputError(f"expected the low end of an interval below the high one, got {self}")

    @classmethod
    def of(cls, scores: Mapping[str, Any], metric: str) -> Score:
        """Return one score of a lookup table, its interval included if the table has one.

        Raises
        ------
        InputError
            If the table does not hold the metric.

        Examples
        --------
        >>> Score.of({"recall": 0.5, "intervals": {"recall": [0.25, 0.75]}}, "recall")
        Score(value=0.5, low=0.25, high=0.75)
        """
        if metric not in scores:
            raise InputError(f"expected a table of scores with {metric}, got {', '.join(scores)}")
        interval = (scores.get("intervals") or {}).get(metric)
        low, high = (None, None) if interval is None else interval
        of_family = "n_positive_instruments" if metric == "recall" else "n_instruments"
        if low is not None and low == high and of_family in scores:
            low, high = _wilson(scores[metric], scores[of_family])
        return cls(scores[metric], low, high)

    @property
    def text(self) -> str:
        """The score in percent, with its interval: ``42 % (31 to 55 %)``."""
        if self.low is None or self.high is None:
            return f"{100 * self.value:.0f} %"
        return f"{100 * self.value:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f} %)"


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `n` by Wilson 1927, equation 3.

    It has a width where the share is 0 or 1.
    """
    more = WIDTH**2 / n
    middle = (share + more / 2) / (1 + more)
    half = np.sqrt(share * (1 - share) * more + more**2 / 4) / (1 + more)
    return round(float(middle - half), 12), round(float(middle + half), 12)  # in [0, 1]


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often notes are of the family, by the probability that a model predicts.

    Both classes weigh the same, as for the probabilities: in each bin,
    `frequency` is what the share of the family would be if half of all notes
    were of it.

    Parameters
    ----------
    n_notes, n_positive : ndarray of int, shape (n_bins,)
        Notes in each of the bins of equal width that cover [0, 1], and those
        of them that are of the family.
    weight : ndarray, shape (n_bins,)
        Share of the weight of all notes; sums to 1.
    probability, frequency : ndarray, shape (n_bins,)
        Weighted mean probability and weighted share of the family; NaN in a
        bin without notes.
    """

    n_notes: npt.NDArray[np.int64]
    n_positive: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    frequency: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            dtype = np.int64 if name.startswith("n_") else np.float64
            column = np.array(getattr(self, name), dtype=dtype)
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance of frequency from probability, weighted by bin; 0 is best."""
        filled = self.weight > 0
        gap = np.abs(self.frequency[filled] - self.probability[filled])
        return float(np.sum(self.weight[filled] * gap))

    @classmethod
    def pooled(cls, curves: Sequence[Reliability]) -> Reliability:
        """Return the curve of several models together, each weighing the same.

        Raises
        ------
        InputError
            If there are none.
        """
        if not curves:
            raise InputError("expected reliability curves to pool, got none")
        weight = np.mean([curve.weight for curve in curves], axis=0)
        with np.errstate(invalid="ignore"):  # a bin that is empty in all
            probability, frequency = (
                np.mean([np.nan_to_num(c.weight * getattr(c, name)) for c in curves], axis=0)
                / weight
                for name in ("probability", "frequency")
            )
        return cls(
            n_notes=np.sum([curve.n_notes for curve in curves], axis=0),
            n_positive=np.sum([curve.n_positive for curve in curves], axis=0),
            weight=weight,
            probability=probability,
            frequency=frequency,
        )

    def as_dict(self) -> dict[str, list[float | None]]:
        """Return the bins as JSON has them, None in place of NaN."""
        return {
            name: [None if v != v else v for v in getattr(self, name).tolist()] for name in _COLUMNS
        }

    @classmethod
    def from_dict(cls, columns: Mapping[str, Sequence[float | None]]) -> Reliability:
        """Return what :meth:`as_dict` was made of."""
        return cls(
            **{name: np.array([np.nan if v is None else v for v in columns[name]])
               for name in _COLUMNS}
        )  # fmt: skip


def type_weights(accuracy: Mapping[str, float], *, n_classes: int) -> dict[str, float]:
    """Return what each spectrogram type is worth beside the others.

    Parameters
    ----------
    accuracy : mapping
        ``{type: accuracy}`` on held-out instruments, in [0, 1], all classes
        weighing the same.
    n_classes : int
        At least 2; a guess is right once in so many.

    Returns
    -------
    dict
        ``{type: weight}``: the log-odds of the accuracy above those of a guess,
        scaled to sum to 1. A type no better than a guess has weight 0; where none
        is better, all weigh the same.

    Examples
    --------
    >>> weights = type_weights({"mfcc": 0.9, "tonnetz": 0.1}, n_classes=10)
    >>> weights["mfcc"], weights["tonnetz"]
    (1.0, 0.0)
    """
    chance = _log_odds(np.array(1.0 / n_classes))
    worth = {
        type: max(0.0, float(_log_odds(np.array(value)) - chance))
        for type, value in accuracy.items()
    }
    total = sum(worth.values())
    if total == 0.0:
        return dict.fromkeys(worth, 1.0 / len(worth)) if worth else {}
    return {type: value / total for type, value in worth.items()}


def combine_types(
    probabilities: Sequence[npt.ArrayLike], weights: Sequence[float] | None = None
) -> npt.NDArray[np.float64]:
    """Return the probabilities whose log-odds are the weighted mean over several types.

    Parameters
    ----------
    probabilities : sequence of ndarray, all of one shape
        Calibrated probabilities of the same answers, one array a type.
    weights : sequence of float, optional
        What each type is worth, at least 0; all the same by default, and where
        their sum is 0.

    Returns
    -------
    ndarray
        In (0, 1), of that shape. What two types find adds up as two pieces of
        evidence, and one that is sure outweighs one that is undecided.

    Raises
    ------
    InputError
        If there are no types, or not as many weights, or a weight is negative.

    Examples
    --------
    >>> combine_types([np.array([0.9]), np.array([0.1])])
    array([0.5])
    >>> combine_types([np.array([0.8]), np.array([0.1])], [1.0, 0.0]).round(6)
    array([0.8])
    """
    if not probabilities:
        raise InputError("expected probabilities of at least one type, got none")
    shares = np.ones(len(probabilities)) if weights is None else np.asarray(weights, np.float64)
    if shares.shape != (len(probabilities),) or not np.all(shares >= 0.0):
        raise InputError(
            f"expected {len(probabilities)} weights of at least 0, one a type, got {weights}"
        )
    if shares.sum() == 0.0:
        shares = np.ones(len(probabilities))
    odds = np.tensordot(shares / shares.sum(), _log_odds(np.stack(probabilities)), axes=1)
    return np.asarray(np.exp(-np.logaddexp(0.0, -odds)))


def combine_classes(
    probabilities: Sequence[npt.ArrayLike], weights: Sequence[float]
) -> npt.NDArray[np.float64]:
    """Return the probabilities of classes by the answers of several ten-way networks.

    Parameters
    ----------
    probabilities : sequence of ndarray, each of shape (..., n_classes)
        Calibrated, each row summing to 1; one array a network.
    weights : sequence of float
        What each network is worth, at least 0, from
        :func:`xai_core.scoring.learn_weights`.

    Returns
    -------
    ndarray, shape (..., n_classes)
        The softmax of the weighted sum of logarithms; each row sums to 1.

    Raises
    ------
    InputError
        If there are no networks, or not as many weights, or one is negative.

    Examples
    --------
    >>> combine_classes([np.array([0.8, 0.2]), np.array([0.8, 0.2])], [1.0, 0.0])
    array([0.8, 0.2])
    """
    if not probabilities:
        raise InputError("expected probabilities of at least one network, got none")
    shares = np.asarray(weights, np.float64)
    if shares.shape != (len(probabilities),) or not np.all(shares >= 0.0):
        raise InputError(
            f"expected {len(probabilities)} weights of at least 0, one a network, got {weights}"
        )
    z = np.tensordot(shares, np.stack([certain_logs(one) for one in probabilities]), axes=1)
    z = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(z / z.sum(axis=-1, keepdims=True))


def certain_logs(probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the logarithms of probabilities, none below that of 1e-7."""
    return np.asarray(np.log(np.clip(np.asarray(probabilities, np.float64), CERTAIN, 1.0)))


def _log_odds(probability: npt.ArrayLike) -> npt.NDArray[np.float64]:
    p = np.clip(np.asarray(probability, np.float64), CERTAIN, 1.0 - CERTAIN)
    return np.asarray(np.log(p) - np.log1p(-p))
