"""A recording as a whole: nothing of its range is lost, and gaps stay gaps."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.figures import alt_text
from xai_core.figures.recording import COLUMNS, scan_map, waveform_figure


def test_one_loud_sample_of_a_long_recording_is_drawn() -> None:
    y = np.zeros(1_000_000)
    y[123_456], y[777_777] = 0.9, -0.7
    (trace,) = waveform_figure(y, 16_000, start=1.0).data
    assert len(trace.x) == 2 * COLUMNS
    assert trace.y.max() == pytest.approx(0.9)
    assert trace.y.min() == pytest.approx(-0.7)
    at = trace.x[int(np.argmax(trace.y))]
    assert at == pytest.approx(123_456 / 16_000, abs=1_000_000 / COLUMNS / 16_000)


def test_the_window_is_where_it_is_said_to_be() -> None:
    figure = waveform_figure(np.ones(16_000 * 10), 16_000, start=2.5)
    (window,) = figure.layout.shapes
    assert (window.x0, window.x1) == (2.5, 6.5)
    assert "10.0 s; the 4 s from 2.50 s on" in alt_text(figure)


@pytest.mark.parametrize("n", [1, 3, 10])
def test_very_short_recordings_can_be_drawn(n: int) -> None:
    (trace,) = waveform_figure(np.linspace(-1, 1, n), 16_000).data
    assert np.isfinite(trace.y).all()


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
        waveform_figure(np.zeros((2, 2)), 16_000)
