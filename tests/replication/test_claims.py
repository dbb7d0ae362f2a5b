"""Files of claims: the paper's sixty-two, and what is told of a faulty file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from xai_core.errors import InputError
from xai_core.replication.claims import CHEN_2024, read_claims
from xai_core.replication.relations import (
    BestTypes,
    Extreme,
    InThird,
    LowerThan,
    MedianIn,
    Near,
)
from xai_core.values import FAMILIES

HEADING = "id,section,type,metric,relation,families,claim\n"


def test_every_claim_of_the_paper_is_understood() -> None:
    claims = read_claims()
    lines = CHEN_2024.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line and not line.startswith(("#", "id,"))]
    assert len(claims) == len(rows) == 62
    assert all(claim.tests for claim in claims)
    counts = Counter(claim.id[0] for claim in claims)
    assert [counts[letter] for letter in "APSLMCKTD"] == [3, 14, 11, 12, 11, 4, 2, 2, 3]


def test_claims_say_what_the_file_says() -> None:
    claims = {claim.id: claim for claim in read_claims()}
    assert claims["S1"].families == ("bass", "brass")
    assert (claims["S1"].types, claims["S1"].metric) == (("stft",), "difference_mean")
    assert claims["S1"].tests == (Extreme("low"),)
    assert claims["M1"].tests == (Extreme("high"), InThird("high", "spread"))
    assert claims["S7"].tests == (MedianIn(0.4, 0.6),)
    assert claims["S7"].families == FAMILIES
    assert claims["A1"].tests == (Near(0.62), BestTypes())
    assert claims["P2"].tests == (LowerThan("tonnetz"),)
    assert claims["P12"].types == ("tonnetz", "spectral_contrast")


def test_another_paper_is_read_from_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text(f"# Another 2025\n{HEADING}Z1,2,chroma,emd_values,low,reed; brass,low there\n")
    (claim,) = read_claims(path)
    assert (claim.id, claim.families, claim.text) == ("Z1", ("reed", "brass"), "low there")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Z1,2,chroma,emd,loudest,reed,x", "claim Z1: unknown relation 'loudest'.*highest.*LOW"),
        ("Z1,2,chroma,emd,lower than cqt,reed,x", "claim Z1: unknown spectrogram type 'cqt'"),
        ("Z1,2,chroma,cosine,low,reed,x", "claim Z1: unknown metric 'cosine'"),
        ("Z1,2,cqt,emd,low,reed,x", "claim Z1: unknown spectrogram type 'cqt'"),
        ("Z1,2,chroma,emd,low,harp,x", "claim Z1: unknown family 'harp'"),
        ("Z1,2,chroma,emd,low,reed,x\nZ1,2,mfcc,emd,low,reed,x", "one claim a name .* Z1"),
    ],
)
def test_a_faulty_claim_is_named(tmp_path: Path, row: str, reason: str) -> None:
    path = tmp_path / "faulty.csv"
    path.write_text(HEADING + row + "\n")
    with pytest.raises(InputError, match=reason):
        read_claims(path)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the claims in .* cannot be read"):
        read_claims(tmp_path / "nowhere.csv")
    (tmp_path / "half.csv").write_text("id,claim\nZ1,x\n")
    with pytest.raises(InputError, match="columns section, type, metric, relation, families"):
        read_claims(tmp_path / "half.csv")
