"""The language in which files of claims say what holds: phrases, and the tests they stand for.

Conventions
-----------
A phrase is one of a fixed list, or a form with a number or a type in it. Several
tests of one phrase must all hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from xai_core.claims.relations import (
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
from xai_core.errors import InputError
from xai_core.values import check_type

__all__ = ["parse_relation"]


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
    (r"lower than (\w+)", lambda found: (LowerThan(check_type(found[1])),)),
)
