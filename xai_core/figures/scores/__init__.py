"""Figures of models' scores: bars, confusion matrices, reliability and training curves."""
