"""Distances between the heatmaps of many notes, computed block by block and resumable."""
