"""Figures of what an audit finds in a collection of notes, and their words."""
