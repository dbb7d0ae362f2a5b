"""Figures of models' scores: bars, curves and confusion matrices."""
