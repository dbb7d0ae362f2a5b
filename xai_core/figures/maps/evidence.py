"""Evidence for and against a family as bars: by partial of a note, and by part of it.

Conventions
-----------
A bar above zero is what speaks for the family, one below it what speaks against it, in
the colours of a signed map and in units of the explained output. Shares are of all
evidence of the same sign. Bars of one figure add up to the whole map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.drawing import LINE, TEXT_SIZE, Drawing, Frame
from xai_core.figures.base.scales import number_text
from xai_core.figures.base.words import percent_text
from xai_core.figures.scores.parts import AXIS, title
from xai_core.values import Evidence

__all__ = ["part_bars", "partial_bars"]

# of the diverging map: 3.7 and 3.4 to 1 on white, 5.1 and 5.6 to 1 on near-black
FOR, AGAINST = "#D6604D", "#4393C3"
BETWEEN = "between partials"  # the last bar
BOTTOM = 52  # px: names of two lines, so that figures side by side are of one height
GAP = 2.0  # of a partial's width, from the last partial to what lies between
SIDES = (("for", FOR), ("against", AGAINST))


def partial_bars(
    evidence: Sequence[Evidence],
    *,
    pitch: float,
    family: str,
    target: str,
    height: int = 230,
    uirevision: str = "partials",
) -> go.Figure:
    """Draw the evidence on each partial of a note, and between them.

    Parameters
    ----------
    evidence : sequence of Evidence
        From :func:`xai_core.canvas.evidence_by_partial`.
    pitch : float
        Hz, of the first partial.
    family : str
        Whose model is explained.
    target : str
        Unit of the evidence: ``logit`` or ``probability``.
    height : int
        Pixels.
    uirevision : str

    Raises
    ------
    InputError
        If there are no partials.
    """
    if not evidence or evidence[-1].name != BETWEEN:
        raise InputError("expected evidence by partial to draw, got none")
    n = len(evidence) - 1
    places = [*map(float, range(1, n + 1)), n + GAP]
    ticks = [*map(str, range(1, n + 1)), "between"]
    names = [f"{one.name}, {k * pitch:.0f} Hz" for k, one in enumerate(evidence[:-1], start=1)]
    return _bars(
        evidence,
        places,
        ticks,
        [*names, BETWEEN],
        heading="by partial",
        axis="Partial",
        family=family,
        target=target,
        height=height,
        uirevision=uirevision,
    )


def part_bars(
    evidence: Sequence[Evidence],
    *,
    family: str,
    target: str,
    height: int = 230,
    uirevision: str = "parts",
) -> go.Figure:
    """Draw the evidence in each part of a note.

    Parameters
    ----------
    evidence : sequence of Evidence
        From :func:`xai_core.canvas.evidence_by_part`. What comes before the note is
        left out where there is none.
    family, target, height, uirevision
        As of :func:`partial_bars`.

    Raises
    ------
    InputError
        If there are no parts.
    """
    if not evidence:
        raise InputError("expected evidence by part of a note to draw, got none")
    first, *others = evidence
    drawn = evidence if first.speaks_for or first.speaks_against else others
    return _bars(
        drawn,
        [*map(float, range(1, len(drawn) + 1))],
        [one.name.replace("and ", "and<br>") for one in drawn],
        [one.name for one in drawn],
        heading="by part of the note",
        axis="Part of the note",
        family=family,
        target=target,
        height=height,
        uirevision=uirevision,
    )


def _bars(
    evidence: Sequence[Evidence],
    places: Sequence[float],
    ticks: Sequence[str],
    names: Sequence[str],
    *,
    heading: str,
    axis: str,
    family: str,
    target: str,
    height: int,
    uirevision: str,
) -> go.Figure:
    drawing = Drawing(
        Frame(height, left=58, top=8, bottom=BOTTOM),
        alt=_sentence(evidence, heading, family),
        uirevision=uirevision,
    )
    for side, colour in SIDES:
        values = [_on(one, side) for one in evidence]
        total = sum(map(abs, values))
        drawing.traces.append(
            {
                "type": "bar",
                "name": f"{side} {family}",
                "x": list(places),
                "y": values,
                "marker": {"color": colour, "line": {"width": 0}},
                "hovertext": [
                    f"{name}<br><b>{number_text(value)}</b> {side} {family}"
                    f"<br>{percent_text(abs(value) / total if total else 0.0)} of that side"
                    for name, value in zip(names, values, strict=True)
                ],
                "hoverinfo": "text",
            }
        )
    drawing.layout = {
        "barmode": "relative",
        "bargap": 0.25,
        "xaxis": {
            **_FIXED,
            "range": [places[0] - 0.7, places[-1] + 0.7],
            "tickvals": list(places),
            "ticktext": list(ticks),
            "ticks": "",
            "title": title(axis),
        },
        "yaxis": {
            **_FIXED,
            "nticks": 6,
            "zeroline": True,
            "zerolinecolor": LINE,
            "zerolinewidth": 1,
            "showgrid": True,
            "tickfont": {"size": TEXT_SIZE},
            "title": title(f"Evidence ({target})"),
        },
    }
    return drawing.figure()


_FIXED: dict[str, Any] = {**AXIS, "showgrid": False, "fixedrange": True}


def _on(one: Evidence, side: str) -> float:
    return one.speaks_for if side == "for" else one.speaks_against


def _sentence(evidence: Sequence[Evidence], heading: str, family: str) -> str:
    """Say where most of the evidence of each side lies."""
    said = []
    for side, _ in SIDES:
        sizes = [abs(_on(one, side)) for one in evidence]
        total = sum(sizes)
        if total == 0:
            said.append(f"none speaks {side} {family}")
            continue
        most = max(range(len(sizes)), key=lambda k: sizes[k])
        share = percent_text(sizes[most] / total)
        said.append(f"strongest {side} {family}: {evidence[most].name} ({share})")
    return f"Evidence {heading}: {'; '.join(said)}."
