"""Known answer 7 on heatmaps of the models that come with TimbreLens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from xai_core.explanations import explain
from xai_core.metrics import METRICS, comparable, distances, pairwise, prepare

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "renders"
FAMILIES = ("flute", "organ", "mallet")
N_MAPS = 2 * len(FAMILIES)
TOLERANCE = 1e-6  # relative


@pytest.fixture(scope="module", params=["mfcc", "log_mel"])
def attributions(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[np.ndarray]]:
    """Integrated Gradients of two notes of each family, and one map by Grad-CAM for its zeros."""
    files = [
        (family, sorted((SAMPLES / family / "audio").glob("*.flac"))[k])
        for family in FAMILIES
        for k in (0, -1)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_CACHE", str(tmp_path_factory.mktemp("cache")))
        maps = [
            explain(file, type=request.param, family=family).attribution.values
            for family, file in files
        ]
        family, file = files[0]
        found = explain(file, type=request.param, family=family, method="grad_cam")
        yield [*maps, found.attribution.values]


@pytest.mark.parametrize("metric", METRICS)
def test_the_matrix_and_the_rectangle_are_the_loop(
    attributions: list[np.ndarray], metric: str
) -> None:
    maps = [comparable(one, metric) for one in attributions]
    expected = np.array([[METRICS[metric](a, b) for b in maps] for a in maps])
    assert (expected[~np.eye(len(maps), dtype=bool)] > 0.0).all()
    np.testing.assert_allclose(pairwise(maps, metric), expected, rtol=TOLERANCE, atol=1e-15)
    first, second = prepare(maps[:3], metric), prepare(maps[3:], metric)
    pairs = np.argwhere(np.ones((len(first), len(second)), bool))
    rectangle = distances(first, second, pairs).reshape(len(first), len(second))
    np.testing.assert_allclose(rectangle, expected[:3, 3:], rtol=TOLERANCE, atol=1e-15)
