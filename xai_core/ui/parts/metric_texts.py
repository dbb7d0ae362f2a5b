"""What the distances between two heatmaps are called, and what they mean in plain words."""

from __future__ import annotations

__all__ = ["METRIC_NAMES", "METRIC_SAYS"]

METRIC_NAMES = {
    "difference_mean": "Difference Mean",
    "kl_divergence": "KL divergence of A from B",
    "kl_divergence_reversed": "KL divergence of B from A",
    "js_divergence": "Jensen-Shannon divergence",
    "emd": "Earth Mover's Distance",
    "emd_values": "Earth Mover's Distance of the values",
}
METRIC_SAYS = {
    "difference_mean": "The mean of the absolute differences. Knows how strong the maps are; does "
    "not know which bins are neighbours.",
    "kl_divergence": "How surprised one is to see A when expecting B, in nats. Very large where A "
    "has something and B has nothing; another number from B to A.",
    "kl_divergence_reversed": "The same from the other side: seeing B when expecting A.",
    "js_divergence": "The same idea made symmetric: between 0 (same shape) and 0.69 (nothing in "
    "common). Strength does not matter, nor how far apart two bins are.",
    "emd": "The least work to carry one map into the other: how much, how far, over the plane. The "
    "only one here that knows what is near: 1 is the whole length of one axis.",
    "emd_values": "Compares only which values occur, not where: 0 for a map that was merely moved. "
    "Published results often mean this one.",
}
