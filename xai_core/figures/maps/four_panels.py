"""The four panels of the Explore page in one figure.

Conventions
-----------
From left to right, or on a narrow screen from top to bottom: what the model receives,
how it responds, and what decided by each of two methods. A panel whose value is still
being computed is drawn empty in its final size, so that nothing jumps when it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from xai_core.catalogue.methods import PAPER_METHODS, map_kind
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import GridMismatchError
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
    IN_HERTZ,
    RECEIVES,
    attribution_sentence,
    count_text,
    feature_maps_sentence,
    meaning_of,
    spectrogram_sentence,
    zero_sentence,
)
from xai_core.values import Attribution, Axis, FeatureMaps, Spectrogram

__all__ = ["explore_panels"]

WAITING = "computing…"
PLAYHEAD = "playhead"  # in `meta`: the time axes that the player of the page draws over
TYPICAL = 1000  # px, the width that gaps are measured at; they still fit at 900
GAP = 22  # px at that width, between two panels
MAX_ROWS = 64  # rows of one feature map, about one a pixel
LARGE_MAP = 2**16  # bins; a smooth map above it is sent in blocks of 2 x 2
Limits = tuple[float, float]


def explore_panels(
    spectrogram: Spectrogram | None,
    feature_maps: FeatureMaps | None,
    attributions: Mapping[str, Attribution],
    *,
    methods: tuple[str, str] = PAPER_METHODS,
    sign: Sign = "signed",
    limits: Mapping[str, Limits | None] | None = None,
    percentile: float = PERCENTILE,
    layer: str | None = None,
    in_hertz: bool = False,
    notes: bool = False,
    loudest: float | None = None,
    said: Mapping[str, str] | None = None,
    stacked: bool = False,
    height: int = 480,
    uirevision: str | None = None,
) -> go.Figure:
    """Draw what the model receives, how it responds and what decided, side by side.

    Zooming is linked: in time over all four panels, in frequency over the
    spectrogram and the two attributions.

    Parameters
    ----------
    spectrogram, feature_maps
        The first two panels from left to right; None draws an empty panel of
        the same size. Pass the spectrogram first: without any value the axes of
        the type are unknown and the left margin is narrower.
    attributions : mapping of str to Attribution
        By method; a method that is not there has an empty panel.
    methods : tuple of str
        Methods of the third and the fourth panel.
    sign : {"signed", "unsigned"}
        Whether maps that have a sign are drawn as they are, blue to red, or as
        absolute values.
    limits : mapping of str to tuple of float, optional
        Colour limits by method; by default a map's own.
    percentile : float
        Share of the absolute values, in percent, that own limits cover; sentences
        beneath the colour bar where it clips. 100 clips nothing.
    layer : str or None
        Convolution layer of the methods that look at one, for their subtitles;
        None for the last one.
    in_hertz : bool
        Whether spectrogram and attributions are those of the canvas while the model
        receives another type, whose feature maps these are.
    notes : bool
        Whether a frequency axis has the names of notes in place of hertz.
    loudest : float, optional
        Hz, where the energy of the note is largest, for the alternative text.
    said : mapping of str to str, optional
        What the page says of a map, by method: the alternative text says the same.
    stacked : bool
        Whether panels stand one under the other, as on a phone. Dragging then scrolls
        the page instead of zooming.
    height : int
        Pixels of a row of panels: of the figure, or a quarter of it where they are
        stacked.
    uirevision : str or None
        The zoom is kept for as long as this does not change; by default the
        spectrogram type.

    Returns
    -------
    plotly.graph_objects.Figure
        Panel k has the axes ``x{k}`` and ``y{k}``; the further strips of the
        feature maps have ``y5`` and up. ``layout.meta["playhead"]`` lists the four
        time axes, over which the player of the page moves its line.

    Raises
    ------
    GridMismatchError
        If the panels belong to different types or grids.
    InputError
        If a method is unknown.

    Notes
    -----
    A feature map is reduced to the strongest of each block of bins where a
    strip has fewer pixels than bins, and a smooth map of the STFT, such as
    Grad-CAM, which is four times coarser than its grid at the last layer, to the
    strongest of each block of 2 x 2 bins: the four panels of the STFT stay below
    2 MB.
    """
    decided = [attributions[method] for method in methods if method in attributions]
    shown = [v for v in (spectrogram, *decided, feature_maps) if v]
    time, bins = _shared_axes([v for v in shown if not (in_hertz and v is feature_maps)] or shown)
    type = next((v.type for v in shown if not isinstance(v, FeatureMaps)), "")
    labels = label_width(bins)
    frame = Frame(height, left=labels + 24)
    places = _places_below(frame) if stacked else _places_beside(frame, labels)
    drawing = Drawing(
        replace(frame, height=4 * height) if stacked else frame,
        alt=_four_sentences(spectrogram, feature_maps, decided, loudest, said or {}),
        uirevision=uirevision or type or "explore",
    )
    (first, second), others = places[:2], places[2:]

    shows = IN_HERTZ if in_hertz else RECEIVES
    drawing.add_title(first, spectrogram_type(type).title if type else "Spectrogram", shows)
    drawing.add_bin_axis(first, bins, notes=notes)
    drawing.add_title(second, "Feature maps", _responds(feature_maps))
    for place, method in zip(others, methods, strict=True):
        meaning = meaning_of(method, sign, layer=_in_two_lines(layer))
        drawing.add_title(place, map_kind(method).label, meaning)
        labelled = stacked or place is others[0]
        drawing.add_bin_axis(place, bins, labelled=labelled, titled=stacked, notes=notes)
    for place in places:
        drawing.add_time_axis(place, time)
    drawing.meta[PLAYHEAD] = [place.x for place in places]
    if stacked:
        drawing.layout["dragmode"] = False

    if spectrogram:
        add_map(drawing, first, spectrogram_scale(spectrogram), time, bins)
    else:
        _add_empty(drawing, first, WAITING)
    if feature_maps:
        scale = feature_maps_scale(feature_maps, percentile)
        add_strips(drawing, second, feature_maps, scale, first_extra=5, max_rows=MAX_ROWS)
    else:
        drawing.add_strip_axis(second, second.number, 1, (second.bottom, second.top))
        _add_empty(drawing, second, WAITING)
    for place, method in zip(others, methods, strict=True):
        one = attributions.get(method)
        if one is None:
            _add_empty(drawing, place, WAITING)
            continue
        ends = (limits or {}).get(method)
        scale = attribution_scale(one, sign_of(one, sign), ends, percentile)
        _add_attribution(drawing, place, one, scale)
    return drawing.figure()


def _responds(feature_maps: FeatureMaps | None) -> str:
    count = len(feature_maps.filters) if feature_maps else 4
    where = f" ({feature_maps.layer})" if feature_maps else ""
    return f"What {count_text(count)} of its filters<br>respond to{where}"


def _in_two_lines(layer: str | None) -> str:
    return "the last<br>convolution" if layer is None else f"layer<br>{layer}"


def _add_empty(drawing: Drawing, place: Place, sentence: str) -> None:
    drawing.add_nothing(place.x, place.y)
    drawing.add_sentence(place, sentence)


def _add_attribution(
    drawing: Drawing, place: Place, attribution: Attribution, scale: Scale
) -> None:
    if attribution.is_zero:
        _add_empty(drawing, place, zero_sentence(attribution))
        return
    smooth = map_kind(attribution.method).smooth
    every = 2 if smooth and attribution.values.size > LARGE_MAP else 1
    add_map(drawing, place, scale, attribution.time, attribution.bins, every=every)


def _shared_axes(
    shown: list[Spectrogram | Attribution | FeatureMaps],
) -> tuple[Axis, Axis]:
    if not shown:
        return Axis("Time", "s", np.linspace(0.0, 4.0, 126)), Axis("", "", np.zeros(1))
    first = shown[0]
    types = list(dict.fromkeys(v.type for v in shown if not isinstance(v, FeatureMaps)))
    if len(types) > 1:
        raise GridMismatchError(
            f"expected four panels of one spectrogram type, got {' and '.join(types)}"
        )
    for other in shown[1:]:
        if not (first.time.matches(other.time) and first.bins.matches(other.bins)):
            raise GridMismatchError(
                "expected four panels of one note and one spectrogram type, got axes that "
                "differ: do they come from the same explanation?"
            )
    return first.time, first.bins


def _places_below(row: Frame) -> list[Place]:
    """Divide the height into four rows, each with the margins of a figure of its own."""
    outer = row.top + row.bottom
    whole = 4 * row.height - outer
    tops = [1 - k * row.height / whole for k in range(4)]
    panel = row.plot_height / whole
    return [Place(k + 1, 0.0, 1.0, max(top - panel, 0.0), top) for k, top in enumerate(tops)]


def _places_beside(frame: Frame, labels: int) -> list[Place]:
    """Divide the width: equal panels, with room for bin labels left of the third."""
    width = TYPICAL - frame.left - frame.right
    gaps = np.array([GAP, GAP + labels, GAP]) / width
    panel = (1 - gaps.sum()) / 4
    lefts = np.concatenate([[0.0], np.cumsum(panel + gaps)])
    return [
        Place(k + 1, float(left), float(min(left + panel, 1.0))) for k, left in enumerate(lefts)
    ]


def _four_sentences(
    spectrogram: Spectrogram | None,
    feature_maps: FeatureMaps | None,
    decided: list[Attribution],
    loudest: float | None,
    said: Mapping[str, str],
) -> str:
    sentences = ["Four panels on one time axis."]
    if spectrogram:
        sentences.append(spectrogram_sentence(spectrogram, loudest=loudest))
    if feature_maps:
        sentences.append(feature_maps_sentence(feature_maps))
    sentences += [attribution_sentence(one, said=said.get(one.method, "")) for one in decided]
    if len(sentences) < 5:
        sentences.append("The rest is being computed.")
    return " ".join(sentences)
