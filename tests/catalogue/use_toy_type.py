"""Use the spectrogram type ``toy`` everywhere, in a copy of the program that has it.

Prints one JSON object of facts. Run by ``test_one_place_to_add_a_type.py`` in the
copy: ``python use_toy_type.py NOTES REPORT``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from tests.model_sets.tiny_models import write_models, write_notes
from xai_core import SPECTROGRAM_TYPES, explain, figures, predict
from xai_core.audio import fit_note, load
from xai_core.catalogue.methods import PAPER_METHODS
from xai_core.explanations import compare, feature_maps
from xai_core.features import extract
from xai_core.figures import alt_text
from xai_core.figures.maps.maps import difference_figure
from xai_core.figures.stills.charts import distance_boxplots_png, score_bars_png
from xai_core.figures.stills.maps import comparison_png, explanation_png
from xai_core.replication.findings import judge_distances
from xai_core.replication.report import write_report
from xai_core.results.files import comparison_files, distance_files, explanation_files
from xai_core.scores import Score
from xai_core.study.run import analyse

TYPE = "toy"
FAMILIES = ("flute", "organ", "mallet")
PAGES = {"Explore": "app.py", "Compare": "pages/compare.py", "Metrics": "pages/metrics.py"}
PNG = b"\x89PNG"
TIMEOUT = 120  # s, of one run of a page


def use_python(notes: Path, report: Path) -> dict[str, Any]:
    """Predict, explain, compare, analyse, report; draw every figure that takes a type."""
    records = [one for one in write_notes(notes) if one.family in FAMILIES]
    for type in ("tonnetz", TYPE):
        write_models(records, type, models="starter", families=FAMILIES)
    by_family = {one.family: one.path for one in records}
    note, other = by_family["flute"], by_family["organ"]
    prediction = predict(note)
    explanations = {
        method: explain(note, type=TYPE, family="flute", method=method) for method in PAPER_METHODS
    }
    ig, cam = (explanations[method] for method in PAPER_METHODS)
    compared = compare(note, other, type=TYPE, family="flute", other_family="organ")
    analysis = analyse(records, types=["tonnetz", TYPE], notes_per_family=3, between_pairs=2)
    page = write_report(analysis, report, models="starter")
    alone = analysis.pairs[analysis.pairs["type"] == TYPE]
    found = judge_distances(alone, method=PAPER_METHODS[0], rng=np.random.default_rng(0))
    maps = feature_maps(note, type=TYPE, family="flute")
    spectrogram = extract(fit_note(load(note)), TYPE)
    score = {TYPE: {"flute": Score(0.5, 0.4, 0.6)}}
    drawn = {
        "spectrogram": figures.spectrogram_figure(spectrogram),
        "attribution": figures.attribution_figure(ig.attribution),
        "feature maps": figures.feature_maps_figure(maps),
        "difference": difference_figure(compared.difference),
        "panels": figures.explore_panels(
            spectrogram, maps, {name: one.attribution for name, one in explanations.items()}
        ),
        "probabilities": figures.probability_bars(
            prediction.by_type()[TYPE], highlighted="flute", height=270
        ),
        "boxes": figures.distance_boxplots(alone, type=TYPE, method=PAPER_METHODS[0]),
        "medians": figures.medians_map(found.table, metric="emd", method=PAPER_METHODS[0]),
        "bars": figures.score_bars(score),
        "accuracy": figures.accuracy_bars({TYPE: Score(0.5)}),
    }
    stills = [
        explanation_png(ig),
        explanation_png(cam),
        comparison_png(*compared.maps, compared.difference, names=("a", "b")),
        distance_boxplots_png(alone, type=TYPE, method=PAPER_METHODS[0]),
        score_bars_png(score),
    ]
    files = {
        "explanation": explanation_files(ig, note="a note"),
        "comparison": comparison_files(compared, notes=("a", "b")),
        "distances": distance_files(alone, type=TYPE, method=PAPER_METHODS[0], settings={}),
    }
    claims = pd.read_csv(report / "claims.csv")
    return {
        "types": list(SPECTROGRAM_TYPES),
        "shape": list(ig.attribution.values.shape),
        "axis": [ig.attribution.bins.name, *ig.attribution.bins.labels],
        "answers": prediction.by_type()[TYPE],
        "completeness": ig.completeness.error if ig.completeness else None,
        "cam": [float(cam.attribution.values.min()), list(cam.attribution.values.shape)],
        "scores": dict(compared.scores),
        "pairs": int((alone["method"] == PAPER_METHODS[0]).sum()),
        "verdicts of toy": len(found.verdicts),
        "claims": len(claims),
        "types of claims": sorted({one for row in claims["type"] for one in row.split(";")}),
        "report": page.read_text(encoding="utf-8").count("Toy spectrum, "),
        "numbered": "Figure 5. Toy" in page.read_text(encoding="utf-8"),
        "alt": {name: alt_text(figure) for name, figure in drawn.items()},
        "colour": drawn["bars"].data[0].marker.color,
        "scale": [drawn["spectrogram"].data[0].zmin, drawn["spectrogram"].data[0].zmax],
        "stills": [one.startswith(PNG) for one in stills],
        "files": {name: [one.name for one in some] for name, some in files.items()},
    }


def use_pages() -> dict[str, Any]:
    """Choose the type on each page; on Metrics, compute."""
    found = {}
    for name, file in PAGES.items():
        page = AppTest.from_file(str(Path("app.py").resolve()), default_timeout=TIMEOUT)
        if file != "app.py":
            page = page.switch_page(file)
        page.run()
        chooser = page.selectbox(key="type")
        offered = list(chooser.options)
        first = chooser.value
        page = chooser.select(TYPE).run()
        if name == "Metrics":
            page.selectbox(key="notes").select("4").run()
            page = page.button(key="run").click().run()
        found[name] = {
            "offered": offered,
            "first": first,
            "chosen": page.selectbox(key="type").value,
            "exceptions": [one.message for one in page.exception],
            "errors": [one.value for one in page.error],
            "text": " ".join(one.value for one in (*page.markdown, *page.caption)),
        }
    return found


def main() -> None:
    notes, report = map(Path, sys.argv[1:])
    facts = use_python(notes, report)
    print(json.dumps({**facts, "pages": use_pages()}))


if __name__ == "__main__":
    main()
