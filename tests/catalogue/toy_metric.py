"""The program with a metric added, used as a visitor would; run in a copy by its test.

It prints JSON: what the test compares with numbers of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NAME = "toy_total"


def half_of_l1(a: np.ndarray, b: np.ndarray) -> float:
    """Return the toy metric by hand: half the L1 distance of two heatmaps."""
    p, q = (np.abs(one.astype(np.float64)) / np.abs(one.astype(np.float64)).sum() for one in (a, b))
    return float(np.abs(p - q).sum() / 2)


def outcomes(pairs: pd.DataFrame) -> list[list[Any]]:
    """Return the verdict on each of the paper's statements."""
    from xai_core.replication.findings import judge_distances

    rng = np.random.default_rng(0)
    found = judge_distances(pairs, method="integrated_gradients", rng=rng, n_resamples=40)
    return [[one.claim.id, one.outcome, one.share, one.rule] for one in found.verdicts]


def main(folder: Path) -> dict[str, Any]:
    """Write notes and models, and use the metric everywhere."""
    from tests.model_sets.tiny_models import write_models, write_notes

    families = ("flute", "organ")
    records = [one for one in write_notes(folder / "all") if one.family in families]
    for family in families:
        (folder / "notes").mkdir(exist_ok=True)
        (folder / "notes" / family).symlink_to(folder / "all" / family)
    write_models(records, "tonnetz", models="starter", families=families)
    return {
        "compare": compared([next(r.path for r in records if r.family == f) for f in families]),
        "pairwise": of_many(),
        "analyse": analysed(folder),
        "outcomes": outcomes(pd.read_parquet(folder / "made.parquet")),
        "statements": n_statements(),
        "pages": pages(),
    }


def compared(files: list[Path]) -> dict[str, Any]:
    """Compare two notes, by Python and by the command line."""
    from xai_core.explanations import compare

    found = compare(*files, type="tonnetz", family="flute", preset="paper")
    words = ["compare", *files, "-t", "tonnetz", "-f", "flute", "--preset", "paper"]
    a, b = (one.attribution.values for one in (found.a, found.b))
    return {
        "scores": dict(found.scores),
        "by_hand": half_of_l1(a, b),
        "printed": run_command(*words),
    }


def of_many() -> dict[str, Any]:
    """Compute the metric between every two of a few maps."""
    from xai_core.metrics import METRICS, pairwise

    maps = np.random.default_rng(0).random((5, 6, 3))
    loop = [[METRICS[NAME](a, b) for b in maps] for a in maps]
    by_hand = [[half_of_l1(a, b) for b in maps] for a in maps]
    return {"matrix": pairwise(maps, NAME).tolist(), "loop": loop, "by_hand": by_hand}


def analysed(folder: Path) -> dict[str, Any]:
    """Analyse a few notes with tables and a report; draw boxplots and medians."""
    from xai_core.catalogue.metrics import METRICS
    from xai_core.figures import alt_text, distance_boxplots, medians_map
    from xai_core.figures.stills.charts import distance_boxplots_png
    from xai_core.metrics.statistics import draw_instruments, within_families
    from xai_core.study.tables import read_analysis

    out = folder / "out"
    words = ["analyse", "--data", folder / "notes", "-t", "tonnetz", "--notes", 4, "--between", 4]
    words += ["--method", "integrated_gradients", "--preset", "paper"]
    printed = run_command(*words, "--out", out, "--report", out)
    pairs = read_analysis(out).pairs
    draws = draw_instruments(pairs, rng=np.random.default_rng(0), n_resamples=20)
    chosen = {"type": "tonnetz", "method": "integrated_gradients"}
    boxes = distance_boxplots(pairs, metrics=tuple(METRICS), points=True, **chosen)
    medians = within_families(pairs, draws).table()
    map = medians_map(medians, metric=NAME, method="integrated_gradients")
    png = distance_boxplots_png(pairs, metrics=(NAME,), **chosen)
    return {
        "printed": printed,
        "columns": list(pd.read_csv(out / "pairs.csv").columns),
        "values": pairs[NAME].tolist(),
        "alt": [alt_text(boxes), alt_text(map)],
        "png": png[:4].decode("latin-1"),
        "report": (out / "report.html").read_text("utf-8").count("Toy total"),
        "differ": pd.read_csv(out / "families_differ.csv")["metric"].tolist(),
    }


def n_statements() -> int:
    """Return how many statements of the paper there are."""
    from xai_core.replication.claims import read_claims

    return len(read_claims())


def pages() -> dict[str, Any]:
    """Open Compare and Metrics, and compute there."""
    from streamlit.testing.v1 import AppTest

    query = {"type": "tonnetz", "notes": "4", "steps": "50"}
    found = {}
    for name in ("compare", "metrics"):
        app = AppTest.from_file(str(Path.cwd() / "app.py"), default_timeout=120)
        app.switch_page(f"pages/{name}.py")
        app.query_params.update(query)
        app.run()
        if name == "metrics":
            run = [one for one in app.button if one.key == "run"]
            if run:
                run[0].click().run()
        found[name] = {
            "faults": [one.value for one in (*app.exception, *app.error)],
            "texts": [one.value for one in (*app.markdown, *app.caption)]
            + [one.label for one in app.metric]
            + [name for one in app.table for name in one.value.columns]
            + [option for one in app.selectbox for option in one.options],
        }
    return found


def run_command(*words: object) -> str:
    """Run a command in this process and return what it prints."""
    from xai_core import cli

    sys.argv = ["xai_core", *map(str, words)]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        cli.main()
    return printed.getvalue()


if __name__ == "__main__":
    place = Path(sys.argv[1])
    (place / "result.json").write_text(json.dumps(main(place)), encoding="utf-8")
