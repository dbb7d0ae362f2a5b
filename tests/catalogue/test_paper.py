"""The paper's own lists: fixed, and known to the vocabularies that they are taken from."""

from __future__ import annotations

import pytest

from xai_core import FAMILIES
from xai_core.catalogue import families
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import (
    PAPER_ACCURACY,
    PAPER_FIGURES,
    PAPER_METRICS,
    PAPER_TYPES,
    check_paper_type,
)
from xai_core.catalogue.types import TYPES
from xai_core.errors import InputError
from xai_core.replication.claims import read_claims


def test_the_papers_types_figures_and_accuracies() -> None:
    assert PAPER_TYPES == ("stft", "log_mel", "mfcc", "chroma", "spectral_contrast", "tonnetz")
    assert [PAPER_FIGURES[type] for type in PAPER_TYPES] == [5, 6, 7, 8, 9, 10]
    assert PAPER_ACCURACY == {"mfcc": 0.62, "stft": 0.56, "log_mel": 0.55}
    assert PAPER_METRICS == ("difference_mean", "kl_divergence", "js_divergence", "emd")


def test_they_are_among_what_there_is() -> None:
    assert set(PAPER_TYPES) <= set(TYPES)
    assert set(PAPER_METRICS) <= set(METRICS)


def test_each_type_of_the_paper_has_a_statement_and_there_are_62() -> None:
    claims = read_claims()
    assert len(claims) == 62
    assert {type for claim in claims for type in claim.types} == set(PAPER_TYPES)


def test_what_is_not_of_the_paper_is_refused() -> None:
    with pytest.raises(InputError, match="'cqt' of the paper: choose one of stft, log_mel"):
        check_paper_type("cqt")
    with pytest.raises(InputError, match="unknown family 'harp': choose one of bass, brass"):
        families.check_family("harp")
    assert families.FAMILIES is FAMILIES
