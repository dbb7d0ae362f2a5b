"""The JSON of a result, numbers, every setting that decided them and versions; and its map again.

Conventions
-----------
``settings`` are those of :class:`xai_core.explanations.settings.Settings` that have an
effect, with the SHA-256 of model, note and baseline; digests of arrays are those
of 32-bit floats.

:func:`read_recalled` reads the JSON of an explanation, or another with the same
entries; nothing in it is believed before it is checked. The model must be the one of
then, by its SHA-256. The note may be the recording, of which the same 4 s are taken,
or the exported WAV, which is those 4 s already.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xai_core import __version__, store
from xai_core.audio import fit_note, load
from xai_core.canvas import is_carried
from xai_core.errors import AudioError, InputError
from xai_core.explanations.explain import Audio, explain_progressively
from xai_core.explanations.loaded_models import array_digest
from xai_core.explanations.partials import break_down
from xai_core.explanations.regions import regions_of
from xai_core.explanations.settings import Settings
from xai_core.values import Explanation, Prediction, Waveform, check_family, check_type

if TYPE_CHECKING:
    from xai_core.explanations.comparison import Comparison

__all__ = [
    "Recalled",
    "comparison_record",
    "explain_as_recalled",
    "explanation_record",
    "model_digests",
    "prediction_record",
    "read_recalled",
    "sameness",
]

IN_HERTZ = "hertz and seconds"  # grid on which two spectrogram types are compared
MAKER = "TimbreLens"  # in every JSON of ours
PACKAGES = ("numpy", "librosa", "keras", "tensorflow")
MAX_BYTES = 2**20  # of a JSON; ours have some thousand
KINDS: dict[str, tuple[type, ...]] = {  # of values of Settings that are not text
    "noise_level": (int, float),
    "seed": (int,),
    "n_steps": (int, type(None)),
    "tolerance": (int, float),
    "map_tolerance": (int, float, type(None)),
    "max_steps": (int,),
    "gamma": (int, float),
    "epsilon": (int, float),
}


def explanation_record(
    explanation: Explanation, *, note: str, start: float = 0.0, pitch: float | None = None
) -> dict[str, Any]:
    """Return what the JSON of an explanation holds.

    Parameters
    ----------
    explanation, note, start, pitch
        As :func:`explanation_files`.

    Returns
    -------
    dict
        JSON-serialisable. ``settings`` decide the map, with the SHA-256 of
        model, note and baseline; ``attribution_sha256`` is that of the map;
        ``evidence`` are the regions with the largest net; ``parts`` the sums of its evidence
        by part of the note and, where the pitch is known, by partial, None of a type that has no
        place in hertz.
    """
    completeness = explanation.completeness
    return {
        **_made_by("explanation"),
        "note": note,
        "start": start,
        "audio": list(explanation.waveform.edits),
        "family": explanation.family,
        "probability": explanation.probability,
        "logit": explanation.logit,
        "completeness": None
        if completeness is None
        else {**asdict(completeness), "error": completeness.error},
        "settings": explanation.settings,
        "evidence": _evidence(explanation, pitch),
        "parts": _parts(explanation, pitch),
        "attribution_sha256": array_digest(explanation.attribution.values),
        "notes": list(explanation.notes),
    }


def _evidence(explanation: Explanation, pitch: float | None) -> dict[str, Any]:
    found = regions_of(explanation, pitch=pitch)
    regions = [{**asdict(one), "net": one.net, "side": one.side} for one in found.regions]
    return {**asdict(found), "net": found.net, "regions": regions}


def _parts(explanation: Explanation, pitch: float | None) -> dict[str, Any] | None:
    if not all(is_carried(one.type) for one in explanation.spectrograms):
        return None
    found = break_down(explanation, pitch=pitch)
    return {
        "pitch": pitch,
        "by_part": [asdict(one) for one in found.by_part],
        "by_partial": [asdict(one) for one in found.by_partial],
    }


def comparison_record(comparison: Comparison, *, notes: tuple[str, str]) -> dict[str, Any]:
    """Return what the JSON of a comparison holds: distances, and both explanations.

    Where the maps are compared as shares, ``evidence`` says what these are of: "positive"
    values alone, or "absolute" values.
    """
    return {
        **_made_by("comparison"),
        "scores": dict(comparison.scores),
        "unit": comparison.difference.target,
        **({"grid": IN_HERTZ} if comparison.across_types else {}),
        **({"evidence": comparison.evidence} if comparison.evidence else {}),
        "a": explanation_record(comparison.a, note=notes[0]),
        "b": explanation_record(comparison.b, note=notes[1]),
        "notes": list(comparison.notes),
    }


def prediction_record(prediction: Prediction, *, note: str, start: float = 0.0) -> dict[str, Any]:
    """Return what the JSON of all models' answers holds, with the SHA-256 of note and models."""
    return {
        **_made_by("prediction"),
        "note": note,
        "start": start,
        "audio": list(prediction.waveform.edits),
        "note_sha256": array_digest(prediction.waveform.y),
        "probabilities": prediction.by_type(),
        "verdict": prediction.verdict(),
        "weights": dict(prediction.weights),
        **({"ten_way": _tables(prediction.ten_way)} if prediction.ten_way else {}),
        "models": prediction.models,
        "model_sha256": model_digests(prediction),
    }


def _tables(rows: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {type: dict(row) for type, row in rows.items()}


def model_digests(prediction: Prediction) -> dict[str, dict[str, str]]:
    """Return the SHA-256 of the models that answered, ``{type: {family: digest}}``."""
    return {
        type: {
            family: store.read_card(type, family, models=prediction.models).sha256 for family in row
        }
        for type, row in prediction.probabilities.items()
    }


def versions_here() -> dict[str, str]:
    """Return the versions of Python and of the packages that a map depends on."""
    here = {"python": platform.python_version(), "xai_core": __version__}
    return here | {name: store.package_version(name) for name in PACKAGES}


@dataclass(frozen=True)
class Recalled:
    """The explanation that an exported JSON describes.

    Parameters
    ----------
    source : str
        Name of the file, for sentences.
    type, family, models : str
        Which model was explained.
    settings : Settings
    start : float
        Seconds into the recording.
    model_sha256, note_sha256 : str
    baseline_sha256, attribution_sha256, code_sha256 : str
        "" where the file has none.
    model : str or None
        Name of a model that is not binary.
    """

    source: str
    type: str
    family: str
    models: str
    settings: Settings
    start: float
    model_sha256: str
    note_sha256: str
    baseline_sha256: str
    attribution_sha256: str
    code_sha256: str
    model: str | None = None

    def check_beside(self, given: Mapping[str, Any]) -> None:
        """Refuse options beside the file that contradict it.

        Parameters
        ----------
        given : mapping
            ``{name: value}`` of fields of this or of :class:`Settings`; None
            for what is not given.

        Raises
        ------
        InputError
            That names the first contradiction.
        """
        for name, value in given.items():
            here = getattr(self if hasattr(self, name) else self.settings, name)
            if value is not None and value != here:
                said = "as many as needed" if here is None else here
                what = name.removeprefix("n_")
                raise InputError(
                    f"--{what.replace('_', '-')} {value} contradicts {self.source}, which says "
                    f"{said}: leave one of them out"
                )


def read_recalled(file: str | Path) -> Recalled:
    """Read the JSON of an explanation.

    Raises
    ------
    InputError
        If it cannot be read, or is not the JSON of an explanation.
    """
    path = Path(file)
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"the settings {path} cannot be read: {error.strerror}") from error
    foreign = InputError(
        f"expected the JSON of an explanation of {MAKER} in {path.name}, got something else: "
        "is it the file that was saved beside the map?"
    )
    try:
        record = json.loads(content) if len(content) <= MAX_BYTES else None
    except (ValueError, RecursionError):  # no JSON, no text, or nested to harm
        raise foreign from None
    if not isinstance(record, dict) or not isinstance(record.get("settings"), dict):
        raise foreign
    settings = record["settings"]
    texts = ("type", "family", "models", "model_sha256", "note_sha256")
    start = record.get("start", 0.0)
    if not all(isinstance(settings.get(name), str) for name in texts) or not _is_number(start):
        raise foreign
    if record.get("made_by", MAKER) != MAKER:
        raise foreign
    model = _text(settings, "model") or None
    return Recalled(
        source=path.name,
        type=check_type(settings["type"]),
        family=settings["family"] if model else check_family(settings["family"]),
        models=settings["models"],
        settings=_settings(settings, foreign),
        start=float(start),
        model_sha256=settings["model_sha256"],
        note_sha256=settings["note_sha256"],
        baseline_sha256=_text(settings, "baseline_sha256"),
        attribution_sha256=_text(record, "attribution_sha256"),
        code_sha256=_text(record, "code_sha256"),
        model=model,
    )


def explain_as_recalled(
    audio: str | Path | bytes | Waveform,
    recalled: Recalled,
    *,
    baseline_audio: Audio | None = None,
) -> Explanation:
    """Explain a note with the settings of a JSON.

    Parameters
    ----------
    audio : path, bytes or Waveform
        The recording of then, the WAV that was exported, or any other note.
    recalled : Recalled
    baseline_audio : path, bytes or Waveform, optional
        The other note, where the baseline was one.

    Raises
    ------
    InputError
        If the model or the baseline is another than the one of then, or as
        :func:`xai_core.explanations.explain`.
    """
    if recalled.model:
        card = store.read_card(name=recalled.model, models=recalled.models)
    else:
        card = store.read_card(recalled.type, recalled.family, models=recalled.models)
    if card.sha256 != recalled.model_sha256:
        raise InputError(
            f"{card.described} in the set {recalled.models!r} has "
            f"changed since {recalled.source} was saved (SHA-256 differs), so the map would be "
            "another: take the models of then, or explain without --settings"
        )
    *_, explanation = explain_progressively(
        _same_seconds(audio, recalled),
        type=recalled.type,
        family=recalled.family,
        settings=recalled.settings,
        models=recalled.models,
        baseline_audio=baseline_audio,
        model=recalled.model,
        use_cache=False,
    )
    baseline = explanation.settings.get("baseline_sha256", "")
    if recalled.baseline_sha256 and baseline != recalled.baseline_sha256:
        raise InputError(
            f"the baseline is not the one that {recalled.source} was saved with (SHA-256 differs): "
            "is it another note?"
        )
    return explanation


def sameness(recalled: Recalled, explanation: Explanation) -> str:
    """Say in a sentence whether a map is the one that was saved."""
    source = recalled.source
    if explanation.settings["note_sha256"] != recalled.note_sha256:
        return f"This is another note than that of {source}, explained in the same way."
    if not recalled.attribution_sha256:
        return f"The same note and settings as in {source}."
    if array_digest(explanation.attribution.values) == recalled.attribution_sha256:
        return f"The same map as in {source}, to the last bit."
    if recalled.code_sha256 != store.explaining_code():
        return f"Not bit for bit the map of {source}: the code that explains has changed since."
    return (
        f"Not bit for bit the map of {source}: another processor, number of threads or version "
        "of TensorFlow rounds in other places."
    )


def _made_by(kind: str) -> dict[str, Any]:
    return {
        "made_by": MAKER,
        "kind": kind,
        "version": __version__,
        "versions": versions_here(),
        "code_sha256": store.explaining_code(),
    }


def _same_seconds(audio: str | Path | bytes | Waveform, recalled: Recalled) -> Waveform:
    """Return the 4 s from the recorded start, or the first if they are the note already."""
    waveform = audio if isinstance(audio, Waveform) else load(audio)
    if recalled.start == 0.0:
        return fit_note(waveform)
    try:
        first = fit_note(waveform)
    except AudioError:  # a recording that begins with silence
        return fit_note(waveform, start=recalled.start)
    is_the_note = array_digest(first.y) == recalled.note_sha256
    return first if is_the_note else fit_note(waveform, start=recalled.start)


def _settings(values: Mapping[str, Any], foreign: InputError) -> Settings:
    known: dict[str, Any] = {}
    for field in fields(Settings):
        if field.name not in values:
            continue
        value = values[field.name]
        if isinstance(value, bool) or not isinstance(value, KINDS.get(field.name, (str,))):
            raise foreign
        known[field.name] = value
    if not {"method", "preset", "target"} <= set(known) or known.get("seed", 0) < 0:
        raise foreign
    return Settings(**known)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name, "")
    return value if isinstance(value, str) else ""
