"""A recording as a whole: its waveform, and what the models say as it goes on.

Conventions
-----------
Time in seconds on x. A waveform is given as the range of its samples in each of
at most :data:`COLUMNS` stretches, however long it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.drawing import (
    LETTER,
    LINE,
    TEXT_SIZE,
    Drawing,
    Frame,
)
from xai_core.figures.base.scales import CIVIDIS
from xai_core.figures.scores.parts import (
    AXIS,
    title,
)

__all__ = ["scan_map", "waveform_envelope"]

COLUMNS = 900


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

    Returns
    -------
    plotly.graph_objects.Figure
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
