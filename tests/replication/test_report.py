"""The report: one file that needs no network, with our numbers, all claims, and names escaped."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.browser import ROOT
from tests.made_pairs import METHOD, analysis_of, levels, notes_of, pairs_of
from xai_core.errors import InputError
from xai_core.pair_tables import Analysis
from xai_core.replication.claims import read_claims
from xai_core.replication.findings import (
    claim_frame,
    compute_findings,
    differ_tables,
    effect_tables,
    median_tables,
    numbers_in,
)
from xai_core.replication.report import write_report
from xai_core.store import read_card
from xai_core.values import FAMILIES

LEVEL = {family: 1.0 + k for k, family in enumerate(FAMILIES)}
TRICK = "<script>alert('x')</script> & co"


def _analysis(**settings: object) -> Analysis:
    notes = notes_of(dict.fromkeys(FAMILIES, 3), each=2)
    return analysis_of(pairs_of(notes, levels(LEVEL, between=20.0)), **settings)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return the report of a made analysis of MFCC, and its folder; no models are there."""
    folder = tmp_path_factory.mktemp("report")
    path = write_report(_analysis(data=[{"name": TRICK}]), folder, models="nowhere")
    assert path == folder / "report.html"
    return path.read_text(encoding="utf-8"), folder


def _without_scripts(html: str) -> str:
    return re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def test_the_page_asks_the_network_for_nothing(page: tuple[str, Path]) -> None:
    html = _without_scripts(page[0])
    assert not re.search(r"<(script|img|link|iframe)\b|\b(src|href)=|url\(|@import", html)
    assert page[0].count("<!DOCTYPE html>") == 1
    assert page[0].count("* plotly.js v") == 1  # its licence: the script is there once


def test_nothing_is_said_of_random_networks_without_them(page: tuple[str, Path]) -> None:
    assert "random network" not in _without_scripts(page[0])
    assert not [name for name in pd.read_csv(page[1] / "claims.csv") if "random" in name]


def test_names_are_escaped(page: tuple[str, Path]) -> None:
    assert TRICK not in page[0]
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; co" in page[0]


def test_every_claim_has_its_row_and_the_counts_add_up(page: tuple[str, Path]) -> None:
    html = _without_scripts(page[0])
    for claim in read_claims():
        assert f'<tr id="claim-{claim.id}">' in html
    counts = [int(n) for n in re.findall(r'class="count"><b>(\d+)</b>of 62 statements', html)]
    verdicts = pd.read_csv(page[1] / "claims.csv")["verdict"].value_counts()
    assert counts == [verdicts.get(o, 0) for o in ("holds", "does not hold", "not decidable")]
    assert sum(counts) == 62
    # bass is lowest and vocal highest in everything, on MFCC: M4, M7 to M10 say otherwise
    assert verdicts["does not hold"] >= 5
    (said,) = re.findall(
        r"Of the (\d+) statements that are about order.*?, (\d+)\s+(?:is|are)", html
    )
    claims = pd.read_csv(page[1] / "claims.csv")
    of_order = claims[claims["as_measured"].notna() & claims["by_chance"].notna()]
    assert said == (str(len(of_order)), str(int((of_order["as_measured"] == True).sum())))  # noqa: E712
    lowest = claims.set_index("id").loc["M10", "by_chance"]
    assert lowest == pytest.approx(0.1, abs=0.015)  # one family of ten


def test_figures_have_alternative_text_and_a_place_in_the_paper(page: tuple[str, Path]) -> None:
    html = _without_scripts(page[0])
    assert "Figure 7. MFCC, Integrated Gradients" in html
    labels = re.findall(r'role="img" aria-label="([^"]+)"', html)
    assert len(labels) == 6  # four boxplots in one figure, and five maps of medians
    assert all(len(label) > 40 for label in labels)


def test_scores_that_are_not_there_are_said_to_be_so(page: tuple[str, Path]) -> None:
    assert "No card of the set <code>nowhere</code> tells a precision" in page[0]
    claims = pd.read_csv(page[1] / "claims.csv").set_index("id")
    assert claims.loc["P6", "reason"] == "no precision on chroma"


def test_scores_of_other_models_than_those_explained_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(ROOT / "models"))
    card = read_card("mfcc", "organ")
    for changed, said in ((0, ""), (1, "1 of the models that were explained are not")):
        sha256 = {"mfcc": {"organ": "0" * 64 if changed else card.sha256}}
        analysis = _analysis(models={"name": "starter", "sha256": sha256})
        html = write_report(analysis, tmp_path, models="starter").read_text(encoding="utf-8")
        assert said in html
        assert bool(said) == ("models that were explained are not" in html)


def test_the_tables_beside_it_hold_the_medians(page: tuple[str, Path]) -> None:
    table = pd.read_csv(page[1] / "within_families.csv")
    pairs = _analysis().within
    bass = table[(table["family"] == "bass") & (table["metric"] == "emd")].iloc[0]
    assert bass["median"] == pytest.approx(pairs[pairs["family"] == "bass"]["emd"].median())
    assert (bass["n_notes"], bass["n_instruments"], bass["n_pairs"]) == (6, 3, 15)
    assert f"{bass['median']:#.3g}<br>" in page[0]
    differ = pd.read_csv(page[1] / "families_differ.csv")
    assert (differ["separation"] == 1.0).all()  # every pair within is closer than any between
    assert (differ["p_holm"] <= 0.05).all()
    for name in ("within_against_between", "against_the_rest"):
        assert len(pd.read_csv(page[1] / f"{name}.csv")) == 50


def test_equal_analyses_give_equal_reports(page: tuple[str, Path], tmp_path: Path) -> None:
    path = write_report(_analysis(data=[{"name": TRICK}]), tmp_path, models="nowhere")
    assert path.read_text(encoding="utf-8") == page[0]

    def low(seed: int) -> pd.Series:
        rng = np.random.default_rng(seed)
        few = {"n_resamples": 20, "n_permutations": 9}
        return compute_findings(_analysis(), models="nowhere", rng=rng, **few).medians["median_low"]

    assert not low(1).equals(low(2))


def test_what_cannot_be_reported_is_refused(tmp_path: Path) -> None:
    empty = Analysis(_analysis().pairs[:0], _analysis().notes[:0], {})
    with pytest.raises(InputError, match="expected an analysis with pairs of notes, got none"):
        write_report(empty, tmp_path, models="nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the report cannot be written to"):
        write_report(_analysis(), tmp_path / "file", models="nowhere")


def test_one_family_without_others_is_a_report_too(tmp_path: Path) -> None:
    pairs = pairs_of(notes_of({"reed": 1}), levels({"reed": 1.0}), type="tonnetz")
    html = write_report(analysis_of(pairs), tmp_path, models="nowhere").read_text(encoding="utf-8")
    assert "Figure 10. Tonnetz" in html
    assert "There are no such pairs." in html
    assert "There are no pairs within bass, brass," in html


def test_tables_in_words() -> None:
    found = compute_findings(
        _analysis(), models="nowhere", rng=np.random.default_rng(0), n_resamples=50,
        n_permutations=99,
    )  # fmt: skip
    (medians,) = median_tables(found.medians)
    assert medians.headings[:4] == ("Family", "Notes", "Instruments", "Pairs")
    assert [row[0] for row in medians.rows] == list(FAMILIES)
    assert medians.rows[0][1:4] == ("6", "3", "15")
    assert re.fullmatch(r"\d\.\d\d \(\d\.\d+ to \d\.\d+\)", medians.rows[0][4])
    (apart,) = effect_tables(found.apart, against="x")
    assert apart.rows[0][3] == "+1.00 (+1.00 to +1.00)"
    (differ,) = differ_tables(found.differ)
    assert differ.rows[0][:2] == ("MFCC", "30")
    assert differ.rows[0][2] == "+1.00, p = 0.050"  # 1 of 100 shuffles, five tests
    by_id = {verdict.claim.id: verdict for verdict in found.verdicts}
    numbers = numbers_in(by_id["M9"])
    for number, which in zip(numbers, ("on the plane", "between values"), strict=True):
        assert re.fullmatch(
            rf"bass median {which} \d\.\d+ \(\d\.\d+ to \d\.\d+\), "
            r"rank 10 of 10 families, delta -1\.00",
            number,
        )
    assert numbers_in(by_id["M1"])[1].startswith("keyboard interquartile range 0.0")
    assert numbers_in(by_id["M6"])[0] == "0 of 10 families inside, in nats (0 to 0)"
    frame = claim_frame(found.verdicts)
    assert frame["id"].tolist() == [claim.id for claim in read_claims()]
    assert found.method == METHOD
