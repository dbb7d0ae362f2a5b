"""Which models are not shown to be better than chance, and how that is said.

Conventions
-----------
A card says of its model whether the interval of its balanced accuracy, on
instruments that it never heard, lies above 0.5. A card that says nothing of it
(of another program, or not scored yet) raises no doubt.
"""

from __future__ import annotations

from xai_core import store
from xai_core.errors import ModelError

__all__ = ["doubt_sentence", "doubted_families", "is_doubted"]


def is_doubted(card: store.Card) -> bool:
    """Whether a card says that its model is not shown to be better than chance."""
    return card.scores.get("better_than_chance") is False


def doubted_families(type: str, *, models: str = "starter") -> tuple[str, ...]:
    """Return the families whose models are not shown to be better than chance.

    Parameters
    ----------
    type : str
        Spectrogram type.
    models : str
        Name of the model set.

    Returns
    -------
    tuple of str
        In the order of FAMILIES. A model whose card cannot be read is not among
        them: who loads it hears why.
    """
    found = []
    for family in store.available_models(models).get(type, ()):
        try:
            card = store.read_card(type, family, models=models)
        except ModelError:
            continue
        if is_doubted(card):
            found.append(family)
    return tuple(found)


def doubt_sentence(card: store.Card) -> str:
    """Return what a reader of this model's explanations must know, or ""."""
    if not is_doubted(card):
        return ""
    score = f"{card.scores['balanced_accuracy']:.0%}"
    return (
        f"The {card.type} model of {card.family} is not shown to be better than chance on "
        f"instruments it never heard (balanced accuracy {score}; guessing gives 50%), so its maps "
        "tell little about the instrument."
    )
