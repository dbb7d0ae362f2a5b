"""What an evaluation found: scores of models, of types, and of types together.

Conventions
-----------
Scores are the lookup tables of :mod:`xai_core.evaluation`, as they stand on cards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Evaluation", "ModelScores", "Notes", "TypeScores", "TypesTogether"]

Notes = Literal["held_out", "all"]


@dataclass(frozen=True, eq=False)
class ModelScores:
    """Scores of one model.

    Parameters
    ----------
    family : str
    sha256 : str
        Digest of the model file.
    scores : dict
        From :func:`xai_core.evaluation.binary_scores`.
    """

    family: str
    sha256: str
    scores: dict[str, Any]


@dataclass(frozen=True, eq=False)
class TypeScores:
    """Scores of the models of one spectrogram type.

    Parameters
    ----------
    type : str
    n_notes, n_instruments : int
        What was scored; instruments that share recordings count as one.
    as_on_cards : bool
        Whether these are, to the sample, the notes that the cards' own scores
        were taken on.
    models : tuple of ModelScores
    ten_way : dict or None
        From :func:`xai_core.evaluation.ten_way_scores`; None without all ten
        models.
    by_collection : dict
        The same for the notes of each collection.
    """

    type: str
    n_notes: int
    n_instruments: int
    as_on_cards: bool
    models: tuple[ModelScores, ...]
    ten_way: dict[str, Any] | None
    by_collection: dict[str, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class TypesTogether:
    """Ten-way scores of several types averaged, on the notes that are unseen by all.

    Parameters
    ----------
    types : tuple of str
    ten_way : dict
        Of the mean log-odds, from :func:`xai_core.evaluation.ten_way_scores`.
    by_collection : dict
        The same for the notes of each collection.
    alone : dict
        ``{type: accuracy}`` of each type by itself on these very notes.
    """

    types: tuple[str, ...]
    ten_way: dict[str, Any]
    by_collection: dict[str, dict[str, Any]]
    alone: dict[str, float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All scores of a set of models.

    Parameters
    ----------
    models : str
        Name of the set.
    notes : {"held_out", "all"}
    types : tuple of TypeScores
    together : TypesTogether or None
        None for a single type, or where no note is unseen by all.
    remarks : tuple of str
        What a reader of the scores must know, one sentence each.
    """

    models: str
    notes: Notes
    types: tuple[TypeScores, ...]
    together: TypesTogether | None
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return asdict(self)
