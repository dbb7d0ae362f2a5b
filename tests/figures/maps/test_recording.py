"""A recording as a whole: nothing of its range is lost, and gaps stay gaps."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.figures import alt_text
from xai_core.figures.maps.answers import (
    COLUMNS,
    scan_map,
    waveform_envelope,
)


def test_one_loud_sample_of_a_long_recording_is_kept_where_it_is() -> None:
    y = np.zeros(1_000_000)
    y[123_456], y[777_777] = 0.9, -0.7
    envelope = waveform_envelope(y)
    assert envelope.shape == (COLUMNS, 2)
    assert (envelope.max(), envelope.min()) == (0.9, -0.7)
    assert envelope[:, 1].argmax() == pytest.approx(0.123_456 * COLUMNS, abs=1)
    assert envelope[:, 0].argmin() == pytest.approx(0.777_777 * COLUMNS, abs=1)
    assert np.count_nonzero(envelope) == 2


@pytest.mark.parametrize("n", [1, 3, 10])
def test_a_very_short_recording_is_its_samples(n: int) -> None:
    y = np.linspace(-1, 1, n)
    np.testing.assert_array_equal(waveform_envelope(y), np.stack([y, y], axis=1))


def test_a_scan_has_a_row_for_each_family_and_gaps_where_nothing_is_heard() -> None:
    table = np.array([[0.9, np.nan, 0.2], [0.1, np.nan, 0.3]])
    figure = scan_map(table, [0.0, 1.0, 2.0], ["flute", "organ"])
    (trace,) = figure.data
    np.testing.assert_allclose(trace.z, 100 * table, rtol=1e-6)
    assert list(trace.x) == [2.0, 3.0, 4.0]  # the middles of 4 s windows
    assert "is the most probable in 50 %" in alt_text(figure)
    silent = scan_map(np.full((2, 1), np.nan), [0.0], ["flute", "organ"])
    assert alt_text(silent) == "Nothing can be heard in the recording."


def test_tables_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match="got shape"):
        scan_map(np.zeros((2, 3)), [0.0], ["flute", "organ"])
    with pytest.raises(InputError, match="expected samples"):
        waveform_envelope(np.zeros((2, 2)))
