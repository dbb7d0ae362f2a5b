"""The replication report: the paper's section 4 on the notes at hand, as one HTML file.

Conventions
-----------
The page opens without a network: Plotly's script, all figures and all tables are
inside. Names of notes, instruments and data sets are escaped by the template.
The tables lie beside it as CSV. Equal analyses give equal numbers: the seed of
the analysis decides resamples and shuffles.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from xai_core.catalogue.compared import ABSOLUTE, NULL, SPECTROGRAM
from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_FIGURES, PAPER_METRICS
from xai_core.errors import InputError
from xai_core.figures import accuracy_bars, alt_text, distance_boxplots, medians_map, score_bars
from xai_core.figures.html import embedded, plotly_script
from xai_core.figures.scores.parts import short_name
from xai_core.model_sets.scorecards import Scorecards
from xai_core.pair_tables import Analysis, within
from xai_core.replication.claims import OUTCOMES, RULES, Verdict, tally
from xai_core.replication.findings import (
    Findings,
    claim_frame,
    compute_findings,
    differ_tables,
    effect_tables,
    median_tables,
    numbers_in,
)
from xai_core.replication.other_maps import (
    Judged,
    judge_other_maps,
    judged_table,
    mantel_tables,
    median_difference_tables,
    on_other_maps,
    told_apart,
    told_apart_sentence,
)
from xai_core.study.beside import BesideTables
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

__all__ = ["write_report"]

REPORT_FILE = "report.html"
TEMPLATE = "report.html.jinja"


def write_report(
    analysis: Analysis,
    folder: str | Path,
    *,
    models: str,
    beside: BesideTables | None = None,
) -> Path:
    """Write the replication report of an analysis, with its tables beside it.

    Parameters
    ----------
    analysis : Analysis
    folder : path
        Made if need be; an earlier report there is written over.
    models : str
        Name of the model set whose cards have precision and accuracy.
    beside : BesideTables, optional
        Of an analysis with null maps beside it.

    Returns
    -------
    Path
        ``report.html`` in the folder.

    Raises
    ------
    InputError
        If there are no pairs, or the folder cannot be written to.
    """
    folder = Path(folder)
    rng = np.random.default_rng(analysis.settings.get("seed", 0))
    findings = compute_findings(analysis, models=models, rng=rng)
    judged = judge_other_maps(analysis, method=findings.method, verdicts=findings.verdicts, rng=rng)
    content = _content(analysis, findings, models) | _beside(analysis, findings, judged, beside)
    page = _environment().get_template(TEMPLATE).render(content)
    tables = {
        "within_families": findings.medians,
        "within_against_between": findings.apart,
        "against_the_rest": findings.rest,
        "families_differ": findings.differ,
        "claims": _with_other_maps(claim_frame(findings.verdicts), judged),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
        path = folder / REPORT_FILE
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the report cannot be written to {folder}: {error.strerror or error}"
        ) from error
    return path


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _content(analysis: Analysis, findings: Findings, models: str) -> dict[str, Any]:
    """Return what the template prints."""
    counts = Counter(verdict.outcome for verdict in findings.verdicts)
    by_section: dict[str, list[dict[str, Any]]] = {}
    for verdict in findings.verdicts:
        row = {"verdict": verdict, "numbers": numbers_in(verdict), "on": _on(verdict)}
        by_section.setdefault(verdict.claim.section, []).append(row)
    return {
        "script": plotly_script(),
        "about": _about(analysis, findings.scorecards, models),
        "outcomes": [(one, counts[one], _remark(one, findings.verdicts)) for one in OUTCOMES],
        "by_types": _counts_by_types(findings),
        "n_claims": len(findings.verdicts),
        "by_chance": tally(findings.verdicts),
        "claims": by_section,
        "rules": RULES,
        "method": map_kind(findings.method).label,
        "n_resamples": findings.n_resamples,
        "n_permutations": findings.n_permutations,
        "scores": _score_figures(findings.scorecards),
        "boxplots": _boxplots(analysis, findings),
        "medians": _median_maps(findings),
        "differ": differ_tables(findings.differ),
        "median_tables": median_tables(findings.medians),
        "apart": effect_tables(findings.apart, against="between families against within"),
        "rest": effect_tables(findings.rest, against="within it against within all others"),
        "settings": _settings(analysis.settings),
    }


def _with_other_maps(claims: pd.DataFrame, judged: Sequence[Judged]) -> pd.DataFrame:
    """Return the claims with a column for each of the other maps: true as measured or not."""
    for one in judged[1:]:
        name = f"as_measured_{one.compared.maps}_{one.compared.view}"
        claims = claims.assign(**{name: claims["id"].map(one.measured)})
    return claims


def _beside(
    analysis: Analysis,
    findings: Findings,
    judged: Sequence[Judged],
    tables: BesideTables | None,
) -> dict[str, Any]:
    """Return what the template prints of other maps; nothing of it where there are none."""
    n_statements = len(findings.verdicts)
    apart = told_apart(judged, n_statements=n_statements, view=analysis.compared.view)
    return {
        "told_apart": apart,
        "told_apart_said": "" if apart is None else told_apart_sentence(apart),
        "judged": judged_table(judged) if len(judged) > 1 else None,
        "on_other_maps": on_other_maps(judged),
        "mantel": () if tables is None else mantel_tables(tables),
        "differences": () if tables is None else median_difference_tables(tables),
        "compared": analysis.compared,
    }


def _about(analysis: Analysis, scorecards: Scorecards | None, models: str) -> dict[str, Any]:
    """Return the numbers of the paragraph on methods and data."""
    notes, settings = analysis.notes, analysis.settings
    types = [type for type in SPECTROGRAM_TYPES if (analysis.pairs["type"] == type).any()]
    methods = [str(method) for method in analysis.pairs["method"].unique()]
    inside = within(analysis.pairs)
    families = [family for family in FAMILIES if (inside["family"] == family).any()]
    per_map = inside.groupby(["type", "method"]).size()
    return {
        "types": [short_name(type) for type in types],
        "methods": [map_kind(method).label for method in methods],
        "families": families,
        "missing": [family for family in FAMILIES if family not in families],
        "metrics": f"{_in_words(len(METRICS))} metrics",
        "n_notes": notes["note"].nunique(),
        "n_instruments": len(notes[["family", "instrument"]].drop_duplicates()),
        "n_pairs": len(analysis.pairs),
        "n_within": int(per_map.max()) if len(per_map) else 0,
        "data": [str(one.get("name", "")) for one in settings.get("data", [])],
        "models": models,
        "analysed_with": settings.get("models", {}).get("name", models),
        "presets": {
            map_kind(method).label: json.dumps(preset, ensure_ascii=False)
            for method, preset in settings.get("presets", {}).items()
        },
        "n_other_models": _n_other_models(settings, scorecards),
        "n_zero": sum(bool(one.get("type")) for one in settings.get("left_out", [])),
    }


def _n_other_models(settings: Mapping[str, Any], scorecards: Scorecards | None) -> int:
    """Return how many of the models that were explained are not those with the scores."""
    if scorecards is None:
        return 0
    explained = settings.get("models", {}).get("sha256", {})
    return sum(
        type not in scorecards.cards
        or family not in scorecards.cards[type]
        or scorecards.cards[type][family].sha256 != sha256
        for type, of_type in explained.items()
        for family, sha256 in of_type.items()
    )


def _remark(outcome: str, verdicts: Sequence[Verdict]) -> str:
    """Say of what is not decidable how much lacks numbers, and how much is undecided."""
    if outcome != "not decidable":
        return ""
    found = [verdict for verdict in verdicts if verdict.outcome == outcome]
    n_lacking = sum(not verdict.is_tested for verdict in found)
    n_undecided = len(found) - n_lacking
    return f"{n_lacking} lack numbers here, {n_undecided} vary too widely or can be read two ways"


def _on(verdict: Verdict) -> str:
    """Say what a claim speaks of: types, metric, families."""
    claim = verdict.claim
    if claim.metric == "all":
        metric = f"{_in_words(len(PAPER_METRICS))} metrics"
    else:
        metric = METRICS[claim.metric].short if claim.metric in METRICS else claim.metric
    every = claim.families == FAMILIES
    parts = [" and ".join(short_name(type) for type in claim.types), metric]
    return ", ".join([*parts, *([] if every else claim.families)])


def _in_words(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)


def _counts_by_types(findings: Findings) -> list[tuple[str, list[int]]]:
    """Return how many claims on each type have which outcome; scores stand by themselves."""
    counts: dict[str, Counter[str]] = {}
    for verdict in findings.verdicts:
        claim = verdict.claim
        scores = claim.metric in ("precision", "accuracy")
        name = (
            "precision and accuracy"
            if scores
            else " and ".join(short_name(type) for type in claim.types)
        )
        counts.setdefault(name, Counter())[verdict.outcome] += 1
    return [(name, [found[outcome] for outcome in OUTCOMES]) for name, found in counts.items()]


def _score_figures(scorecards: Scorecards | None) -> list[dict[str, str]]:
    precision = {} if scorecards is None else scorecards.scores("precision")
    if scorecards is None or not any(precision.values()):
        return []
    bars = score_bars(
        precision,
        chance=scorecards.chance("precision"),
        unproven=scorecards.unproven,
    )
    figures = [_figure(bars, "figure-4", "Figure 4. Precision of each model on unseen instruments")]
    if accuracy := scorecards.accuracy():
        heading = "Ten-way accuracy of each spectrogram type"
        figures.append(_figure(accuracy_bars(accuracy), "accuracy", heading))
    return figures


def _boxplots(analysis: Analysis, findings: Findings) -> list[dict[str, str]]:
    out = []
    others = {
        NULL: analysis.pairs_of(NULL, analysis.compared.view),
        SPECTROGRAM: analysis.pairs_of(SPECTROGRAM, ABSOLUTE),
    }
    for method in analysis.pairs["method"].unique():
        for type in SPECTROGRAM_TYPES:
            chosen = (analysis.pairs["type"] == type) & (analysis.pairs["method"] == method)
            if chosen.any():
                figure = distance_boxplots(
                    analysis.pairs[chosen],
                    type=type,
                    method=method,
                    medians=findings.medians,
                    beside=others,
                )
                number = f"Figure {PAPER_FIGURES[type]}. " if type in PAPER_FIGURES else ""
                heading = f"{number}{short_name(type)}, {map_kind(method).label}"
                out.append(_figure(figure, f"boxes-{type}-{method}", heading))
    return out


def _median_maps(findings: Findings) -> list[dict[str, str]]:
    return [
        _figure(
            medians_map(findings.medians, metric=metric, method=method),
            f"medians-{metric}-{method}",
            f"{METRICS[metric].label}, {map_kind(method).label}",
        )
        for method in findings.medians["method"].unique()
        for metric in METRICS
    ]


def _figure(figure: Any, name: str, heading: str) -> dict[str, str]:
    return {
        "heading": heading,
        "html": embedded(figure, name=name),
        "caption": alt_text(figure),
    }


def _settings(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return all settings but the list of notes, which is long and lies in settings.json."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in settings.items()
        if name not in ("notes", "left_out")
    ]
