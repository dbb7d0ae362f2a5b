"""The strongest regions of an attribution, and sentences that describe them.

Conventions
-----------
Nothing here changes an attribution, so a change of this code makes no cached map
stale.
"""

from xai_core.attribution.salient_regions.regions import (
    N_REGIONS,
    SIDES,
    Concentration,
    Region,
    SalientRegions,
    Side,
    find_salient_regions,
    salient_regions_sentence,
    share_text,
)

__all__ = [
    "N_REGIONS",
    "SIDES",
    "Concentration",
    "Region",
    "SalientRegions",
    "Side",
    "find_salient_regions",
    "salient_regions_sentence",
    "share_text",
]
