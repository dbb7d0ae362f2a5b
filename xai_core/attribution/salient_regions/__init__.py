"""The regions of an attribution that an answer is due to, and sentences that describe them.

Conventions
-----------
Nothing here changes an attribution, so a change of this code makes no cached map
stale.
"""

from xai_core.attribution.salient_regions.regions import (
    N_REGIONS,
    SIDES,
    Region,
    SalientRegions,
    Side,
    find_salient_regions,
    leading,
    rounded_sums,
    salient_regions_sentence,
    share_text,
    signed_text,
)

__all__ = [
    "N_REGIONS",
    "SIDES",
    "Region",
    "SalientRegions",
    "Side",
    "find_salient_regions",
    "leading",
    "rounded_sums",
    "salient_regions_sentence",
    "share_text",
    "signed_text",
]
