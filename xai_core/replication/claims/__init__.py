"""What a paper states about its heatmaps, and whether it holds on the notes at hand.

Conventions
-----------
Statements are data: a CSV file in this package (or anywhere else), one row a
claim, whose column ``relation`` is a small language
(:mod:`xai_core.replication.claims.statements`). Each is judged on every resample of the
instruments: it holds, does not hold, or is not decidable.
"""

from xai_core.replication.claims.evidence import Evidence, Quantity, gather_evidence
from xai_core.replication.claims.judging import judge
from xai_core.replication.claims.statements import (
    CHEN_2024,
    FAILS_TO,
    HOLDS_FROM,
    RULES,
    Claim,
    Number,
    Tally,
    Verdict,
    parse_relation,
    read_claims,
    tally,
)

__all__ = [
    "CHEN_2024",
    "FAILS_TO",
    "HOLDS_FROM",
    "RULES",
    "Claim",
    "Evidence",
    "Number",
    "Quantity",
    "Tally",
    "Verdict",
    "gather_evidence",
    "judge",
    "parse_relation",
    "read_claims",
    "tally",
]
