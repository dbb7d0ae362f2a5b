"""Files of claims: one paper's statements, one row each.

Conventions
-----------
CSV in UTF-8 with the columns id, section, type, metric, relation, families and
claim. Lines before the heading that begin with ``#`` say where the statements
come from. Several types or families are joined by ``;``; families may be "all"
or "most", which name all ten. The metric "all" stands for the paper's four.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xai_core.claims.language import parse_relation
from xai_core.claims.relations import Relation
from xai_core.distances import METRICS
from xai_core.errors import InputError
from xai_core.values import FAMILIES, check_family, check_type

__all__ = ["CHEN_2024", "COLUMNS", "Claim", "read_claims"]

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
        lines = path.read_text(encoding="utf-8").splitlines()
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
            types=tuple(check_type(name) for name in _names(row["type"])),
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
