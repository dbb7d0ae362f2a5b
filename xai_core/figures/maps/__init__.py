"""Figures of one note or recording: spectrograms, attributions, feature maps, probabilities."""
