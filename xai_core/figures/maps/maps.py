"""Each kind of map as a figure of its own.

Conventions
-----------
Each is a pure function of one value. Heights are fixed, and `uirevision` keeps
the visitor's zoom when a map is replaced by a better one of the same type.
"""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.types import spectrogram_type
from xai_core.figures.base.drawing import (
    Drawing,
    Frame,
    Place,
    label_width,
)
from xai_core.figures.base.scales import (
    PERCENTILE,
    Scale,
    Sign,
    attribution_scale,
    feature_maps_scale,
    sign_of,
    spectrogram_scale,
)
from xai_core.figures.base.traces import (
    add_map,
    add_strips,
)
from xai_core.figures.base.words import (
    RECEIVES,
    attribution_sentence,
    difference_sentence,
    feature_maps_sentence,
    meaning_of,
    spectrogram_sentence,
    zero_sentence,
)
from xai_core.values import Attribution, FeatureMaps, Spectrogram

__all__ = [
    "attribution_figure",
    "difference_figure",
    "feature_maps_figure",
    "spectrogram_figure",
]

MAX_ROWS = 256  # rows of one feature map, more than a strip has pixels
WHOLE = Place(1, 0.0, 1.0)


def spectrogram_figure(
    spectrogram: Spectrogram,
    *,
    subtitle: str = RECEIVES,
    coloured_as: Spectrogram | None = None,
    height: int = 360,
    uirevision: str | None = None,
) -> go.Figure:
    """Draw one spectrogram in its own unit.

    Parameters
    ----------
    spectrogram : Spectrogram
    subtitle : str
        What it is of.
    coloured_as : Spectrogram or None
        One of the same type whose colour limits it takes.
    height : int
        Pixels.
    uirevision : str or None
        Keeps the zoom for as long as it does not change; by default the type.
    """
    scale = spectrogram_scale(spectrogram)
    if coloured_as is not None:
        other = spectrogram_scale(coloured_as)
        scale = replace(scale, low=other.low, high=other.high)
    return _single(
        spectrogram,
        scale,
        spectrogram_type(spectrogram.type).title,
        subtitle,
        alt=spectrogram_sentence(spectrogram),
        height=height,
        uirevision=uirevision,
    )


def attribution_figure(
    attribution: Attribution,
    *,
    sign: Sign = "signed",
    limits: tuple[float, float] | None = None,
    percentile: float = PERCENTILE,
    title: str | None = None,
    subtitle: str | None = None,
    height: int = 360,
    uirevision: str | None = None,
) -> go.Figure:
    """Draw one attribution, signed or as absolute values.

    Parameters
    ----------
    attribution : Attribution
    sign : {"signed", "unsigned"}
        A method without negative values, such as Grad-CAM, is drawn unsigned in
        any case.
    limits : tuple of float or None
        Colour limits shared with other maps, from :func:`limits`.
    percentile : float
        Share of the absolute values, in percent, that own limits cover.
    title, subtitle : str or None
        By default the method and what its colours mean.
    height : int
        Pixels.
    uirevision : str or None
        Keeps the zoom for as long as it does not change; by default the type.

    Returns
    -------
    plotly.graph_objects.Figure
        An attribution that is zero everywhere is a sentence in an empty panel.
    """
    drawn = sign_of(attribution, sign)
    meaning = meaning_of(attribution.method, drawn).replace("<br>", " ")
    return _single(
        attribution,
        attribution_scale(attribution, drawn, limits, percentile),
        title or map_kind(attribution.method).label,
        subtitle if subtitle is not None else meaning,
        alt=attribution_sentence(attribution),
        height=height,
        uirevision=uirevision,
        sentence=zero_sentence(attribution) if attribution.is_zero else "",
    )


def difference_figure(
    difference: Attribution,
    *,
    limits: tuple[float, float] | None = None,
    title: str = "A − B",
    subtitle: str = "Red: more in A; blue: more in B",
    height: int = 360,
    uirevision: str | None = None,
) -> go.Figure:
    """Draw the difference of two attributions, signed whatever their method.

    Parameters
    ----------
    difference : Attribution
        The first map less the second.
    limits : tuple of float or None
        Colour limits, those of the two maps for instance; symmetric about zero.
    title, subtitle : str
    height : int
        Pixels.
    uirevision : str or None
        Keeps the zoom for as long as it does not change; by default the type.

    References
    ----------
    The subtraction of Chen, Ghobakhlou and Narayanan 2024, figure 3.
    """
    return _single(
        difference,
        attribution_scale(difference, "signed", limits, PERCENTILE),
        title,
        subtitle,
        alt=difference_sentence(difference),
        height=height,
        uirevision=uirevision,
        sentence="The two maps<br>are the same." if difference.is_zero else "",
    )


def feature_maps_figure(
    feature_maps: FeatureMaps,
    *,
    percentile: float = PERCENTILE,
    height: int = 480,
    uirevision: str | None = None,
) -> go.Figure:
    """Draw the feature maps of a few filters, one above the other.

    Parameters
    ----------
    feature_maps : FeatureMaps
    percentile : float
        Share of the activations, in percent, that the common limit covers.
    height : int
        Pixels.
    uirevision : str or None
        Keeps the zoom for as long as it does not change; by default the layer.
    """
    drawing = Drawing(
        Frame(height, left=18, top=50),
        alt=feature_maps_sentence(feature_maps),
        uirevision=uirevision or feature_maps.layer,
    )
    subtitle = f"What each filter of {feature_maps.layer} responds to"
    drawing.add_title(WHOLE, "Feature maps", subtitle)
    drawing.add_time_axis(WHOLE, feature_maps.time)
    scale = feature_maps_scale(feature_maps, percentile)
    add_strips(drawing, WHOLE, feature_maps, scale, first_extra=2, max_rows=MAX_ROWS)
    return drawing.figure()


def _single(
    map: Spectrogram | Attribution,
    scale: Scale,
    title: str,
    subtitle: str,
    *,
    alt: str,
    height: int,
    uirevision: str | None,
    sentence: str = "",
) -> go.Figure:
    frame = Frame(height, left=label_width(map.bins) + 24, top=50)
    drawing = Drawing(frame, alt=alt, uirevision=uirevision or map.type)
    drawing.add_time_axis(WHOLE, map.time)
    drawing.add_bin_axis(WHOLE, map.bins)
    drawing.add_title(WHOLE, title, subtitle)
    if sentence:
        drawing.add_nothing(WHOLE.x, WHOLE.y)
        drawing.add_sentence(WHOLE, sentence)
    else:
        add_map(drawing, WHOLE, scale, map.time, map.bins)
    return drawing.figure()
