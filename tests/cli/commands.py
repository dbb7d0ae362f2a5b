"""Commands run in this process, as a user runs them."""

from __future__ import annotations

import sys

import pytest

from xai_core.cli import main

FAMILIES = ("flute", "organ")  # of the set "tiny"


def run_command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Run ``python -m xai_core`` with some words; return the exit status."""
    monkeypatch.setattr(sys, "argv", ["xai_core", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)
