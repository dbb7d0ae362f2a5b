"""Files of claims: one paper's statements, one row each, and the phrases they are written in.

Conventions
-----------
CSV in UTF-8 with the columns id, section, type, metric, relation, families and
claim. Lines before the heading that begin with ``#`` say where the statements
come from. Several types or families are joined by ``;``; families may be "all"
or "most", which name all ten. The metric "all" stands for the paper's four.

A relation is a phrase of a fixed list, such as "lowest", or a form with a number
or a type in it, such as "lower than tonnetz". It stands for one or more tests,
which must all hold.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import check_paper_type
from xai_core.errors import InputError
from xai_core.replication.claims.relations import (
    BestTypes,
    Extreme,
    InThird,
    LowerThan,
    MedianIn,
    Near,
    NotLow,
    OnMost,
    Relation,
)
from xai_core.values import FAMILIES, check_family

__all__ = [
    "CHEN_2024",
    "COLUMNS",
    "Claim",
    "parse_relation",
    "read_claims",
]

CHEN_2024 = Path(__file__).with_name("chen2024.csv")
COLUMNS = ("id", "section", "type", "metric", "relation", "families", "claim")
SCORES = ("accuracy", "precision")
EVERY = ("all", "most")  # of the families


@dataclass(frozen=True)
class Claim:
    """One statement of a paper.

    Parameters
    ----------
    id, section : str
        Its name, and where it stands.
    types, families : tuple of str
        What it names; all families for "all" and "most".
    metric : str
        One of the distances, "all" of the paper's four, "precision" or "accuracy".
    relation : str
        What it says of them, as in the file.
    tests : tuple of Relation
        The same, to be tested; all must hold.
    text : str
        The statement in words.
    """

    id: str
    section: str
    types: tuple[str, ...]
    metric: str
    relation: str
    families: tuple[str, ...]
    tests: tuple[Relation, ...]
    text: str


def read_claims(path: Path = CHEN_2024) -> tuple[Claim, ...]:
    """Return the claims of a file.

    Parameters
    ----------
    path : path, optional
        By default those of Chen, Ghobakhlou and Narayanan 2024.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, names what is unknown, or
        gives two claims one name.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the claims in {path} cannot be read ({error})") from error
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    rows = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"expected claims with the columns {', '.join(missing)} in {path}")
    claims = tuple(_claim(row) for row in rows)
    names = [claim.id for claim in claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"expected one claim a name in {path}, got several {', '.join(twice)}")
    return claims


def _claim(row: dict[str, str]) -> Claim:
    try:
        if row["metric"] not in (*METRICS, *SCORES, "all"):
            raise InputError(f"unknown metric {row['metric']!r}")
        return Claim(
            id=row["id"],
            section=row["section"],
            types=tuple(check_paper_type(name) for name in _names(row["type"])),
            metric=row["metric"],
            relation=row["relation"],
            families=_families(_names(row["families"])),
            tests=parse_relation(row["relation"]),
            text=row["claim"],
        )
    except InputError as error:
        raise InputError(f"claim {row['id']}: {error}") from error


def _families(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) == 1 and names[0] in EVERY:
        return FAMILIES
    return tuple(check_family(name) for name in names)


def _names(cell: str) -> list[str]:
    return [name.strip() for name in (cell or "").split(";")]


def parse_relation(text: str) -> tuple[Relation, ...]:
    """Return the tests that a relation stands for; all of them must hold.

    Parameters
    ----------
    text : str
        A phrase such as "highest", "middle", "lower than tonnetz" or "median in
        0.4..0.6".

    Raises
    ------
    InputError
        If the phrase is not of the language.

    Examples
    --------
    >>> parse_relation("lowest")
    (Extreme(end='low', quantity='level'),)
    """
    phrase = " ".join(text.split())
    if phrase in _PHRASES:
        return _PHRASES[phrase]
    for pattern, build in _PATTERNS:
        if match := re.fullmatch(pattern, phrase):
            return build(match)
    known = (*_PHRASES, *_FORMS)
    raise InputError(f"unknown relation {text!r} in a claim: known are {'; '.join(known)}")


_PHRASES: dict[str, tuple[Relation, ...]] = {
    "low": (InThird("low"),),
    "middle": (InThird("middle"),),
    "high": (InThird("high"),),
    "consistent (low)": (InThird("low"),),
    "variable (high)": (InThird("high"),),
    "decent": (NotLow(),),
    "lowest": (Extreme("low"),),
    "highest": (Extreme("high"),),
    "above the others": (Extreme("high"),),
    "wide": (InThird("high", "spread"),),
    "highest and wide": (Extreme("high"), InThird("high", "spread")),
    "best type for": (BestTypes(),),
    "best types for": (BestTypes(),),
    "high on most; top": (OnMost("high"), Extreme("high")),
    "high on this one; low on the others": (InThird("high"), OnMost("low", others=True)),
}
_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS = ("value=NUMBER", "median in LOW..HIGH", "lower than TYPE")
_PATTERNS: tuple[tuple[str, Callable[[re.Match[str]], tuple[Relation, ...]]], ...] = (
    (f"value={_NUMBER}", lambda found: (Near(float(found[1])),)),
    (
        f"value={_NUMBER} and highest of the types",
        lambda found: (Near(float(found[1])), BestTypes()),
    ),
    (
        rf"median in {_NUMBER}\.\.{_NUMBER}",
        lambda found: (MedianIn(float(found[1]), float(found[2])),),
    ),
    (r"lower than (\w+)", lambda found: (LowerThan(check_paper_type(found[1])),)),
)
