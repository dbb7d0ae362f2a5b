"""What an attribution says drives the answer: its strongest regions, and a sentence.

Conventions
-----------
This reads maps and decides none, so a change here makes no cached map stale.
"""

from xai_core.attribution.salient_regions.regions import (
    N_REGIONS,
    SIDES,
    Concentration,
    Evidence,
    Region,
    Side,
    find_evidence,
)
from xai_core.attribution.salient_regions.sentences import (
    evidence_sentence,
    share_text,
)

__all__ = [
    "N_REGIONS",
    "SIDES",
    "Concentration",
    "Evidence",
    "Region",
    "Side",
    "evidence_sentence",
    "find_evidence",
    "share_text",
]
