"""Spectrograms: the same numbers on the fly and from chunks, and no work twice."""

from __future__ import annotations

import hashlib
import multiprocessing
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
import soundfile

from xai_core.datasets.notes import NoteRecord, audio_digest, read_note
from xai_core.features import extract
from xai_core.store import keys
from xai_core.training import spectrograms, variants
from xai_core.training.augment import STANDARD, Augmentation, augment
from xai_core.training.spectrograms import Chunked
from xai_core.training.variants import Recipe, choose_others, compute, stored_form
from xai_core.values import SPECTROGRAM_TYPES, Waveform

N_NOTES = 7
N_VARIANTS = 3
PER_CHUNK = 2  # four chunks, the last with one note
LIVELY = replace(STANDARD, overlap_odds=0.8, noise_odds=0.8, level_odds=0.8)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[NoteRecord]:
    """Return seven noisy notes of three families."""
    folder = tmp_path_factory.mktemp("notes")
    out = []
    for k in range(N_NOTES):
        rng = np.random.default_rng(k)
        family = ("brass", "reed", "organ")[k % 3]
        t = np.arange(64_000) / 16_000
        y = 0.3 * np.sin(2 * np.pi * 220 * 2 ** (k / 12) * t) * np.exp(-t)
        y += 0.003 * rng.standard_normal(t.size)
        name = f"{family}_acoustic_{k:03d}-060-100"
        soundfile.write(folder / f"{name}.flac", y, 16_000, subtype="PCM_16")
        record = NoteRecord(
            note=name,
            path=folder / f"{name}.flac",
            family=family,
            instrument=name[:-8],
            pitch=60,
            velocity=100,
            source="test",
        )
        out.append(record)
    return out


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(spectrograms, "CHUNK", PER_CHUNK)
    return tmp_path / "cache"


def _forms(records: Sequence[NoteRecord]) -> list[str]:
    return [stored_form(record, audio_digest(record)) for record in records]


def _recipes(
    records: Sequence[NoteRecord], type: str, *, augmentation: Augmentation = LIVELY, seed: int = 5
) -> list[Recipe]:
    chosen = choose_others(records, _forms(records), n_augmented=N_VARIANTS - 1, seed=seed)
    return [
        Recipe(record, tuple(records[k] for k in others), type, augmentation, seed)
        for record, others in zip(records, chosen, strict=True)
    ]


def _chunked(recipes: list[Recipe], audio: Sequence[str] | None = None) -> Chunked:
    return Chunked(recipes, audio or [recipe.record.note for recipe in recipes], N_VARIANTS)


def _pairs() -> tuple[np.ndarray, np.ndarray]:
    v, n = np.indices((N_VARIANTS, N_NOTES)).reshape(2, -1)
    order = np.random.default_rng(0).permutation(v.size)
    return v[order], n[order]


def _computed(recipes: list[Recipe]) -> np.ndarray:
    """Return what a source of these recipes takes by ``_pairs``, computed one by one."""
    return np.concatenate([compute(recipes[n], [int(v)]) for v, n in zip(*_pairs(), strict=True)])


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_what_is_kept_are_the_numbers_that_are_computed(
    records: list[NoteRecord], type: str
) -> None:
    recipes = _recipes(records, type)
    kept = _chunked(recipes)
    kept.prepare()
    x = _computed(recipes)
    assert x.dtype == kept.take(*_pairs()).dtype == np.float16
    assert x.shape == (N_VARIANTS * N_NOTES, *kept.shape)
    assert np.array_equal(x, kept.take(*_pairs()))
    assert np.array_equal(x, _chunked(recipes).take(*_pairs()))  # and when it is opened again
    assert (kept.n_variants, kept.n_notes) == (N_VARIANTS, N_NOTES)
    assert len({values.tobytes() for values in x}) == len(x)  # no two variants are the same


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_worker_processes_give_the_same_numbers(
    records: list[NoteRecord], type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spectrograms, "WORTH_WORKERS", 0)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    recipes = _recipes(records, type)
    monkeypatch.setattr(spectrograms, "compute_all", _refuse_here)
    kept = _chunked(recipes)
    told: list[tuple[int, int]] = []
    kept.prepare(lambda done, total: told.append((done, total)))
    assert told == [(2, 7), (4, 7), (6, 7), (7, 7)]
    assert np.array_equal(kept.take(*_pairs()), _computed(recipes))


def _refuse_here(*args: object, **kwargs: object) -> np.ndarray:
    """Stand for ``compute_all`` in this process: it works in any other."""
    if multiprocessing.current_process().name == "MainProcess":
        raise AssertionError("computed in this process")
    return variants.compute_all(*args, **kwargs)  # type: ignore[arg-type]


def test_numbers_are_those_of_the_functions_they_are_made_of(records: list[NoteRecord]) -> None:
    recipe = _recipes(records, "log_mel")[3]
    x = compute(recipe, [0, 2])
    y = read_note(recipe.record)
    assert np.array_equal(x[0], extract(Waveform(y, 16_000), "log_mel").values.astype(np.float16))
    name = int.from_bytes(hashlib.sha256(recipe.record.note.encode()).digest()[:8], "big")
    changed = augment(
        y,
        rng=np.random.default_rng([name, 5, 2]),
        settings=LIVELY,
        other=partial(read_note, recipe.others[1]),
    )
    expected = extract(Waveform(changed, 16_000), "log_mel").values.astype(np.float16)
    assert np.array_equal(x[1], expected)


class _Counted:
    """Counts the notes that are computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.notes: list[str] = []
        monkeypatch.setattr(spectrograms, "compute_all", self._compute_all)

    def _compute_all(self, recipes: Sequence[Recipe], *args: object, **kwargs: object) -> object:
        self.notes += [recipe.record.note for recipe in recipes]
        return variants.compute_all(recipes, *args, **kwargs)  # type: ignore[arg-type]

    def take(self) -> list[str]:
        notes, self.notes = self.notes, []
        return notes


def test_a_killed_run_resumes_with_the_chunks_it_has(
    records: list[NoteRecord], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = _Counted(monkeypatch)
    recipes = _recipes(records, "mfcc")
    names = [record.note for record in records]

    def kill(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _chunked(recipes).prepare(kill)
    assert len(list(cache.iterdir())) == 2  # the third was at its first note
    counted.take()

    told = []
    _chunked(recipes).prepare(lambda done, total: told.append(done))
    assert counted.take() == names[4:]
    assert told == [4, 5, 6, 7]
    whole = _computed(recipes)

    paths = sorted(cache.iterdir())
    assert len(paths) == 4
    paths[0].unlink()
    content = bytearray(paths[1].read_bytes())
    content[len(content) // 2] ^= 1
    paths[1].write_bytes(content)
    kept = _chunked(recipes)
    kept.prepare()
    assert 2 + 1 <= len(counted.take()) <= 4  # these two chunks, one of which may be the last
    assert np.array_equal(kept.take(*_pairs()), whole)
    assert sorted(cache.iterdir()) == paths

    kept = _chunked(recipes)
    kept.prepare()
    assert counted.take() == []
    assert np.array_equal(kept.take(*_pairs()), whole)


def test_what_decides_the_numbers_decides_the_file(
    records: list[NoteRecord], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = _Counted(monkeypatch)
    audio = [record.note for record in records]
    recipes = _recipes(records, "tonnetz")
    _chunked(recipes, audio).prepare()
    assert len(counted.take()) == 7
    _chunked(_recipes(records, "chroma"), audio).prepare()
    assert len(counted.take()) == 7
    _chunked(_recipes(records, "tonnetz", seed=6), audio).prepare()
    assert len(counted.take()) == 7
    _chunked(_recipes(records, "tonnetz", augmentation=STANDARD), audio).prepare()
    assert len(counted.take()) == 7
    Chunked(recipes, audio, 2).prepare()
    assert len(counted.take()) == 7
    _chunked(recipes, [*audio[:4], "other", *audio[5:]]).prepare()
    assert counted.take() == audio[4:6]  # the chunk of that note alone
    monkeypatch.setattr(keys, "_code_version", lambda patterns: "next")
    _chunked(recipes, audio).prepare()
    assert len(counted.take()) == 7


def test_notes_as_recorded_depend_on_neither_seed_nor_augmentation(
    records: list[NoteRecord],
) -> None:
    audio = [record.note for record in records]
    keys = []
    for seed, augmentation in [(5, LIVELY), (6, STANDARD)]:
        recipes = _recipes(records, "tonnetz", seed=seed, augmentation=augmentation)
        keys.append(Chunked(recipes, audio, 1)._keys)
    assert keys[0] == keys[1]


def test_a_cache_that_cannot_be_written_costs_no_result(
    records: list[NoteRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "file" / "cache"))
    counted = _Counted(monkeypatch)
    recipes = _recipes(records, "tonnetz")
    kept = _chunked(recipes)
    kept.prepare()
    assert len(counted.take()) == 7
    assert np.array_equal(kept.take(*_pairs()), _computed(recipes))
    assert counted.take() == []  # held in memory


def test_a_chunk_that_vanishes_while_it_is_in_use_is_computed_again(
    records: list[NoteRecord], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spectrograms, "MAPS", 1)  # of four
    recipes = _recipes(records, "tonnetz")
    kept = _chunked(recipes)
    kept.prepare()
    for path in cache.iterdir():
        path.unlink()
    assert np.array_equal(kept.take(*_pairs()), _computed(recipes))
    assert len(list(cache.iterdir())) == 4


def test_others_are_of_another_family_whatever_the_order(records: list[NoteRecord]) -> None:
    forms = _forms(records)
    chosen = choose_others(records, forms, n_augmented=40, seed=0)
    for record, others in zip(records, chosen, strict=True):
        families = [records[k].family for k in others]
        assert record.family not in families
        assert len(others) == 40
        # two families remain, equally likely though one may have more notes; 4 deviations
        assert families.count(families[0]) == pytest.approx(20, abs=13)
    names = {r.note: [records[k].note for k in o] for r, o in zip(records, chosen, strict=True)}
    back = records[::-1]
    again = choose_others(back, forms[::-1], n_augmented=40, seed=0)
    assert names == {r.note: [back[k].note for k in o] for r, o in zip(back, again, strict=True)}
    assert chosen != choose_others(records, forms, n_augmented=40, seed=1)
    alone = [record for record in records if record.family == "reed"]
    assert choose_others(alone, _forms(alone), n_augmented=2, seed=0) == [()] * len(alone)


def test_the_form_of_a_note_tells_rate_and_channels(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 8000)
    forms = set()
    for name, sr, channels in [("a", 16_000, 1), ("b", 22_050, 1), ("c", 16_000, 2)]:
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, samples.reshape(-1, channels), sr, subtype="PCM_16")
        record = NoteRecord(name, path, "reed", "reed_0", None, None, "test")
        forms.add(stored_form(record, audio_digest(record)))
    assert len(forms) == 3
    assert len({form.split()[0] for form in forms}) == 1  # the samples are the same


def test_workers_need_no_keras() -> None:
    code = "import sys, xai_core.training.variants; print({'keras', 'tensorflow'} & {*sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=keys.ROOT
    )
    assert result.stdout.strip() == "set()"
