"""Run in a copy of the program that knows "toy_method": use it wherever a method can be chosen.

The toy is input times gradient of the logit. Prints one line for each part that worked.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from streamlit.testing.v1 import AppTest

import xai_core
from xai_core import attribution, explain, store
from xai_core.datasets.collection import read_collection
from xai_core.errors import InputError
from xai_core.explanations import Comparison, compare
from xai_core.figures import alt_text, attribution_figure, distance_boxplots, explore_panels
from xai_core.figures import medians_map as medians_figure
from xai_core.figures.maps.maps import difference_figure
from xai_core.metrics.statistics import draw_instruments, within_families
from xai_core.places import samples_folder
from xai_core.replication.report import write_report
from xai_core.results.files import comparison_files, distance_files, explanation_files
from xai_core.results.records import explain_as_recalled, read_recalled, sameness
from xai_core.study.run import analyse
from xai_core.values import Explanation

TYPE, TOY, LABEL = "tonnetz", "toy_method", "Toy Method"
PAGE_SECONDS = 300
RECORDS = [one for one in read_collection(samples_folder()) if one.family == "flute"]
FIRST, SECOND = RECORDS[0].path, RECORDS[1].path


def by_hand(explanation: Explanation) -> np.ndarray:
    """Return input times gradient of the logit, from the probability: dp/dx / (p (1 - p)) * x."""
    model, _ = store.load_model(TYPE, "flute")
    assert isinstance(model, keras.Model)
    x = tf.constant(explanation.spectrogram.values[np.newaxis, ..., np.newaxis])
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = model(x, training=False)[0, 0]
    slopes = tape.gradient(p, x)[0, ..., 0].numpy().astype(np.float64)
    return slopes / float(p * (1 - p)) * explanation.spectrogram.values


def check_explanation() -> Explanation:
    toy = explain(FIRST, type=TYPE, family="flute", method=TOY)
    expected, got = by_hand(toy), toy.attribution.values
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(got, expected, atol=1e-3 * np.abs(expected).max())
    other = explain(FIRST, type=TYPE, family="flute").attribution.values
    assert np.abs(got - other).max() > 0.1 * np.abs(got).max()  # not Integrated Gradients
    assert (toy.attribution.method, toy.completeness) == (TOY, None)
    decides = {"method", "preset", "target", "type", "family", "models"}
    assert set(toy.settings) == decides | {"model_sha256", "note_sha256"}
    again = explain(FIRST, type=TYPE, family="flute", method=TOY)  # from the cache
    np.testing.assert_array_equal(again.attribution.values, got)
    with pytest.raises(InputError, match="n_steps has no effect on toy_method"):
        explain(FIRST, type=TYPE, family="flute", method=TOY, n_steps=8)
    return toy


def check_comparisons() -> Comparison:
    same = compare(FIRST, SECOND, type=TYPE, family="flute", method=TOY)
    assert set(same.scores) > {"difference_mean", "emd"}
    two = compare(FIRST, FIRST, type=TYPE, family="flute", method=TOY, other_method="grad_cam")
    assert "difference_mean" not in two.scores  # two units
    assert [one.method for one in two.maps] == [TOY, "grad_cam"]
    assert np.isfinite(list(two.scores.values())).all()
    return same


def check_figures(toy: Explanation, comparison: Comparison) -> None:
    figure = attribution_figure(toy.attribution)
    assert LABEL in figure.to_json()
    assert alt_text(figure).startswith(f"{LABEL} map")
    assert alt_text(difference_figure(comparison.difference))
    beside = explain(FIRST, type=TYPE, family="flute", method="grad_cam")
    maps = {one.attribution.method: one.attribution for one in (toy, beside)}
    panels = explore_panels(toy.spectrogram, None, maps, methods=(TOY, "grad_cam"))
    assert f"{LABEL} map" in alt_text(panels)


def check_files(toy: Explanation, comparison: Comparison) -> None:
    files = {one.suffix: one for one in explanation_files(toy, note="a note")}
    made = {suffix: one.make() for suffix, one in files.items()}
    assert TOY in files["png"].name
    assert made["png"].startswith(b"\x89PNG")
    assert b"<svg" in made["svg"]
    assert json.loads(made["json"])["settings"]["method"] == TOY
    with tempfile.TemporaryDirectory() as folder:
        saved = {suffix: Path(folder) / f"saved.{suffix}" for suffix in made}
        for suffix, path in saved.items():
            path.write_bytes(made[suffix])
        with np.load(saved["npz"]) as arrays:
            np.testing.assert_array_equal(arrays["attribution"], toy.attribution.values)
        recalled = read_recalled(saved["json"])
        again = explain_as_recalled(saved["wav"], recalled)
        assert "to the last bit" in sameness(recalled, again)
    for file in comparison_files(comparison, notes=("a", "b")):
        assert file.make()


def check_analysis() -> None:
    analysis = analyse(RECORDS, types=[TYPE], families=["flute"], methods=[TOY], notes_per_family=3)
    pairs = analysis.pairs
    assert set(pairs["method"]) == {TOY}
    assert len(pairs) == 3
    assert analysis.settings["presets"][TOY]["method"] == TOY
    assert LABEL in alt_text(distance_boxplots(pairs, type=TYPE, method=TOY))
    table = within_families(pairs, draw_instruments(pairs, rng=np.random.default_rng(0))).table()
    assert medians_figure(table, metric="emd", method=TOY)
    for file in distance_files(pairs, type=TYPE, method=TOY, settings=analysis.settings):
        assert file.make()
    with tempfile.TemporaryDirectory() as folder:
        report = write_report(analysis, folder, models="starter")
        assert LABEL in report.read_text(encoding="utf-8")


def page(file: str, **query: str) -> AppTest:
    app = AppTest.from_file(Path.cwd() / "app.py", default_timeout=PAGE_SECONDS)
    if file != "app.py":
        app.switch_page(file)
    for key, value in {"type": TYPE, **query}.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    assert not app.error, app.error
    return app


def chosen(app: AppTest, label: str) -> tuple[str, list[str]]:
    (widget,) = (one for one in app.selectbox if one.label == label)
    return widget.value, list(widget.options)


def check_pages() -> None:
    page("app.py")
    compared = page("pages/compare.py", method=TOY, method_b="grad_cam")
    value, options = chosen(compared, "Method")
    assert value == TOY
    assert LABEL in options
    assert chosen(compared, "Method of B")[0] == "grad_cam"
    assert page("pages/compare.py", method=TOY)
    measured = page("pages/metrics.py", method=TOY, notes="4")
    value, options = chosen(measured, "Method")
    assert value == TOY
    assert LABEL in options
    measured.button(key="run").click().run()
    assert not measured.exception, measured.exception
    # 4 notes of each of three families: 6 pairs each
    assert "Finished: 18 pairs of notes." in [one.value for one in measured.caption]


def main() -> None:
    assert TOY in attribution.METHODS
    assert Path(xai_core.__file__).parent.parent == Path.cwd()
    toy = check_explanation()
    print("explained")
    comparison = check_comparisons()
    print("compared")
    check_figures(toy, comparison)
    print("drawn")
    check_files(toy, comparison)
    print("saved")
    check_analysis()
    print("analysed")
    check_pages()
    print("pages")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the pages' threads still load models ahead
