from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import GridMismatchError, InputError
from xai_core.metrics import difference_mean


def test_known_answer_6_one_of_n_bins_differs_by_one() -> None:
    a = np.zeros((7, 5))
    b = a.copy()
    b[3, 2] = -1.0
    assert difference_mean(a, b) == pytest.approx(1 / 35, rel=1e-15)
    assert difference_mean(b, a) == difference_mean(a, b)
    assert difference_mean(b, b) == 0.0


def test_it_keeps_the_unit_of_attributions() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 9, 4))
    assert difference_mean(3 * a, 3 * b) == pytest.approx(3 * difference_mean(a, b), rel=1e-12)


def test_grids_that_do_not_match_are_refused() -> None:
    with pytest.raises(GridMismatchError, match=r"got \(126, 40\) and \(126, 128\)"):
        difference_mean(np.zeros((126, 40)), np.zeros((126, 128)))


@pytest.mark.parametrize(
    ("a", "said"),
    [
        (np.zeros(5), "a map of frames and bins"),
        (np.zeros((0, 5)), "a map of frames and bins"),
        (np.full((1, 5), np.nan), "NaN or infinity"),
    ],
)
def test_what_is_no_map_is_refused(a: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        difference_mean(a, np.zeros((1, 5)))
