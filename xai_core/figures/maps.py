"""The map figures: the four panels of Explore, and each kind of map by itself.

Conventions
-----------
Each is a pure function of values. Heights are fixed, and a panel whose value
is still being computed is drawn empty in its final size, so that nothing jumps
when it arrives; `uirevision` keeps the visitor's zoom when it is refined.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from xai_core.errors import GridMismatchError
from xai_core.figures.panels import (
    Frame,
    Place,
    add_axes,
    add_map,
    add_sentence,
    add_strips,
    add_title,
    blank_figure,
    label_width,
)
from xai_core.figures.scales import (
    PERCENTILE,
    Scale,
    Sign,
    attribution_scale,
    feature_maps_scale,
    heatmap_scale,
    spectrogram_scale,
)
from xai_core.figures.sentences import (
    METHOD_NAMES,
    TYPE_NAMES,
    attribution_sentence,
    feature_maps_sentence,
    heatmap_sentence,
    spectrogram_sentence,
    zero_sentence,
)
from xai_core.values import Attribution, Axis, FeatureMaps, Heatmap, Spectrogram

__all__ = [
    "attribution_figure",
    "explore_panels",
    "feature_maps_figure",
    "heatmap_figure",
    "spectrogram_figure",
]

LAST_LAYER = "conv2d_5"
WAITING = "computing…"
NARROW = 900  # px, the width at which labels between panels must still fit
GAP = 22  # px at that width, between two panels
PANEL_ROWS = 64  # rows of one feature map in the four panels, about one a pixel
FIGURE_ROWS = 256  # rows of one feature map in a figure of its own
LARGE_MAP = 2**16  # bins; Grad-CAM above it is sent with every second frame


def explore_panels(
    spectrogram: Spectrogram | None,
    feature_maps: FeatureMaps | None,
    integrated_gradients: Attribution | None,
    grad_cam: Attribution | None,
    *,
    sign: Sign = "signed",
    limits: tuple[float, float] | None = None,
    percentile: float = PERCENTILE,
    layer: str = LAST_LAYER,
    height: int = 480,
    uirevision: str | None = None,
) -> go.Figure:
    """Draw what the model receives, how it responds and what decided, side by side.

    Zooming is linked: in time over all four panels, in frequency over the
    spectrogram and the two attributions.

    Parameters
    ----------
    spectrogram, feature_maps, integrated_gradients, grad_cam
        The four panels from left to right; None draws an empty panel of the
        same size. Pass the spectrogram first: without any value the axes of
        the type are unknown and the left margin is narrower.
    sign : {"signed", "unsigned"}
        Whether Integrated Gradients are drawn as they are, blue to red, or as
        absolute values.
    limits : tuple of float or None
        Colour limits of Integrated Gradients; by default its own.
    percentile : float
        Share of the absolute values, in percent, that own limits cover; said
        beneath the colour bar where it clips. 100 clips nothing.
    layer : str
        Convolution layer that Grad-CAM was computed at, for its subtitle.
    height : int
        Pixels.
    uirevision : str or None
        The zoom is kept for as long as this does not change; by default the
        spectrogram type.

    Returns
    -------
    plotly.graph_objects.Figure
        Panel k has the axes ``x{k}`` and ``y{k}``; the further strips of the
        feature maps have ``y5`` and up.

    Raises
    ------
    GridMismatchError
        If the panels belong to different types or grids.

    Notes
    -----
    A feature map is reduced to the strongest of each block of bins where a
    strip has fewer pixels than bins, and Grad-CAM of the STFT, which is four
    times coarser than its grid, is sent with every second frame: the four
    panels of the STFT stay below 2 MB.
    """
    shown = [v for v in (spectrogram, integrated_gradients, grad_cam, feature_maps) if v]
    time, bins = _shared_axes(shown)
    type = next((v.type for v in shown if not isinstance(v, FeatureMaps)), None)
    labels = label_width(bins)
    frame = Frame(height, left=labels + 24)
    figure = blank_figure(
        frame,
        alt=_four_sentences(spectrogram, feature_maps, integrated_gradients, grad_cam),
        uirevision=uirevision or type or "explore",
    )
    places = _four_places(frame, labels)

    add_axes(figure, places[0], time, bins)
    add_title(figure, places[0], TYPE_NAMES.get(type or "", "Spectrogram"), _RECEIVES)
    if spectrogram:
        add_map(figure, places[0], spectrogram_scale(spectrogram), time, bins)
    else:
        add_sentence(figure, places[0], WAITING)

    layer_name = f" · {feature_maps.layer}" if feature_maps else ""
    add_title(
        figure, places[1], "Feature maps", f"What four of its filters<br>respond to{layer_name}"
    )
    scale = feature_maps_scale(feature_maps, percentile) if feature_maps else None
    add_strips(figure, places[1], feature_maps, scale, time, first_extra=5, max_rows=PANEL_ROWS)

    add_axes(figure, places[2], time, bins, titled=False)
    add_title(figure, places[2], METHOD_NAMES["integrated_gradients"], _MEANING[sign])
    _add_attribution(figure, places[2], integrated_gradients, time, bins, sign, limits, percentile)

    add_axes(figure, places[3], time, bins, labelled=False, titled=False)
    add_title(figure, places[3], METHOD_NAMES["grad_cam"], _looks(layer))
    _add_attribution(figure, places[3], grad_cam, time, bins, "unsigned", None, percentile)
    return figure


def spectrogram_figure(
    spectrogram: Spectrogram, *, height: int = 360, uirevision: str | None = None
) -> go.Figure:
    """Draw one spectrogram in its own unit.

    Parameters
    ----------
    spectrogram : Spectrogram
    height : int
        Pixels.
    uirevision : str or None
        Keeps the zoom for as long as it does not change; by default the type.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    return _single(
        spectrogram,
        spectrogram_scale(spectrogram),
        TYPE_NAMES[spectrogram.type],
        _RECEIVES,
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
        Grad-CAM, which has no negative values, is drawn unsigned in any case.
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
    is_cam = attribution.method == "grad_cam"
    drawn: Sign = "unsigned" if is_cam else sign
    meaning = "Where the convolution layer looks" if is_cam else _MEANING[sign].replace("<br>", " ")
    return _single(
        attribution,
        attribution_scale(attribution, drawn, limits, percentile),
        title or METHOD_NAMES.get(attribution.method, attribution.method),
        subtitle if subtitle is not None else meaning,
        alt=attribution_sentence(attribution),
        height=height,
        uirevision=uirevision,
        sentence=zero_sentence(attribution) if attribution.is_zero else "",
    )


def heatmap_figure(
    heatmap: Heatmap,
    *,
    limits: tuple[float, float] | None = None,
    percentile: float = PERCENTILE,
    title: str = "Heatmap",
    subtitle: str = "How much each bin matters, either way",
    height: int = 360,
    uirevision: str | None = None,
) -> go.Figure:
    """Draw one heatmap, whose bins sum to 1.

    Parameters
    ----------
    heatmap : Heatmap
    limits : tuple of float or None
        Colour limits shared with other maps, from :func:`limits`.
    percentile : float
        Share of the values, in percent, that own limits cover.
    title, subtitle : str
    height : int
        Pixels.
    uirevision : str or None
        Keeps the zoom for as long as it does not change; by default the type.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    return _single(
        heatmap,
        heatmap_scale(heatmap, limits, percentile),
        title,
        subtitle,
        alt=heatmap_sentence(heatmap),
        height=height,
        uirevision=uirevision,
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

    Returns
    -------
    plotly.graph_objects.Figure
    """
    figure = blank_figure(
        Frame(height, left=18),
        alt=feature_maps_sentence(feature_maps),
        uirevision=uirevision or feature_maps.layer,
    )
    place = Place(1, 0.0, 1.0)
    subtitle = f"What each filter of {feature_maps.layer} responds to"
    add_title(figure, place, "Feature maps", subtitle)
    scale = feature_maps_scale(feature_maps, percentile)
    time = feature_maps.time
    add_strips(figure, place, feature_maps, scale, time, first_extra=2, max_rows=FIGURE_ROWS)
    return figure


_RECEIVES = "What the model receives"
_MEANING: dict[Sign, str] = {
    "signed": "Bins that raise (red) or<br>lower (blue) the score",
    "unsigned": "How much each bin<br>moves the score",
}


def _looks(layer: str) -> str:
    where = "the last convolution" if layer == LAST_LAYER else f"layer {layer}"
    return f"Where {where}<br>looks"


def _single(
    map: Spectrogram | Attribution | Heatmap,
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
    figure = blank_figure(frame, alt=alt, uirevision=uirevision or map.type)
    place = Place(1, 0.0, 1.0)
    add_axes(figure, place, map.time, map.bins)
    add_title(figure, place, title, subtitle)
    if sentence:
        add_sentence(figure, place, sentence)
    else:
        add_map(figure, place, scale, map.time, map.bins)
    return figure


def _add_attribution(
    figure: go.Figure,
    place: Place,
    attribution: Attribution | None,
    time: Axis,
    bins: Axis,
    sign: Sign,
    limits: tuple[float, float] | None,
    percentile: float,
) -> None:
    if attribution is None:
        add_sentence(figure, place, WAITING)
        return
    if attribution.is_zero:
        add_sentence(figure, place, zero_sentence(attribution))
        return
    scale = attribution_scale(attribution, sign, limits, percentile)
    smooth = attribution.method == "grad_cam" and attribution.values.size > LARGE_MAP
    add_map(figure, place, scale, time, bins, every=2 if smooth else 1)


def _shared_axes(
    shown: list[Spectrogram | Attribution | FeatureMaps],
) -> tuple[Axis, Axis]:
    if not shown:
        return Axis("Time", "s", np.array([0.0, 4.0])), Axis("", "", np.zeros(1))
    first = shown[0]
    for other in shown[1:]:
        if not (first.time.matches(other.time) and first.bins.matches(other.bins)):
            raise GridMismatchError(
                "expected four panels of one note and one spectrogram type, got axes that "
                "differ: do they come from the same explanation?"
            )
    return first.time, first.bins


def _four_places(frame: Frame, labels: int) -> list[Place]:
    """Divide the width: equal panels, with room for bin labels left of the third."""
    width = NARROW - frame.left - frame.right
    gaps = np.array([GAP, GAP + labels, GAP]) / width
    panel = (1 - gaps.sum()) / 4
    lefts = np.concatenate([[0.0], np.cumsum(panel + gaps)])
    return [
        Place(k + 1, float(left), float(min(left + panel, 1.0))) for k, left in enumerate(lefts)
    ]


def _four_sentences(
    spectrogram: Spectrogram | None,
    feature_maps: FeatureMaps | None,
    integrated_gradients: Attribution | None,
    grad_cam: Attribution | None,
) -> str:
    said = ["Four panels on one time axis."]
    if spectrogram:
        said.append(spectrogram_sentence(spectrogram))
    if feature_maps:
        said.append(feature_maps_sentence(feature_maps))
    said += [attribution_sentence(one) for one in (integrated_gradients, grad_cam) if one]
    if len(said) < 5:
        said.append("The rest is being computed.")
    return " ".join(said)
