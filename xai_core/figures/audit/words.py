"""What the figures of an audit have in common: order, colours, names, sentences.

Conventions
-----------
Everything comes as plain numbers by name. Families are in the order of
:data:`xai_core.values.FAMILIES`, those without notes left out; sources come with
the most notes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
    "finding_sentence",
    "finding_text",
    "give_away_sentence",
    "main_sources",
    "pitch_grid",
    "pitch_sentence",
    "shortened",
    "source_sentence",
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
