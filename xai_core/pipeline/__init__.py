"""Composition: what a page or a command calls, each in one function."""
