"""What is in the cache is found without computing, and judged as the whole is."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.browser import ROOT
from xai_core.datasets.collection import read_collection
from xai_core.errors import InputError
from xai_core.replication.findings import judge_distances
from xai_core.results.files import distance_files
from xai_core.study.run import analyse, read_partial_results

ASKED = {"types": ["chroma"], "methods": ["grad_cam"], "notes_per_family": 2}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(ROOT / "models"))
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path))
    return tmp_path


def test_finished_blocks_are_found_and_nothing_is_computed(cache: Path) -> None:
    records = read_collection(ROOT / "samples")
    before = read_partial_results(records, **ASKED)
    assert (before.n_done, before.n_blocks) == (0, 10)
    assert before.pairs.empty
    assert not before.is_finished
    whole = analyse(records, between_pairs=0, **ASKED)
    files = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    after = read_partial_results(records, **ASKED)
    assert after.is_finished
    assert set(after.pairs["type"]) == {after.pairs["type"].iloc[0]}
    cleared = after.cleared()
    assert (len(cleared.pairs), cleared.n_done, cleared.n_blocks) == (0, 0, after.n_blocks)
    pd.testing.assert_frame_equal(after.pairs, whole.pairs)
    assert files == {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    decided = {name: value for name, value in whole.settings.items() if name != "left_out"}
    assert after.settings == decided | {"data": []}
    asked = {"type": ASKED["types"][0], "method": ASKED["methods"][0]}
    csv, *_, settings = distance_files(after.pairs, **asked, settings=after.settings)
    assert json.loads(settings.make()) == after.settings
    again = pd.read_csv(io.BytesIO(csv.make()))
    np.testing.assert_allclose(again["emd"], whole.pairs["emd"])


def test_claims_on_types_that_are_there_are_judged() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"type": "mfcc", "method": "grad_cam", "family": family, "other_family": family,
         "note_a": f"{family}{i}", "note_b": f"{family}{j}", "instrument_a": f"{family}{i % 3}",
         "instrument_b": f"{family}{j % 3}", "same_instrument": i % 3 == j % 3,
         "pitch_distance": 1, "difference_mean": level, "kl_divergence": level,
         "kl_divergence_reversed": level, "js_divergence": level / 10, "emd": level / 10,
         "emd_values": level / 10}
        for level, family in enumerate(("bass", "organ"), start=1)
        for i in range(6)
        for j in range(i)
    ]  # fmt: skip
    findings = judge_distances(pd.DataFrame(rows), method="grad_cam", rng=rng, n_resamples=50)
    medians = findings.medians("emd")
    assert {family: score.value for family, score in medians.items()} == {"bass": 0.1, "organ": 0.2}
    assert findings.verdicts
    assert {type for one in findings.verdicts for type in one.claim.types} == {"mfcc"}
    with pytest.raises(InputError, match="got none"):
        judge_distances(pd.DataFrame(rows).iloc[:0], method="grad_cam", rng=rng)
