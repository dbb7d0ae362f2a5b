"""A result as files: pictures, arrays, the settings that decided it, and the sound.

Conventions
-----------
A file is made when its ``make`` is called, in memory, so that a page can offer
files that are not downloaded. Arrays are NPZ that load without pickle, axes
included; JSON holds what :mod:`xai_core.results.records` needs to compute
the same arrays again. The sound is WAV of 32-bit floats: the very samples that
were explained, where 16 bits would round them. File names say what is inside
and end in eight digits that differ between settings; no file system that takes 255
bytes refuses them.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from xai_core.audio import to_exact_wav
from xai_core.canvas import is_carried, on_canvas
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.explanations.comparison import EVIDENCE
from xai_core.explanations.loaded_models import array_digest
from xai_core.figures.base.scales import PERCENTILE, Sign
from xai_core.results.records import (
    IN_HERTZ,
    comparison_record,
    explanation_record,
    model_digests,
    prediction_record,
)
from xai_core.values import FAMILIES, Attribution, Explanation, Prediction

if TYPE_CHECKING:
    import pandas as pd

    from xai_core.explanations.comparison import Comparison

__all__ = [
    "ExportFile",
    "comparison_files",
    "distance_files",
    "explanation_files",
    "name_stem",
    "prediction_files",
]

NAME_LETTERS = 60  # of a note, in a file name
NAME_BYTES = 90  # of a note, in a file name: a comparison has two, and 75 bytes beside them
DIGITS = 8  # of a digest, in a file name
MIMES = {
    "csv": "text/csv",
    "json": "application/json",
    "npz": "application/zip",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "svg": "image/svg+xml",
    "wav": "audio/wav",
}


@dataclass(frozen=True, eq=False)
class ExportFile:
    """One file of a result, made when it is downloaded.

    Parameters
    ----------
    name : str
        File name.
    label : str
        What a visitor reads.
    make : callable
        Takes nothing, returns the bytes; works in any thread.
    """

    name: str
    label: str
    make: Callable[[], bytes]

    @property
    def suffix(self) -> str:
        """What the name ends in, without the dot."""
        return self.name.rpartition(".")[2]

    @property
    def mime(self) -> str:
        """Kind of the content, by the suffix."""
        return MIMES[self.suffix]


def explanation_files(
    explanation: Explanation,
    *,
    note: str,
    start: float = 0.0,
    sign: Sign = "signed",
    limits: tuple[float, float] | None = None,
    percentile: float = PERCENTILE,
    in_hertz: bool = False,
    pitch: float | None = None,
) -> tuple[ExportFile, ...]:
    """Return the files of an explanation: PNG, SVG, NPZ, JSON and WAV.

    Parameters
    ----------
    explanation : Explanation
    note : str
        What the note is called.
    start : float
        Seconds into its recording at which the note begins.
    sign : {"signed", "unsigned"}
        How the pictures draw Integrated Gradients.
    limits, percentile
        Colours of the pictures, as on the page; pictures in other colours have
        other names.
    in_hertz : bool
        Whether the pictures show the map in hertz and seconds; the arrays have it, where
        there is one, in any case.
    pitch : float, optional
        Hz, where it is known: the JSON has the evidence by partial then.
    """
    settings = explanation.settings
    family = name_stem(explanation.family)
    words = (name_stem(note), settings["type"], family, settings["method"])
    stem = "_".join((*words, _digits(settings)))
    colours: dict[str, Any] = {"sign": sign, "limits": limits, "percentile": percentile}
    usual = {"sign": "signed", "limits": None, "percentile": PERCENTILE}
    look = {**colours, **({"in_hertz": True} if in_hertz else {})}
    drawn = stem if look == usual else "_".join((*words, _digits({**settings, **look})))

    def pictured() -> Explanation:
        return on_canvas(explanation) if in_hertz else explanation

    return (
        ExportFile(
            f"{drawn}.png",
            "Picture (PNG)",
            lambda: _pictures().explanation_png(pictured(), **colours),
        ),
        ExportFile(
            f"{drawn}.svg",
            "Drawing for print (SVG)",
            lambda: _pictures().explanation_svg(pictured(), **colours),
        ),
        ExportFile(f"{stem}.npz", "Arrays (NPZ)", partial(_explanation_npz, explanation)),
        ExportFile(
            f"{stem}.json",
            "Settings and numbers (JSON)",
            lambda: _json(explanation_record(explanation, note=note, start=start, pitch=pitch)),
        ),
        ExportFile(
            f"{stem}.wav",
            "The 4 s that were explained (WAV)",
            partial(to_exact_wav, explanation.waveform),
        ),
    )


def comparison_files(comparison: Comparison, *, notes: tuple[str, str]) -> tuple[ExportFile, ...]:
    """Return the files of a comparison: PNG, SVG, NPZ, JSON and a WAV of each note.

    Parameters
    ----------
    comparison : Comparison
    notes : tuple of str
        What the two notes are called.
    """
    a, b = comparison.a, comparison.b
    both: dict[str, Any] = {"a": a.settings, "b": b.settings}
    if comparison.evidence:
        both["evidence"] = comparison.evidence
    types = list(dict.fromkeys(one.settings["type"] for one in (a, b)))
    words = (name_stem(notes[0]), name_stem(notes[1]), "-".join(types))
    stem = "_".join((*words, _digits(both)))
    names = (
        f"{_model_of(a, comparison)}, {notes[0]}",
        f"{_model_of(b, comparison)}, {notes[1]}",
    )
    look: dict[str, Any] = {"names": names}
    if comparison.across_types:
        look["grid"] = IN_HERTZ
    if comparison.evidence:
        look["evidence"] = EVIDENCE[comparison.evidence]
    maps = (*comparison.maps, comparison.difference)
    return (
        ExportFile(
            f"{stem}.png", "Picture (PNG)", lambda: _pictures().comparison_png(*maps, **look)
        ),
        ExportFile(
            f"{stem}.svg",
            "Drawing for print (SVG)",
            lambda: _pictures().comparison_svg(*maps, **look),
        ),
        ExportFile(f"{stem}.npz", "Arrays (NPZ)", partial(_comparison_npz, comparison)),
        ExportFile(
            f"{stem}.json",
            "Settings and distances (JSON)",
            lambda: _json(comparison_record(comparison, notes=notes)),
        ),
        ExportFile(f"{stem}_a.wav", "Sound of A (WAV)", partial(to_exact_wav, a.waveform)),
        ExportFile(f"{stem}_b.wav", "Sound of B (WAV)", partial(to_exact_wav, b.waveform)),
    )


def distance_files(
    pairs: pd.DataFrame,
    *,
    type: str,
    method: str,
    settings: Mapping[str, Any],
    beside: Mapping[str, pd.DataFrame] | None = None,
    medians: pd.DataFrame | None = None,
) -> tuple[ExportFile, ...]:
    """Return the files of many distances: CSV, Parquet, the boxplots as PNG, settings as JSON.

    Parameters
    ----------
    pairs : pandas.DataFrame
        As in :attr:`xai_core.pair_tables.Analysis.pairs`.
    type, method : str
        Of the pairs.
    settings : mapping
        What decided them.
    beside : mapping, optional
        ``{maps: pairs}`` of null maps and spectrograms, for the boxplots and a CSV of
        their own.
    medians : pandas.DataFrame, optional
        From :meth:`xai_core.metrics.statistics.FamilyQuartiles.table`, for a CSV of their
        own, whose column ``columns`` names those of `pairs` that each was counted from.
    """
    stem = f"distances_{type}_{method}_{_digits(settings)}"
    others = [] if not beside else [table.assign(maps=maps) for maps, table in beside.items()]

    def others_csv() -> bytes:
        return "".join(
            table.to_csv(index=False, header=number == 0) for number, table in enumerate(others)
        ).encode()

    files: tuple[ExportFile, ...] = (
        ExportFile(f"{stem}.csv", "Table (CSV)", lambda: pairs.to_csv(index=False).encode()),
        ExportFile(f"{stem}.parquet", "Table (Parquet)", lambda: pairs.to_parquet(index=False)),
        ExportFile(
            f"{stem}.png",
            "Boxplots (PNG)",
            lambda: _charts().distance_boxplots_png(pairs, type=type, method=method, beside=beside),
        ),
        ExportFile(f"{stem}.json", "Models, notes, settings (JSON)", lambda: _json(settings)),
    )
    if medians is not None:
        counted = medians.assign(
            columns=[" + ".join(METRICS[metric].directions) for metric in medians["metric"]]
        )
        files += (
            ExportFile(
                f"{stem}_medians.csv",
                "Medians (CSV)",
                lambda: counted.to_csv(index=False).encode(),
            ),
        )
    if not others:
        return files
    label = "Random networks, spectrograms (CSV)"
    return (*files, ExportFile(f"{stem}_beside.csv", label, others_csv))


def prediction_files(
    prediction: Prediction, *, note: str, start: float = 0.0
) -> tuple[ExportFile, ...]:
    """Return the files of what all models say of a note: CSV and JSON.

    Parameters
    ----------
    prediction : Prediction
    note : str
        What the note is called.
    start : float
        Seconds into its recording at which the note begins.
    """
    decided_by = {
        "start": start,
        "note_sha256": array_digest(prediction.waveform.y),
        "models": prediction.models,
        "model_sha256": model_digests(prediction),
    }
    stem = f"{name_stem(note)}_all-models_{_digits(decided_by)}"
    return (
        ExportFile(f"{stem}.csv", "Table (CSV)", partial(_probabilities_csv, prediction)),
        ExportFile(
            f"{stem}.json",
            "Table, models, versions (JSON)",
            lambda: _json(prediction_record(prediction, note=note, start=start)),
        ),
    )


# ----------------------------------------------------------------------- private


def _explanation_npz(explanation: Explanation) -> bytes:
    return _npz(
        spectrogram=explanation.spectrogram.values,
        attribution=explanation.attribution.values,
        **_axes(explanation.attribution),
        **_inputs(explanation),
        **_in_hertz(explanation),
    )


def _in_hertz(explanation: Explanation) -> dict[str, Any]:
    """Return the evidence on the canvas, of a map that is not in hertz by itself."""
    types = [one.type for one in explanation.spectrograms]
    if types == ["stft"] or not all(map(is_carried, types)):
        return {}
    shown = on_canvas(explanation).attribution
    return {
        "canvas": shown.values,
        "canvas_time": shown.time.values,
        "canvas_hz": shown.bins.values,
    }


def _inputs(explanation: Explanation) -> dict[str, Any]:
    """Return spectrogram, attribution and axes by input, of a model that has several."""
    if len(explanation.spectrograms) == 1:
        return {}
    arrays = {f"spectrogram_{one.type}": one.values for one in explanation.spectrograms}
    for one in explanation.attributions:
        arrays[f"attribution_{one.type}"] = one.values
        arrays |= {f"{name}_{one.type}": values for name, values in _axes(one).items()}
    return arrays


def _model_of(explanation: Explanation, comparison: Comparison) -> str:
    """Return whose model is explained, with its type where the other has another."""
    if not comparison.across_types:
        return f"{explanation.family} model"
    return f"{explanation.family} {spectrogram_type(explanation.attribution.type).label} model"


def _own_maps(comparison: Comparison) -> dict[str, Any]:
    """Return both attributions on their own grids, where they were carried to another."""
    if not comparison.across_types:
        return {}
    arrays: dict[str, Any] = {}
    for name, one in (("a", comparison.a.attribution), ("b", comparison.b.attribution)):
        arrays[f"attribution_{name}"] = one.values
        arrays |= {f"{axis}_{name}": values for axis, values in _axes(one).items()}
    return arrays


def _comparison_npz(comparison: Comparison) -> bytes:
    a, b = comparison.maps
    return _npz(
        a=a.values,
        b=b.values,
        difference=comparison.difference.values,
        spectrogram_a=comparison.a.spectrogram.values,
        spectrogram_b=comparison.b.spectrogram.values,
        **_axes(comparison.difference),
        **_own_maps(comparison),
    )


def _axes(one: Attribution) -> dict[str, Any]:
    """Return seconds, and positions of the bins with their unit and, if they have some, names."""
    axes: dict[str, Any] = {"time": one.time.values, "bins": one.bins.values}
    axes["bins_unit"] = np.array(one.bins.unit or one.bins.name)
    return axes | ({"bins_names": np.array(one.bins.labels)} if one.bins.labels else {})


def _probabilities_csv(prediction: Prediction) -> bytes:
    rows = prediction.probabilities
    lines = [
        [family, *(f"{row[family]:.6g}" if family in row else "" for row in rows.values())]
        for family in FAMILIES
    ]
    return "".join(f"{','.join(line)}\n" for line in [["family", *rows], *lines]).encode()


def _npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, allow_nan=False) + "\n").encode()


def name_stem(note: str) -> str:
    """Return the letters of a name that every file system and shell takes."""
    letters = re.sub(r"[^\w-]+", "-", note).strip("-")[:NAME_LETTERS]
    return letters.encode()[:NAME_BYTES].decode(errors="ignore") or "note"


def _digits(settings: Mapping[str, Any]) -> str:
    """Return eight digits that differ between settings, so that no result overwrites another."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _pictures() -> Any:
    """Return the module that draws maps; Matplotlib is imported by the first picture."""
    from xai_core.figures.stills import maps

    return maps


def _charts() -> Any:
    from xai_core.figures.stills import charts

    return charts
