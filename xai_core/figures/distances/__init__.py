"""Figures of the distances between heatmaps: boxplots and maps of medians."""
