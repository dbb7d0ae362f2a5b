"""Figures of spectrograms, attributions, feature maps and recordings."""
