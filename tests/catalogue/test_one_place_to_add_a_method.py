"""A method is one entry and one module: a toy is added to a copy of the program and used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.catalogue.copies import ROOT, append, changed_files, copy_program, run_in_copy
from xai_core.catalogue.methods import METHODS
from xai_core.errors import InputError
from xai_core.explanations import compare, explain
from xai_core.figures import attribution_figure, distance_boxplots, explore_panels
from xai_core.figures.stills.maps import explanation_png
from xai_core.pair_tables import PAIR_COLUMNS, as_table
from xai_core.study.run import analyse
from xai_core.values import Attribution, Axis, Explanation, Spectrogram, Waveform

TYPE = "tonnetz"  # the smallest spectrograms
FAMILIES = ("flute", "mallet", "organ")
ENTRY = """

METHODS["toy_method"] = Method(
    name="toy_method",
    label="Toy Method",
    shows="Input times gradient, which no method of the program is called for.",
    complete=False,
    targets=("logit",),
)
"""
MODULE = '''"""Input times gradient, for a test."""

from collections.abc import Iterator, Mapping
from typing import Any

from xai_core.attribution.methods import Estimate, ModelFunctions
from xai_core.values import FloatArray


def estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    _, gradients = model.input_gradients(x[None])
    yield Estimate(x * gradients[0])
'''
UNKNOWN = "unknown method 'lime': choose one of integrated_gradients, grad_cam"


@pytest.mark.slow
def test_a_toy_method_of_one_entry_and_one_module_works_everywhere(tmp_path: Path) -> None:
    copy = copy_program(tmp_path)
    append(copy / "xai_core/catalogue/methods.py", ENTRY)
    (copy / "xai_core/attribution/toy_method.py").write_text(MODULE, encoding="utf-8")
    assert changed_files(copy) == {
        "xai_core/catalogue/methods.py",
        "xai_core/attribution/toy_method.py",
    }
    shipped, folder = ROOT / "models/starter" / TYPE, tmp_path / "models/starter" / TYPE
    folder.mkdir(parents=True)
    for name in ("summary.json", *FAMILIES):
        (folder / name).symlink_to(shipped / name)
    script = ROOT / "tests/catalogue/toy_method_everywhere.py"
    said = run_in_copy(copy, script, timeout=1200.0)
    assert said.split() == ["explained", "compared", "drawn", "saved", "analysed", "pages"]


def _unknown() -> Attribution:
    time, bins = Axis("Time", "s", np.arange(3)), Axis("Bin", "", np.arange(2))
    return Attribution(np.ones((3, 2)), TYPE, time, bins, method="lime", target="logit")


def test_an_unknown_method_is_refused_with_the_choices_by_whoever_computes() -> None:
    note = Waveform(np.sin(np.arange(64_000) / 5.0), 16_000)
    with pytest.raises(InputError, match=UNKNOWN):
        explain(note, type=TYPE, family="flute", method="lime")
    with pytest.raises(InputError, match=UNKNOWN):
        compare(note, note, type=TYPE, family="flute", other_method="lime")
    with pytest.raises(InputError, match=UNKNOWN):
        analyse([], methods=["lime"])


def test_an_unknown_method_is_refused_with_the_choices_by_whatever_draws() -> None:
    one = _unknown()
    spectrogram = Spectrogram(one.values, TYPE, one.time, one.bins)
    note = Waveform(np.sin(np.arange(64_000) / 5.0), 16_000)
    explanation = Explanation(spectrogram, one, "flute", 0.5, 0.0, None, {}, note)
    pairs = as_table([], PAIR_COLUMNS)
    with pytest.raises(InputError, match=UNKNOWN):
        attribution_figure(one)
    with pytest.raises(InputError, match=UNKNOWN):
        explore_panels(spectrogram, None, {"lime": one}, methods=("lime", "grad_cam"))
    with pytest.raises(InputError, match=UNKNOWN):
        explanation_png(explanation)
    with pytest.raises(InputError, match=UNKNOWN):
        distance_boxplots(pairs, type=TYPE, method="lime")


@pytest.mark.parametrize("name", METHODS)
def test_an_entry_is_found_by_its_name_and_says_what_it_is(name: str) -> None:
    entry = METHODS[name]
    assert entry.name == name
    assert entry.label
    assert entry.shows.endswith(".")
    assert entry.targets
