"""What each figure shows in words: subtitles, and its alternative text.

Conventions
-----------
Every sentence is computed from the values that are drawn, so that someone who
cannot see the figure learns the same thing from it: where most of it lies.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.types import TOP_DB, spectrogram_type
from xai_core.figures.base.scales import Sign, bin_names, outer_edges
from xai_core.values import (
    FAMILIES,
    POSITIVE_SHARE,
    Attribution,
    Axis,
    FeatureMaps,
    FloatArray,
    Spectrogram,
)

__all__ = [
    "RECEIVES",
    "alt_text",
    "attribution_sentence",
    "count_text",
    "difference_sentence",
    "feature_maps_sentence",
    "meaning_of",
    "percent_text",
    "probability_sentence",
    "spectrogram_sentence",
    "zero_sentence",
]

RECEIVES = "What the model receives"
IN_HERTZ = "The note in hertz and seconds"  # of a model that receives something else
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
MOST = 0.8  # share of a map that "most" stands for


def alt_text(figure: go.Figure) -> str:
    """Return the alternative text that a figure of this package carries."""
    return str(figure.layout.meta["alt"])


def count_text(count: int) -> str:
    """Return a count in a word, from nine on in digits.

    Examples
    --------
    >>> count_text(0), count_text(6), count_text(12)
    ('no', 'six', '12')
    """
    return COUNTS[count] if count < len(COUNTS) else str(count)


def spectrogram_sentence(spectrogram: Spectrogram, *, loudest: float | None = None) -> str:
    """Say where most of a spectrogram lies.

    Parameters
    ----------
    spectrogram : Spectrogram
    loudest : float, optional
        Hz, where its energy is largest, known better than from its bins.

    Returns
    -------
    str
        For example "Log-mel spectrogram, 4.0 s; most energy lies around 440 Hz
        in the first 0.5 s."
    """
    head = f"{spectrogram_type(spectrogram.type).title}, {_duration(spectrogram.time):.1f} s"
    if not np.any(spectrogram.values):
        return f"{head}; silence, every bin is zero."
    weight = _weight(spectrogram)
    if not weight.any():
        return f"{head}; nothing but the overall level."
    names = bin_names(spectrogram.bins)
    strongest = names[int(weight.sum(axis=0).argmax())]
    if loudest is not None:
        strongest = f"{loudest:.0f} {spectrogram.bins.unit}"
    when = _when(weight.sum(axis=1), spectrogram.time)
    said = spectrogram_type(spectrogram.type).says.format(bin=strongest, when=when)
    return f"{head}; {said}."


def attribution_sentence(attribution: Attribution, *, said: str = "") -> str:
    """Say which bins raise the score, which lower it, and when.

    Parameters
    ----------
    attribution : Attribution
    said : str
        What the page says of the map, in place of that, so that both name the same places.
    """
    kind = map_kind(attribution.method)
    head = f"{kind.label} map"
    if said and not attribution.is_zero:
        return f"{head}: {said}"
    if attribution.is_zero:
        return f"{head}: zero in every bin."
    values = attribution.values.astype(np.float64)
    names = bin_names(attribution.bins)
    raising = np.maximum(values, 0).sum(axis=0)
    lowering = np.maximum(-values, 0).sum(axis=0)
    parts = []
    if raising.any():
        parts.append(f"bins around {names[int(raising.argmax())]} raise the score most")
    if lowering.any():
        parts.append(f"bins around {names[int(lowering.argmax())]} lower it most")
    when = _when(np.abs(values).sum(axis=1), attribution.time)
    parts.append(f"{percent_text(MOST)} {kind.wording.whole} lies {when}")
    return f"{head}: {', '.join(parts)}."


def difference_sentence(difference: Attribution) -> str:
    """Say where the first of two maps has more than the second, and where less.

    Parameters
    ----------
    difference : Attribution
        The first less the second.
    """
    values = difference.values.astype(np.float64)
    if not values.any():
        return "The two maps are the same in every bin."
    names = bin_names(difference.bins)
    more, less = np.maximum(values, 0).sum(axis=0), np.maximum(-values, 0).sum(axis=0)
    said = []
    if more.any():
        said.append(f"A has more than B most of all around {names[int(more.argmax())]}")
    if less.any():
        said.append(f"B has more than A most of all around {names[int(less.argmax())]}")
    when = _when(np.abs(values).sum(axis=1), difference.time)
    lies = "spread over the whole note" if when == "throughout" else when
    return f"{' and '.join(said)}; {percent_text(MOST)} of the difference is {lies}."


def feature_maps_sentence(feature_maps: FeatureMaps) -> str:
    """Say which filter responds most and which do not respond at all."""
    filters = [str(number) for number in feature_maps.filters]
    totals = feature_maps.values.astype(np.float64).sum(axis=(1, 2))
    head = f"Feature maps of filters {_listed(filters)} of layer {feature_maps.layer}"
    if not totals.any():
        return f"{head}: none of them responds to this note."
    silent = [name for name, total in zip(filters, totals, strict=True) if total == 0]
    loudest = f"filter {filters[int(totals.argmax())]} responds most"
    if silent:
        noun = "filter" if len(silent) == 1 else "filters"
        return f"{head}: {loudest}, and {noun} {_listed(silent)} not at all."
    return f"{head}: {loudest}."


def probability_sentence(probabilities: Mapping[str, float], highlighted: str | None) -> str:
    """Say which families the models recognise, the surest one, and the highlighted one."""
    known = {family: probabilities[family] for family in FAMILIES if family in probabilities}
    if not known:
        return "Probabilities of ten families: no model has judged the note."
    best = max(known, key=lambda family: known[family])
    said = [f"{best} is the most probable at {percent_text(known[best])}"]
    yes = [family for family, p in known.items() if p >= 0.5]
    said.append(f"at least 50 %: {_listed(yes)}" if yes else "none reaches 50 %")
    if highlighted in known and highlighted != best:
        said.append(f"{highlighted} has {percent_text(known[highlighted])}")
    return f"Probabilities of ten families: {'; '.join(said)}."


def percent_text(probability: float | None) -> str:
    """Return a percentage that never says 0, 50 or 100 % of what is less or more."""
    if probability is None:
        return "no model"
    if 0 < probability <= 0.005:
        return "< 1 %"
    if 0.495 <= probability < 0.5:
        return "< 50 %"  # rounded, a no would read as a yes
    if 0.995 <= probability < 1:
        return "> 99 %"
    return f"{100 * probability:.0f} %"


def meaning_of(method: str, sign: Sign, *, layer: str = "the convolution layer") -> str:
    """Return what the colours of a method's maps mean, in two short lines.

    Parameters
    ----------
    method : str
    sign : {"signed", "unsigned"}
    layer : str
        What a method that looks at a layer calls it.
    """
    kind = map_kind(method)
    meaning = kind.meaning if sign == "signed" else kind.meaning_absolute
    return meaning.format(layer=layer)


def zero_sentence(attribution: Attribution) -> str:
    """Return the sentence, in short lines, that stands in place of an all-zero map."""
    if attribution.target == POSITIVE_SHARE:
        return "Nothing in this map<br>speaks for the family."
    return map_kind(attribution.method).zero.panel


def _duration(time: Axis) -> float:
    start, end = outer_edges(time)
    return end - start


def _weight(spectrogram: Spectrogram) -> FloatArray:
    """Return what "most" is counted in: power, or size where the values are signed."""
    values = spectrogram.values.astype(np.float64)
    scale = spectrogram_type(spectrogram.type).scale
    if scale.limits == "level":
        return np.where(values > 0, 10 ** (TOP_DB * (values - 1) / 10), 0.0)
    if scale.first_is_level and values.shape[1] > 1:
        values[:, 0] = 0.0
    return np.abs(values)


def _when(weight: FloatArray, time: Axis) -> str:
    """Say in which shortest stretch of time most of a weight per frame lies."""
    total = np.concatenate([[0.0], np.cumsum(weight)])
    if total[-1] == 0:
        return "nowhere"
    # for each first frame, the first end at which the stretch holds enough
    ends = np.searchsorted(total, total[:-1] + MOST * total[-1] * (1 - 1e-12))
    lengths = np.where(ends < total.size, ends - np.arange(weight.size), weight.size)
    first = int(lengths.argmin())
    edges = np.linspace(*outer_edges(time), weight.size + 1)
    start, end = edges[first], edges[first + int(lengths[first])]
    if lengths[first] >= 0.75 * weight.size:
        return "throughout"
    if start < 0.1:
        return f"in the first {max(end, 0.1):.1f} s"
    if f"{start:.1f}" == f"{end:.1f}":
        return f"at {start:.1f} s"
    return f"between {start:.1f} and {end:.1f} s"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
