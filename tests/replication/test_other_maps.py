"""Statements judged on null maps and other views: which can be told from a random network."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_pairs import METHOD, analysis_of, levels, notes_of, pairs_of
from xai_core.pair_tables import Analysis
from xai_core.replication.findings import Findings, compute_findings
from xai_core.replication.other_maps import (
    Judged,
    ToldApart,
    judge_other_maps,
    judged_table,
    mantel_tables,
    on_other_maps,
    told_apart,
    told_apart_sentence,
)
from xai_core.replication.report import write_report
from xai_core.study.beside import beside_tables
from xai_core.values import FAMILIES

NOTES = notes_of(dict.fromkeys(FAMILIES, 5), each=1)
# bass furthest apart in both, as in M4 and M9; organ closest in one alone, as in M5 and M10
REST = [family for family in FAMILIES if family not in ("organ", "bass")]
ORDER, OTHER = ["organ", *REST, "bass"], [*REST, "organ", "bass"]
MODEL, ELSEWHERE = ({family: 1.0 + k for k, family in enumerate(order)} for order in (ORDER, OTHER))


def pairs(level: dict[str, float], seed: int = 0) -> pd.DataFrame:
    return pairs_of(NOTES, levels(level, between=20.0, seed=seed))


def with_beside(**others: pd.DataFrame) -> Analysis:
    made = analysis_of(pairs(MODEL))
    tables = [
        table.assign(maps=name.partition("_")[0], view=name.partition("_")[2] or "absolute")
        for name, table in others.items()
    ]
    return replace(made, beside=pd.concat(tables))


def findings_of(analysis: Analysis) -> Findings:
    rng = np.random.default_rng(0)
    return compute_findings(analysis, models="nowhere", rng=rng, n_resamples=40, n_permutations=9)


@pytest.fixture(scope="module")
def findings() -> Findings:
    return findings_of(analysis_of(pairs(MODEL)))


def verb(count: int) -> str:
    return "is" if count == 1 else "are"


def judge(analysis: Analysis, findings: Findings) -> tuple[Judged, ...]:
    return judge_other_maps(
        analysis,
        method=METHOD,
        verdicts=findings.verdicts,
        rng=np.random.default_rng(0),
        n_resamples=40,
    )


def test_maps_that_are_alike_tell_nothing_apart(findings: Findings) -> None:
    judged = judge(with_beside(random=pairs(MODEL)), findings)
    found = told_apart(judged, n_statements=62)
    assert found is not None
    true = sum(
        bool(one.as_measured)
        for one in findings.verdicts
        if one.is_tested and one.claim.metric not in ("precision", "accuracy")
    )
    assert found.n_true == found.n_alike == found.n_true_of_null == true > 0
    assert found.n_told_apart == 0
    assert found.n_tested == len(judged[0].measured) < 62


def test_what_is_true_of_the_models_alone_is_told_apart(findings: Findings) -> None:
    judged = judge(with_beside(random=pairs(ELSEWHERE)), findings)
    found = told_apart(judged, n_statements=62)
    assert found is not None
    model, null = (one.measured for one in judged)
    alike = [name for name in model if model[name] and null[name]]
    assert {"M4", "M9"} <= set(alike)
    assert {"M5", "M10"} <= {name for name in model if model[name] and not null[name]}
    assert found.n_alike == len(alike)
    assert found.n_told_apart == sum(model.values()) - len(alike) > 0
    assert set(on_other_maps(judged)) == {verdict.claim.id for verdict in judged[1].verdicts}


def test_scores_are_not_judged_on_other_maps(findings: Findings) -> None:
    judged = judge(
        with_beside(random=pairs(MODEL), spectrogram=pairs(MODEL).assign(method="")), findings
    )
    assert len(judged) == 3
    for one in judged:
        assert not {verdict.claim.metric for verdict in one.verdicts} & {"precision", "accuracy"}
        assert one.measured.keys() == judged[0].measured.keys()
    assert (
        told_apart(judge(with_beside(model_signed=pairs(MODEL)), findings), n_statements=62) is None
    )
    (alone,) = judge(analysis_of(pairs(MODEL)), findings)
    assert told_apart([alone], n_statements=62) is None


def test_the_sentence_and_the_table_have_the_counts(findings: Findings) -> None:
    said = told_apart_sentence(ToldApart(62, 20, 1, 1, 3, 2.0))
    nothing = told_apart_sentence(ToldApart(62, 20, 0, 0, 3, 2.0))
    assert nothing.endswith("; none of them is true on the maps of the models.")
    assert "1 of them is true on the maps" in said
    assert "1 of the 1 is just as true" in said
    assert said.endswith(": 0 can be told from a random network.")
    judged = judge(with_beside(random=pairs(ELSEWHERE), model_signed=pairs(MODEL)), findings)
    table = judged_table(judged)
    assert [row[0] for row in table.rows] == [
        "Maps of the models",
        "Maps of random networks",
        "Signed maps of the models",
    ]
    n = len(judged[0].verdicts)
    assert all(sum(map(int, row[1:4])) == n for row in table.rows)
    true = sum(judged[0].measured.values())
    assert table.rows[0][4] == f"{true} of {len(judged[0].measured)}"
    assert table.rows[0][6] == "–"
    assert table.rows[2][6] == f"{true} of {true}"


def test_the_report_says_it_all(tmp_path: Path) -> None:
    made = with_beside(random=pairs(ELSEWHERE), spectrogram=pairs(ELSEWHERE).assign(method=""))
    rng = np.random.default_rng(0)
    tables = beside_tables(made, rng=rng, n_resamples=20, n_permutations=5)
    path = write_report(made, tmp_path / "null", models="nowhere", beside=tables)
    html = re.sub(r"<script.*?</script>", "", path.read_text("utf-8"), flags=re.DOTALL)
    claims = pd.read_csv(tmp_path / "null" / "claims.csv")
    model = claims["as_measured"].eq(True) & ~claims["metric"].isin(["precision", "accuracy"])
    alike = model & claims["as_measured_random_absolute"].eq(True)
    n, m = int(model.sum()), int(alike.sum())
    said = (
        f"{n} of them {verb(n)} true on the maps of the models, and {m} of the {n} {verb(m)} "
        "just as true on the maps of random "
        f"networks: {n - m} can be told from a random network."
    )
    assert said in html
    for part in (
        "How much of this is the network's",
        "Integrated Gradients: rank correlation of the distances",
        "when what stands beside is taken away",
        "Medians by the models less medians by random networks (1 table)",
        "Narrower boxes beside: maps of random networks (hollow) and spectrograms (grey).",
        "Maps of random networks",
        "maps of random networks: not true",
    ):
        assert part in html, part
    assert len(mantel_tables(tables)) == 3
    assert list(claims)[-2:] == ["as_measured_random_absolute", "as_measured_spectrogram_absolute"]
