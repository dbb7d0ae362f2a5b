"""The ten instrument families, in the order in which they are listed everywhere."""

from __future__ import annotations

from xai_core.errors import InputError

__all__ = ["FAMILIES", "check_family"]

FAMILIES: tuple[str, ...] = (
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "vocal",
)


def check_family(family: str) -> str:
    """Return `family` if it is one of :data:`FAMILIES`, else raise InputError.

    Examples
    --------
    >>> check_family("reed")
    'reed'
    """
    if family not in FAMILIES:
        raise InputError(f"unknown family {family!r}: choose one of {', '.join(FAMILIES)}")
    return family
