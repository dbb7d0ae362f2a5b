"""The scores of a set of models, read from their cards and summaries.

Conventions
-----------
Nothing is computed from notes: the scores were taken when the models were
trained, on held-out instruments. A model whose card cannot be read is left out,
and a sentence gives the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xai_core import store
from xai_core.errors import ModelError
from xai_core.scores import Reliability, Score

__all__ = ["METRICS", "Scorecards", "read_scorecards"]

METRICS = ("precision", "recall", "f1", "balanced_accuracy", "roc_auc")
HALF_BY_CHANCE = ("balanced_accuracy", "roc_auc")  # of a model that guesses


@dataclass(frozen=True, eq=False)
class Scorecards:
    """Cards and summaries of a set of models.

    Parameters
    ----------
    models : str
        Name of the set.
    cards : mapping
        ``{type: {family: Card}}`` in the fixed orders.
    summaries : mapping
        ``{type: summary}`` of the types whose ten models were scored together.
    faults : tuple of str
        What could not be read, one sentence each.
    audit : mapping or None
        What ``dataset audit`` found in the notes of the set, if that is kept.
    """

    models: str
    cards: Mapping[str, Mapping[str, store.Card]]
    summaries: Mapping[str, Mapping[str, Any]]
    faults: tuple[str, ...]
    audit: Mapping[str, Any] | None

    @property
    def n_models(self) -> int:
        """Number of models whose cards can be read."""
        return sum(len(row) for row in self.cards.values())

    @property
    def unproven(self) -> frozenset[tuple[str, str]]:
        """``(type, family)`` of the models that are not shown to be better than chance."""
        return frozenset(
            (type, family)
            for type, row in self.cards.items()
            for family, card in row.items()
            if card.is_weak
        )

    def scores(self, metric: str) -> dict[str, dict[str, Score]]:
        """Return ``{type: {family: Score}}`` of one of :data:`METRICS`."""
        return {
            type: {
                family: Score.of(card.scores, metric)
                for family, card in row.items()
                if metric in card.scores
            }
            for type, row in self.cards.items()
        }

    def chance(self, metric: str) -> dict[str, float] | None:
        """Return ``{family: score of a guess}``, or None where a guess has no one score.

        The precision of a guess is the family's share of the notes; families
        whose cards do not count them are left out.
        """
        if metric in HALF_BY_CHANCE:
            return {family: 0.5 for row in self.cards.values() for family in row}
        if metric != "precision":
            return None
        counts: dict[str, list[tuple[int, int]]] = {}
        for row in self.cards.values():
            for family, card in row.items():
                if {"n_positive", "n_notes"} <= card.scores.keys():
                    pair = (card.scores["n_positive"], card.scores["n_notes"])
                    counts.setdefault(family, []).append(pair)
        return {
            family: sum(n for n, _ in pairs) / sum(total for _, total in pairs)
            for family, pairs in counts.items()
        }

    def accuracy(self) -> dict[str, Score]:
        """Return ``{type: ten-way accuracy}`` of the types that have all ten models."""
        return {
            type: Score.of(summary["ten_way"], "accuracy")
            for type, summary in self.summaries.items()
        }

    def reliability(self, type: str) -> dict[str, Reliability]:
        """Return ``{family: curve}`` of the models of a type whose cards have one."""
        return {
            family: Reliability.from_dict(card.scores["reliability"])
            for family, card in self.cards[type].items()
            if "reliability" in card.scores
        }

    def table(self) -> list[tuple[str | float, ...]]:
        """Return all scores as rows of type, family, metric, value, low and high.

        The first row is the heading; an interval that is not known is "".
        """
        rows: list[tuple[str | float, ...]] = [("type", "family", "metric", "value", "low", "high")]
        for metric in METRICS:
            for type, row in self.scores(metric).items():
                for family, score in row.items():
                    ends = ["" if end is None else end for end in (score.low, score.high)]
                    rows.append((type, family, metric, score.value, *ends))
        return rows

    def histories(self, type: str) -> dict[str, Mapping[str, list[float]]]:
        """Return the training curves of a type: of the trunk, if any, and of each family."""
        trunk = self.summaries.get(type, {}).get("trunk")
        found = {} if not trunk else {"trunk": trunk["history"]}
        for family, card in self.cards[type].items():
            if card.training.get("history"):
                found[family] = card.training["history"]
        return found


def read_scorecards(models: str = "starter") -> Scorecards:
    """Read the cards and summaries of a set.

    Parameters
    ----------
    models : str
        Name of the set.

    Raises
    ------
    ModelError
        If the set has no model whose card can be read.
    """
    cards: dict[str, dict[str, store.Card]] = {}
    faults = []
    for type, families in store.available_models(models).items():
        for family in families:
            try:
                card = store.read_card(type, family, models=models)
            except ModelError as error:
                faults.append(str(error))
            else:
                cards.setdefault(type, {})[family] = card
    if not cards:
        raise ModelError(f"no card of the set {models!r} can be read: {faults[0]}")
    summaries = {
        type: summary
        for type in cards
        if (summary := store.read_summary(type, models=models)) is not None
    }
    return Scorecards(models, cards, summaries, tuple(faults), store.read_audit(models))
