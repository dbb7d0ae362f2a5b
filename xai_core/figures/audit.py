"""What a collection of notes holds: counts, pitches, findings, sources, as figures and in words.

Conventions
-----------
Everything comes as plain numbers by name. Families run from top to bottom in
the order of :data:`xai_core.values.FAMILIES`, those without notes left out;
pitches are MIDI numbers; sources come with the most notes first, and the smaller
ones are drawn together or left out, with a remark in the figure.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from xai_core.figures.base.drawing import LETTER, LINE, TEXT_SIZE, Drawing, Frame
from xai_core.values import FAMILIES, FloatArray, check_family, pitch_name

__all__ = [
    "NAME_LENGTH",
    "N_DOTS",
    "OTHERS",
    "SOURCE_COLOURS",
    "TICKS",
    "Counts",
    "Findings",
    "GiveAways",
    "Pitches",
    "ascii_pitch_name",
    "drawn_sources",
    "families_of",
    "finding_bars",
    "finding_text",
    "give_away_dots",
    "main_sources",
    "pitch_grid",
    "pitch_map",
    "shortened",
    "source_bars",
]

# After Okabe and Ito: distinct in every colour vision, visible on white and on near-black.
SOURCE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A90C")
OTHERS = "#7A8794"  # grey
N_DOTS = 16  # sources whose medians are drawn
NAME_LENGTH = 34  # letters of a source
TICKS = (24, 36, 48, 60, 72, 84, 96, 108)  # every C
Counts = Mapping[str, Mapping[str, int]]  # {family: {source: notes}}
Pitches = Mapping[str, Mapping[int, int]]  # {family: {MIDI number: notes}}
Findings = Mapping[str, tuple[int, int, str]]  # {title: (found, of how many, of what)}
GiveAways = Mapping[str, Mapping[str, float]]  # {measure with its unit: {source: median}}
ROW = 22  # px


def families_of(by_family: Mapping[str, Mapping[Any, int]]) -> list[str]:
    """Return the families of a table in their order; InputError if one is unknown."""
    for family in by_family:
        check_family(family)
    return [family for family in FAMILIES if family in by_family]


def main_sources(notes: Counts) -> tuple[list[str], list[str]]:
    """Return the sources with a colour of their own, and the others; the largest first."""
    totals: Counter[str] = Counter()
    for by_source in notes.values():
        totals.update(by_source)
    ordered = sorted(totals, key=lambda source: (-totals[source], source))
    n_named = len(SOURCE_COLOURS)
    return ordered[:n_named], ordered[n_named:]


def pitch_grid(pitches: Pitches) -> tuple[FloatArray, int]:
    """Return notes by family and pitch, NaN where there is none, and the lowest pitch."""
    families = families_of(pitches)
    played = [pitch for family in families for pitch in pitches[family]]
    low, high = (min(played), max(played)) if played else (TICKS[0], TICKS[-1])
    grid = np.full((len(families), high - low + 1), np.nan, np.float32)
    for row, family in enumerate(families):
        for pitch, count in pitches[family].items():
            grid[row, pitch - low] = count
    return grid, low


def finding_text(count: int, total: int, unit: str) -> str:
    """Return ``73 of 3,232 notes``."""
    return f"{count:,} of {total:,} {unit}"


def shortened(source: str) -> str:
    """Return a source's name, its middle left out if it is long."""
    if len(source) <= NAME_LENGTH:
        return source
    half = (NAME_LENGTH - 1) // 2
    return f"{source[:half]}…{source[-half:]}"


def drawn_sources(measures: GiveAways) -> list[str]:
    """Return the sources whose medians are drawn."""
    return [*dict.fromkeys(source for medians in measures.values() for source in medians)][:N_DOTS]


def ascii_pitch_name(pitch: int) -> str:
    """Return ``C4`` for 60, with ASCII sharps."""
    return pitch_name(pitch).replace("♯", "#")


def source_sentence(notes: Counts, families: Sequence[str]) -> str:
    """Say which family and which source has the most notes."""
    totals = {family: sum(notes[family].values()) for family in families}
    if not totals:
        return "Notes by family and source: there are none."
    named, rest = main_sources(notes)
    most, least = max(totals, key=totals.__getitem__), min(totals, key=totals.__getitem__)
    largest = sum(notes[family].get(named[0], 0) for family in families) if named else 0
    return (
        f"Notes by family and source: {sum(totals.values()):,} notes of {len(families)} families "
        f"from {len(named) + len(rest)} sources; {most} has the most, {totals[most]:,}, and "
        f"{least} the fewest, {totals[least]:,}; the largest source is {named[0]} with {largest:,}."
    )


def pitch_sentence(pitches: Pitches, families: Sequence[str]) -> str:
    """Say which pitches each family spans."""
    ranges = [
        f"{family} {min(pitches[family])} to {max(pitches[family])}"
        for family in families
        if pitches[family]
    ]
    return f"MIDI pitches by family: {', '.join(ranges) or 'none is known'}."


def finding_sentence(findings: Findings) -> str:
    """Say how many were found of each kind."""
    said = [f"{title}, {finding_text(*one)}" for title, one in findings.items()]
    return f"Findings: {'; '.join(said) or 'none'}."


def give_away_sentence(measures: GiveAways, sources: Sequence[str]) -> str:
    """Say which sources lie furthest apart in each measure."""
    said = []
    for measure, medians in measures.items():
        known = {source: medians[source] for source in sources if source in medians}
        if known:
            low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
            said.append(f"{measure} from {known[low]:.1f} ({low}) to {known[high]:.1f} ({high})")
    return f"Medians by source: {'; '.join(said) or 'none'}."


def source_bars(notes: Counts, *, said: str = "", uirevision: str = "audit sources") -> go.Figure:
    """Draw the notes of each family as a bar that is divided among the sources.

    Parameters
    ----------
    notes : mapping
        ``{family: {source: notes}}``.
    said : str
        Further sentence of the alternative text: how well the source predicts the family.

    Returns
    -------
    plotly.graph_objects.Figure
        The seven largest sources have a colour of their own.

    Raises
    ------
    InputError
        If a family is unknown.
    """
    families = families_of(notes)
    named, rest = main_sources(notes)
    rows = len(named) + bool(rest)  # of the legend
    drawing = Drawing(
        Frame(
            70 + ROW * len(families) + 20 * rows,
            left=_left(families),
            right=50,
            top=8,
            bottom=52 + 20 * rows,
        ),
        alt=f"{source_sentence(notes, families)} {said}".strip(),
        uirevision=uirevision,
    )
    for source, colour in zip(named, SOURCE_COLOURS, strict=False):
        drawing.traces.append(
            _stack(source, colour, [notes[family].get(source, 0) for family in families], families)
        )
    if rest:
        others = [sum(notes[family].get(source, 0) for source in rest) for family in families]
        drawing.traces.append(_stack(f"other sources ({len(rest)})", OTHERS, others, families))
    totals = [sum(notes[family].values()) for family in families]
    drawing.annotations += [
        _beside(f"{total:,}", x=total, y=row) for row, total in enumerate(totals)
    ]
    drawing.layout = {
        "barmode": "stack",
        "bargap": 0.3,
        "showlegend": True,
        "legend": {
            "orientation": "v",  # side by side, long names do not fit a narrow page
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "traceorder": "normal",
            "font": {"size": TEXT_SIZE},
        },
        "xaxis": {**_AXIS, "title": _title("Notes"), "rangemode": "tozero"},
        "yaxis": _rows(families),
    }
    return drawing.figure()


def pitch_map(pitches: Pitches, *, uirevision: str = "audit pitches") -> go.Figure:
    """Draw how many notes each family has of each pitch.

    Parameters
    ----------
    pitches : mapping
        ``{family: {MIDI number: notes}}``.

    Raises
    ------
    InputError
        If a family is unknown.
    """
    families = families_of(pitches)
    grid, low = pitch_grid(pitches)
    drawing = Drawing(
        Frame(84 + ROW * len(families), left=_left(families), right=70, top=8, bottom=60),
        alt=pitch_sentence(pitches, families),
        uirevision=uirevision,
    )
    drawing.traces.append(
        {
            "type": "heatmap",
            "z": grid,
            "x0": low,
            "dx": 1,
            "y": families,
            "colorscale": "Viridis",
            "zmin": 0,
            "xgap": 1,
            "ygap": 2,
            "hovertemplate": "%{y}, MIDI %{x}: <b>%{z:.0f} notes</b><extra></extra>",
            "hoverongaps": False,
            "colorbar": {"title": {"text": "Notes"}, "thickness": 12, "tickformat": "d"},
        }
    )
    drawing.layout = {
        "xaxis": {
            **_AXIS,
            "title": _title("Pitch (MIDI number)"),
            "tickvals": TICKS,
            "ticktext": [f"{pitch}<br>{ascii_pitch_name(pitch)}" for pitch in TICKS],
        },
        "yaxis": {**_rows(families), "showgrid": False},
    }
    return drawing.figure()


def finding_bars(findings: Findings, *, uirevision: str = "audit findings") -> go.Figure:
    """Draw what share of notes or families each finding is about.

    Parameters
    ----------
    findings : mapping
        ``{title: (how many, of how many, of what)}``, in the order to be drawn.
    """
    titles = list(findings)
    drawing = Drawing(
        Frame(70 + ROW * max(len(titles), 1), left=_left(titles), right=8, top=8, bottom=46),
        alt=finding_sentence(findings),
        uirevision=uirevision,
    )
    drawing.traces.append(
        {
            "type": "bar",
            "orientation": "h",
            "x": [100 * n / max(of, 1) for n, of, _ in findings.values()],
            "y": titles,
            "marker": {"color": SOURCE_COLOURS[0], "line": {"width": 0}},
            "text": [finding_text(*one) for one in findings.values()],
            "textposition": "outside",
            "textfont": {"size": TEXT_SIZE},
            "cliponaxis": False,
            "hovertemplate": "%{y}: <b>%{text}</b><extra></extra>",
        }
    )
    drawing.layout = {
        "bargap": 0.3,
        "xaxis": {
            **_AXIS,
            "title": _title("Share of all (%)"),
            "range": [0, 135],  # room for the text of a bar at 100 %
            "tickvals": [0, 25, 50, 75, 100],
        },
        "yaxis": _rows(titles),
    }
    if not titles:
        drawing.annotations.append(
            {"text": "Nothing was found.", "x": 60, "y": 0, "yref": "paper", "showarrow": False}
        )
    return drawing.figure()


def give_away_dots(measures: GiveAways, *, uirevision: str = "audit give-aways") -> go.Figure:
    """Draw the median of each source in measures that do not depend on the instrument.

    Parameters
    ----------
    measures : mapping
        ``{measure with its unit: {source: median}}``, sources with the most
        notes first; the first sixteen are drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        One panel for each measure, side by side, on the same rows.
    """
    sources = drawn_sources(measures)
    names = [shortened(source) for source in sources]
    drawing = Drawing(
        Frame(70 + ROW * max(len(sources), 1), left=_left(names), right=8, top=8, bottom=46),
        alt=give_away_sentence(measures, sources),
        uirevision=uirevision,
    )
    width = 1 / max(len(measures), 1)
    drawing.layout = {"yaxis": _rows([html.escape(name) for name in names])}
    for number, (measure, medians) in enumerate(measures.items(), start=1):
        axis = "x" if number == 1 else f"x{number}"
        shown = [source for source in sources if source in medians]
        drawing.traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [medians[source] for source in shown],
                "y": [sources.index(source) for source in shown],
                "xaxis": axis,
                "yaxis": "y",
                "marker": {"size": 9, "color": SOURCE_COLOURS[0]},
                "text": [html.escape(source) for source in shown],
                "hovertemplate": "%{text}: <b>%{x:.3g}</b><extra></extra>",
            }
        )
        left = (number - 1) * width
        drawing.layout[f"xaxis{axis[1:]}"] = {
            **_AXIS,
            "anchor": "y",
            "domain": [left, left + 0.88 * width],
            "nticks": 4,
            "title": _title(measure),
        }
    return drawing.figure()


_AXIS: dict[str, Any] = {
    "fixedrange": True,
    "tickfont": {"size": TEXT_SIZE},
    "showgrid": False,
    "zeroline": False,
    "showline": True,
    "linecolor": LINE,
    "ticks": "outside",
    "tickcolor": LINE,
    "automargin": False,
}


def _rows(names: Sequence[str]) -> dict[str, Any]:
    """Return a y axis with a row for each name, the first on top."""
    return {
        "range": [max(len(names), 1) - 0.5, -0.5],
        "fixedrange": True,
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "tickfont": {"size": TEXT_SIZE + 1},
        "showgrid": False,  # a line would run through the number beside a bar
        "zeroline": False,
        "ticks": "",
        "ticklabelstandoff": 6,
        "automargin": False,
    }


def _stack(source: str, colour: str, x: Sequence[int], families: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": html.escape(shortened(source)),
        "x": list(x),
        "y": list(families),
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": f"%{{y}}: <b>%{{x:,}} notes</b> from {html.escape(source)}<extra></extra>",
    }


def _beside(text: str, *, x: float, y: float) -> dict[str, Any]:
    return {
        "text": text,
        "font": {"size": TEXT_SIZE},
        "x": x,
        "xanchor": "left",
        "y": y,
        "showarrow": False,
    }


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": TEXT_SIZE + 1}, "standoff": 4}


def _left(names: Sequence[str]) -> int:
    return round(LETTER * 1.08 * max((len(name) for name in names), default=9)) + 20
