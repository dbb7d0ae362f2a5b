"""The few kinds of error a user can meet.

Conventions
-----------
Each message is one plain sentence: what was expected, what came, the likely
cause. :class:`InputError` is what the user can mend (exit status 2 on the
command line); :class:`TimbreLensError` itself is a fault of ours (exit
status 1).
"""

__all__ = [
    "AudioError",
    "EmptyMapError",
    "GridMismatchError",
    "InputError",
    "ModelError",
    "TimbreLensError",
]


class TimbreLensError(Exception):
    """Base class of every error that TimbreLens raises on purpose."""


class InputError(TimbreLensError, ValueError):
    """Something the user gave cannot be used, and the user can mend it."""


class AudioError(InputError):
    """Audio that cannot be read, or holds nothing to explain."""


class ModelError(InputError):
    """A model that is missing, altered, or not the expected one."""


class EmptyMapError(InputError):
    """A map that is zero everywhere, so that it cannot be scaled to sum to 1."""


class GridMismatchError(InputError):
    """Two maps whose axes differ, so that bins cannot be compared one by one."""
