"""What the models answer: the ten probabilities as bars, and along a recording; its waveform.

Conventions
-----------
Families from top to bottom in the order of :data:`xai_core.values.FAMILIES`, bars from
0 to 100 %. Each family has its own binary CNN, so the bars do not sum to 100 %,
and each is to be read against the line at 50 %. A bar carries its family as
``customdata``, for pages on which it can be clicked.

Along a recording, time is in seconds on x. A waveform is given as the range of its
samples in each of at most :data:`COLUMNS` stretches, however long it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.drawing import LETTER, LINE, TEXT_SIZE, Drawing, Frame
from xai_core.figures.base.scales import CIVIDIS
from xai_core.figures.base.words import percent_text, probability_sentence
from xai_core.figures.scores.parts import AXIS, title
from xai_core.values import FAMILIES, check_family

__all__ = ["probability_bars", "scan_map", "waveform_envelope"]

EXPLAINED = "#D55E00"  # vermilion: 3.9 to 1 on white, 4.7 to 1 on near-black
OTHER = "#7A8794"  # grey: 3.7 to 1 on white, 5.0 to 1 on near-black
BEFORE = "#0072B2"  # blue: 5.2 to 1 on white, 3.5 to 1 on near-black
END = 118  # of the axis, in percent: a bar at 100 % leaves room for the numbers
COLUMNS = 900


def probability_bars(
    probabilities: Mapping[str, float],
    *,
    highlighted: str | None = None,
    before: Mapping[str, float] | None = None,
    height: int = 300,
    uirevision: str = "probabilities",
) -> go.Figure:
    """Draw the probability of each family as a horizontal bar.

    Parameters
    ----------
    probabilities : mapping of str to float
        ``{family: probability}`` in [0, 1]; a family that is missing is shown
        as having no model.
    highlighted : str or None
        The family whose model is explained.
    before : mapping of str to float, optional
        What the models said of another sound, as a mark on each bar.
    height : int
        Pixels.

    Raises
    ------
    InputError
        If a family is unknown or a probability is not in [0, 1].
    """
    for family, value in probabilities.items():
        check_family(family)
        if not 0 <= value <= 1:
            raise InputError(f"expected a probability in [0, 1] for {family}, got {value}")
    if highlighted is not None:
        check_family(highlighted)
    drawing = Drawing(
        Frame(height, left=round(LETTER * 9) + 20, right=8, top=20, bottom=24),
        alt=probability_sentence(probabilities, highlighted),
        uirevision=uirevision,
    )
    said = [percent_text(probabilities.get(family)) for family in FAMILIES]
    bar = {
        "type": "bar",
        "y": FAMILIES,
        "orientation": "h",
        "text": said,
        "textposition": "none",
        "customdata": [[family] for family in FAMILIES],
        "hovertemplate": "%{y}: <b>%{text}</b><extra></extra>",
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }
    drawing.traces.append(
        {
            **bar,
            "x": [100 * probabilities.get(family, 0.0) for family in FAMILIES],
            "marker": {
                "color": [EXPLAINED if family == highlighted else OTHER for family in FAMILIES],
                "line": {"width": 0},
            },
        }
    )
    drawing.traces.append(  # unseen, so that a short bar is as easily pointed at as a long one
        {**bar, "x": [END] * len(FAMILIES), "marker": {"color": "rgba(0, 0, 0, 0)"}}
    )
    drawing.traces.append(  # one column, which neither bars nor the line at 50 % can cross
        {
            "type": "scatter",
            "mode": "text",
            "x": [END] * len(FAMILIES),
            "y": FAMILIES,
            "text": said,
            "textposition": "middle left",
            "textfont": {"size": TEXT_SIZE + 1},
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
    )
    if before:
        drawing.traces.append(_marks(before))
    drawing.layout = {"bargap": 0.3, "barmode": "overlay", **_axes(highlighted), "shapes": [_HALF]}
    drawing.annotations.append(
        {
            "text": "yes from 50 %",
            "font": {"size": TEXT_SIZE},
            "x": 50,
            "xanchor": "center",
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "showarrow": False,
        }
    )
    return drawing.figure()


def _marks(before: Mapping[str, float]) -> dict[str, Any]:
    """Return an upright mark on each bar where its answer was before."""
    families = [family for family in FAMILIES if family in before]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [100 * before[family] for family in families],
        "y": families,
        "marker": {
            "symbol": "line-ns",
            "size": 15,
            "line": {"width": 3, "color": BEFORE},
        },
        "text": [percent_text(before[family]) for family in families],
        "hovertemplate": "%{y} before: <b>%{text}</b><extra></extra>",
        "cliponaxis": False,
    }


def waveform_envelope(y: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the lowest and highest sample of each stretch of a recording, to be drawn.

    Parameters
    ----------
    y : array, shape (n_samples,)

    Returns
    -------
    ndarray, shape (n_stretches, 2)
        At most :data:`COLUMNS` stretches, as long as each other to one sample.

    Raises
    ------
    InputError
        If there are no samples, or more than one channel.

    Examples
    --------
    >>> waveform_envelope([0.0, 0.5, -1.0]).tolist()
    [[0.0, 0.0], [0.5, 0.5], [-1.0, -1.0]]
    """
    samples = np.asarray(y, np.float64)
    if samples.ndim != 1 or samples.size == 0:
        raise InputError(f"expected samples of shape (n,), got {samples.shape}")
    edges = np.unique(np.linspace(0, samples.size, min(COLUMNS, samples.size) + 1).astype(int))
    ends = [end.reduceat(samples, edges[:-1]) for end in (np.minimum, np.maximum)]
    return np.stack(ends, axis=1)


def scan_map(
    probabilities: npt.ArrayLike,
    starts: npt.ArrayLike,
    families: Sequence[str],
    *,
    length: float = 4.0,
    height: int = 280,
    uirevision: str = "scan",
) -> go.Figure:
    """Draw the probability of each family along a recording.

    Parameters
    ----------
    probabilities : array, shape (n_families, n_windows)
        In [0, 1]; NaN where nothing can be heard.
    starts : array, shape (n_windows,)
        Seconds.
    families : sequence of str
    length : float
        Of a window, in seconds: it is drawn at its middle.
    height : int
        Pixels.
    """
    table, begin = np.asarray(probabilities, np.float64), np.asarray(starts, np.float64)
    if table.shape != (len(families), begin.size) or begin.size == 0:
        raise InputError(
            f"expected a probability for each of {len(families)} families and {begin.size} "
            f"windows, got shape {table.shape}"
        )
    drawing = Drawing(
        Frame(height, left=round(LETTER * 9) + 20, right=8, top=6, bottom=70),
        alt=_said(table, families),
        uirevision=uirevision,
    )
    drawing.traces.append(
        {
            "type": "heatmap",
            "x": (begin + length / 2).astype(np.float32),
            "y": list(families),
            "z": np.ascontiguousarray(100 * table, np.float32),
            "zmin": 0,
            "zmax": 100,
            "colorscale": CIVIDIS,
            "ygap": 1,
            "hovertemplate": "%{y}: <b>%{z:.0f} %</b><br>around %{x:.1f} s<extra></extra>",
            "colorbar": {
                "orientation": "h",
                "thickness": 9,
                "len": 0.6,
                "y": 0,
                "yanchor": "top",
                "ypad": 40,
                "tickvals": [0, 50, 100],
                "ticktext": ["0", "50", "100 %"],
                "tickfont": {"size": TEXT_SIZE},
                "outlinewidth": 0,
            },
        }
    )
    drawing.layout = {
        "xaxis": {**AXIS, "title": title("Middle of the 4 s (s)"), "showgrid": False,
                  "linecolor": LINE},
        "yaxis": {"autorange": "reversed", "showgrid": False, "ticks": "", "fixedrange": True,
                  "tickfont": {"size": TEXT_SIZE}},
    }  # fmt: skip
    return drawing.figure()


_HALF = {
    "type": "line",
    "xref": "x",
    "x0": 50,
    "x1": 50,
    "yref": "paper",
    "y0": 0,
    "y1": 1,
    "line": {"color": LINE, "width": 1.5, "dash": "dash"},
}


def _axes(highlighted: str | None) -> dict[str, Any]:
    return {
        "xaxis": {
            "range": [0, END],
            "fixedrange": True,
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": ["0", "25", "50", "75", "100 %"],
            "tickfont": {"size": TEXT_SIZE},
            "showgrid": False,
            "zeroline": True,
            "zerolinecolor": LINE,
            "automargin": False,
        },
        "yaxis": {
            "range": [len(FAMILIES) - 0.5, -0.5],
            "fixedrange": True,
            "tickmode": "array",
            "tickvals": list(range(len(FAMILIES))),
            "ticktext": [f"<b>{f}</b>" if f == highlighted else f for f in FAMILIES],
            "tickfont": {"size": TEXT_SIZE + 1},
            "showgrid": False,
            "ticks": "",
            "ticklabelstandoff": 6,
            "automargin": False,
        },
    }


def _said(table: npt.NDArray[np.float64], families: Sequence[str]) -> str:
    heard = ~np.isnan(table).all(axis=0)
    if not heard.any():
        return "Nothing can be heard in the recording."
    best = np.nanargmax(table[:, heard], axis=0)
    counts = np.bincount(best, minlength=len(families))
    first = int(counts.argmax())
    share = counts[first] / counts.sum()
    return (
        f"Probability of {len(families)} families in {table.shape[1]} windows: {families[first]} "
        f"is the most probable in {100 * share:.0f} % of those in which something can be heard."
    )
