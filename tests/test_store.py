"""Models through their cards, and a cache that can be damaged without harm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest

from tests.cnn_by_hand import wake
from xai_core import store
from xai_core.errors import InputError, ModelError, TimbreLensError
from xai_core.networks.cnn import build_cnn
from xai_core.store import keys, results
from xai_core.store.files import readable_json

ABOUT: dict[str, Any] = {
    "architecture": {"head": "pooled", "input_shape": [12, 9]},
    "features": {"sr": 16_000, "mean_spectrum": [0.25] * 9},
    "training": {"seed": 0},
    "data": {"train": {"n_notes": 3}},
    "scores": {"balanced_accuracy": 0.75},
}


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a `models/` and a `cache/` of its own."""
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return wake(build_cnn((12, 9), head="pooled"), seed=1)


def _save(model: keras.Model, *, type: str = "mfcc", family: str = "flute") -> store.Card:
    return store.save_model(model, models="tiny", type=type, family=family, about=ABOUT)


def _folder(root: Path, *, type: str = "mfcc", family: str = "flute") -> Path:
    return root / "models" / "tiny" / type / family


# -------------------------------------------------------------------------- models


def test_a_reloaded_model_gives_the_same_probabilities(model: keras.Model) -> None:
    _save(model)
    again, _ = store.load_model("mfcc", "flute", models="tiny")
    x = np.random.default_rng(0).random((5, 12, 9, 1)).astype(np.float32)
    before = model.predict(x, verbose=0)
    assert np.ptp(before) > 1e-3
    np.testing.assert_allclose(again.predict(x, verbose=0), before, atol=1e-6)
    assert not again.compiled


def test_the_card_says_what_was_given_and_the_digest_of_the_file(
    model: keras.Model, folders: Path
) -> None:
    written = _save(model)
    card = store.read_card("mfcc", "flute", models="tiny")
    assert card == written
    assert {name: getattr(card, name) for name in ABOUT} == ABOUT
    assert (card.type, card.family) == ("mfcc", "flute")
    content = (_folder(folders) / "model.keras").read_bytes()
    assert card.sha256 == hashlib.sha256(content).hexdigest()
    assert card.versions["keras"] == keras.__version__


def test_a_model_saved_later_gives_the_same_file(model: keras.Model) -> None:
    first = _save(model, family="flute")
    time.sleep(1.1)  # Keras writes the time to the second
    assert _save(model, family="reed").sha256 == first.sha256


def test_a_model_is_two_readable_files_without_pickle(model: keras.Model, folders: Path) -> None:
    _save(model)
    names = sorted(path.name for path in _folder(folders).iterdir())
    assert names == ["card.json", "model.keras"]
    with zipfile.ZipFile(_folder(folders) / "model.keras") as archive:
        assert set(archive.namelist()) == {"config.json", "metadata.json", "model.weights.h5"}
    assert json.loads((_folder(folders) / "card.json").read_text())["family"] == "flute"


def test_available_models_come_in_the_fixed_orders(model: keras.Model) -> None:
    for type, family in [("mfcc", "vocal"), ("mfcc", "bass"), ("log_mel", "reed")]:
        _save(model, type=type, family=family)
    available = store.available_models("tiny")
    assert available == {"log_mel": ("reed",), "mfcc": ("bass", "vocal")}
    assert list(available) == ["log_mel", "mfcc"]


def test_a_set_without_models_is_an_error_that_names_the_folder(folders: Path) -> None:
    with pytest.raises(ModelError, match=r"models.none.*found none: is TIMBRELENS_MODELS right"):
        store.available_models("none")


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _rewrite_card(path: Path, **changes: Any) -> None:
    card = json.loads(path.read_text())
    card.update(changes)
    path.write_text(json.dumps({k: v for k, v in card.items() if v is not None}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: _alter(f / "model.keras"), r"not the file on its card \(SHA-256 differs\)"),
        (
            lambda f: (f / "model.keras").write_bytes((f / "model.keras").read_bytes()[:-100]),
            "was it altered or cut short",
        ),
        (lambda f: (f / "model.keras").unlink(), "cannot be read: No such file"),
        (lambda f: (f / "card.json").unlink(), "set 'tiny' has no mfcc model of flute: train one"),
        (lambda f: (f / "card.json").write_text("{"), "the card .* cannot be read: was it edited"),
        (lambda f: (f / "card.json").write_text("[]"), "cannot be read"),
        (lambda f: (f / "card.json").write_bytes(b"\xff\xfe"), "cannot be read"),
        (lambda f: _rewrite_card(f / "card.json", sha256=None), "cannot be read: was it"),
        (lambda f: _rewrite_card(f / "card.json", family="reed"), "is that of mfcc reed"),
        (lambda f: _rewrite_card(f / "card.json", sha256="0" * 64), "SHA-256 differs"),
    ],
)
def test_unknown_or_altered_models_are_refused(
    model: keras.Model, folders: Path, damage: Any, message: str
) -> None:
    _save(model)
    damage(_folder(folders))
    with pytest.raises(ModelError, match=message) as caught:
        store.load_model("mfcc", "flute", models="tiny")
    assert "\n" not in str(caught.value)


def test_a_renamed_folder_is_refused(model: keras.Model, folders: Path) -> None:
    _save(model)
    shutil.move(_folder(folders), _folder(folders, family="organ"))
    with pytest.raises(ModelError, match="model of organ is that of mfcc flute: were folders ren"):
        store.load_model("mfcc", "organ", models="tiny")


def _vouch_for(folder: Path, content: bytes) -> None:
    """Put a file in place of the model, with a card that fits."""
    (folder / "model.keras").write_bytes(content)
    _rewrite_card(folder / "card.json", sha256=hashlib.sha256(content).hexdigest())


def test_a_lambda_layer_is_refused_even_with_a_card_that_fits(
    model: keras.Model, folders: Path, tmp_path: Path
) -> None:
    _save(model)
    inputs = keras.Input((12, 9, 1))
    x = keras.layers.Lambda(lambda values: values[:, 0, 0])(inputs)
    keras.Model(inputs, x).save(tmp_path / "lambda.keras")
    _vouch_for(_folder(folders), (tmp_path / "lambda.keras").read_bytes())
    with pytest.raises(ModelError, match="or does it hold code") as caught:
        store.load_model("mfcc", "flute", models="tiny")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_model_is_refused_even_with_a_card_that_fits(
    model: keras.Model, folders: Path, content: bytes
) -> None:
    _save(model)
    _vouch_for(_folder(folders), content)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        store.load_model("mfcc", "flute", models="tiny")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "..", "../tiny", "a/b", "Tiny", "a b", "a\n", "/etc", "x" * 65]
)
def test_names_of_sets_stay_inside_the_folder(model: keras.Model, name: str) -> None:
    with pytest.raises(InputError, match="expected the name of a model set"):
        store.available_models(name)
    with pytest.raises(InputError, match="expected the name of a model set"):
        store.save_model(model, models=name, type="mfcc", family="flute", about=ABOUT)


def test_unknown_families_and_types_are_refused() -> None:
    with pytest.raises(InputError, match="unknown family"):
        store.load_model("mfcc", "../../flute", models="tiny")
    with pytest.raises(InputError, match="unknown spectrogram type"):
        store.read_card("cqt", "flute", models="tiny")


def test_a_write_that_fails_leaves_the_old_model(
    model: keras.Model, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = _save(model)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        _save(wake(build_cnn((12, 9), head="pooled"), seed=5))
    monkeypatch.undo()
    monkeypatch.setenv("TIMBRELENS_MODELS", str(folders / "models"))
    assert store.load_model("mfcc", "flute", models="tiny")[1] == card
    assert sorted(path.name for path in _folder(folders).iterdir()) == ["card.json", "model.keras"]


def test_a_card_cannot_hold_nan(model: keras.Model) -> None:
    about = {**ABOUT, "scores": {"roc_auc": float("nan")}}
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.save_model(model, models="tiny", type="mfcc", family="flute", about=about)


def test_summaries_come_back_and_missing_ones_are_none(folders: Path) -> None:
    assert store.read_summary("mfcc", models="tiny") is None
    folder = folders / "models" / "tiny" / "mfcc"
    folder.mkdir(parents=True)
    summary = {"ten_way": {"accuracy": 0.5, "recall": {"bass": 1.0}}}
    store.write_summary(summary, models="tiny", type="mfcc")
    assert store.read_summary("mfcc", models="tiny") == summary
    (folder / "summary.json").write_text("{")
    assert store.read_summary("mfcc", models="tiny") is None


# --------------------------------------------------------------------------- cache

KEY = store.cache_key(kind="test", note="a" * 64)
ARRAYS: dict[str, np.ndarray] = {
    "values": np.random.default_rng(0).random((7, 5)).astype(np.float32),
    "sums": np.array([1.0, -2.0, 3.0]),
    "names": np.array(["a", "bc"]),
}


def _cached(folders: Path) -> Path:
    return folders / "cache" / f"{KEY}.cache"


def test_what_is_cached_comes_back_bit_for_bit() -> None:
    assert store.read_cached(KEY) is None
    assert store.write_cached(KEY, ARRAYS)
    back = store.read_cached(KEY)
    assert back is not None
    assert set(back) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert back[name].dtype == array.dtype
        assert np.array_equal(back[name], array)


def test_a_key_depends_on_every_part_and_not_on_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = {"note": "x", "model": "y", "n_steps": 50, "rule": "midpoint", "layer": None}
    key = store.cache_key(**parts)
    assert len(key) == 64
    assert store.cache_key(**dict(reversed(parts.items()))) == key
    others = [{**parts, name: "other"} for name in parts]
    others += [{k: v for k, v in parts.items() if k != name} for name in parts]
    others += [{**parts, "more": 1}, {**parts, "n_steps": 50.5}]
    found = {store.cache_key(**other) for other in others}
    assert len(found) == len(others)
    assert key not in found
    monkeypatch.setattr(keys, "_code_version", lambda patterns: "next")
    assert store.cache_key(**parts) != key


KEYS = (store.cache_key, store.map_key, store.comparison_key, store.spectrogram_key)


@pytest.mark.parametrize("function", KEYS, ids=lambda function: function.__name__)
def test_a_key_depends_on_the_versions_of_the_packages_that_compute(
    function: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, installed = function(seed=0), keys.package_version
    for package in ("numpy", "scipy", "librosa", "soxr", "tensorflow", "keras", "POT"):
        with monkeypatch.context() as patch:
            patch.setattr(
                keys,
                "package_version",
                lambda name, new=package: "99" if name == new else installed(name),
            )
            changed = function(seed=0) != before
        counts = {
            store.spectrogram_key: package in keys.SPECTROGRAM_PACKAGES,
            store.comparison_key: package in keys.COMPARISON_PACKAGES,
        }.get(function, package in keys.MAP_PACKAGES)
        assert changed == counts, package


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("values.py", "DELTA_FLOOR = 0.05", "DELTA_FLOOR = 5.0"),
        ("catalogue/types.py", "TOP_DB = 80.0", "TOP_DB = 90.0"),
        ("features.py", "SILENT_PEAK = 1e-10", "SILENT_PEAK = 1e-9"),
        ("audio/decoding.py", "AUDIBLE_OFFSET = 3e-3", "AUDIBLE_OFFSET = 1.0"),
    ],
)
def test_a_key_depends_on_every_source_that_decides(
    path: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(
        keys.ROOT / "xai_core", tmp_path / "xai_core", ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.setattr(keys, "ROOT", tmp_path)
    monkeypatch.setattr(keys, "_code_version", keys._code_version.__wrapped__)  # not the cached
    functions = (store.cache_key, store.map_key, store.comparison_key)
    before = [function(seed=0) for function in functions]
    source = tmp_path / "xai_core" / path
    text = source.read_text("utf-8")
    assert old in text
    source.write_text(text.replace(old, new), "utf-8")
    assert not {function(seed=0) for function in functions} & set(before)


def test_keys_of_maps_and_comparisons_depend_on_their_code_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    functions = {
        store.map_key: keys.DECIDING_MAPS,
        store.comparison_key: keys.DECIDING_COMPARISONS,
    }
    for function, patterns in functions.items():
        for pattern in patterns:
            assert list((keys.ROOT / "xai_core").glob(pattern)), pattern
        key = function(type="mfcc", seed=0)
        assert key == function(seed=0, type="mfcc") != function(type="mfcc", seed=1)
        asked: list[tuple[str, ...]] = []
        with monkeypatch.context() as patch:
            patch.setattr(keys, "_code_version", lambda got, asked=asked: asked.append(got) or "x")
            assert function(type="mfcc", seed=0) != key
        assert asked == [patterns]
    assert set(keys.DECIDING_MAPS) < set(keys.DECIDING_COMPARISONS)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "/x"])
def test_keys_that_are_no_digests_are_refused(key: str) -> None:
    with pytest.raises(TimbreLensError, match="expected a cache key"):
        store.read_cached(key)
    with pytest.raises(TimbreLensError, match="expected a cache key"):
        store.write_cached(key, ARRAYS)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


class _Bomb:
    """Something whose unpickling would be seen."""

    went_off = False

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _set_off, ()


def _set_off() -> None:
    _Bomb.went_off = True


BOMB = {"values": np.array([_Bomb()], dtype=object)}


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"PK\x03\x04garbage", _npy(np.ones(3)), _npz(ARRAYS), _npz(BOMB)],
    ids=["empty", "garbage", "almost a zip", "one array", "arrays", "pickle"],
)
def test_foreign_files_are_dropped(folders: Path, content: bytes) -> None:
    store.write_cached(KEY, ARRAYS)
    _cached(folders).write_bytes(content)
    assert store.read_cached(KEY) is None
    assert not _cached(folders).exists()
    assert not _Bomb.went_off
    assert store.write_cached(KEY, ARRAYS)  # and it can be computed again
    assert store.read_cached(KEY) is not None


@hypothesis.settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(data=st.data())
def test_any_damage_is_noticed(folders: Path, data: st.DataObject) -> None:
    store.write_cached(KEY, ARRAYS)
    content = bytearray(_cached(folders).read_bytes())
    if data.draw(st.booleans(), label="cut"):
        del content[data.draw(st.integers(0, len(content) - 1), label="length") :]
    else:
        place = data.draw(st.integers(0, len(content) - 1), label="place")
        content[place] ^= data.draw(st.integers(1, 255), label="flip")
    _cached(folders).write_bytes(content)
    back = store.read_cached(KEY)
    assert back is None
    assert not _cached(folders).exists()


@pytest.mark.parametrize(
    "content", [_npz(BOMB), pickle.dumps(_Bomb()), b"", b"text", b"PK\x03\x04"]
)
def test_nothing_but_arrays_is_read_even_with_a_digest_that_fits(
    folders: Path, content: bytes
) -> None:
    store.write_cached(KEY, ARRAYS)
    _cached(folders).write_bytes(hashlib.sha256(content).digest() + content)
    assert store.read_cached(KEY) is None
    assert not _cached(folders).exists()
    assert not _Bomb.went_off


def test_a_cache_that_cannot_be_written_costs_no_result(
    folders: Path, monkeypatch: pytest.MonkeyPatch, model: keras.Model
) -> None:
    (folders / "file").write_text("in the way")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(folders / "file" / "cache"))
    assert store.write_cached(KEY, ARRAYS) is False
    assert store.read_cached(KEY) is None
    assert store.write_cached_model(KEY, model) is False
    assert store.read_cached_model(KEY) is None


def test_no_reader_ever_sees_half_a_file(folders: Path) -> None:
    big = {"values": np.arange(300_000, dtype=np.float64)}
    store.write_cached(KEY, big)
    bad = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            back = store.read_cached(KEY)
            if back is None or not np.array_equal(back["values"], big["values"]):
                bad.append(back)

    def write() -> None:
        for _ in range(15):
            store.write_cached(KEY, big)

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write) for _ in range(3)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert bad == []
    assert [path.name for path in (folders / "cache").iterdir()] == [f"{KEY}.cache"]


def test_a_cached_model_comes_back_and_a_damaged_one_does_not(
    folders: Path, model: keras.Model
) -> None:
    assert store.read_cached_model(KEY) is None
    assert store.write_cached_model(KEY, model)
    back = store.read_cached_model(KEY)
    assert all(
        np.array_equal(a, b) for a, b in zip(back.get_weights(), model.get_weights(), strict=True)
    )
    path = folders / "cache" / f"{KEY}.model"
    whole = path.read_bytes()
    other = bytes([*whole[:5000], whole[5000] ^ 1, *whole[5001:]])
    vouched = hashlib.sha256(b"garbage").digest() + b"garbage"
    for content in (b"", b"garbage", whole[: len(whole) // 2], whole[32:], other, vouched):
        path.write_bytes(content)
        assert store.read_cached_model(KEY) is None
        assert not path.exists()


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(alphabet='a[]{},"\\\n é', max_size=6),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(alphabet="a[\n", max_size=2), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_what_is_written_for_people_reads_back_as_it_was(value: object) -> None:
    assert json.loads(readable_json(value)) == value


def test_a_list_of_plain_values_takes_one_line() -> None:
    written = readable_json({"x": [1, 2.5, "a"], "y": [[1, 2], {"z": []}]}).decode()
    assert written == '{\n "x": [1, 2.5, "a"],\n "y": [\n  [1, 2],\n  {\n   "z": []\n  }\n ]\n}\n'


# ------------------------------------------------------------------------ chunks

CHUNK = np.random.default_rng(0).random((2, 3, 5, 7)).astype(np.float16)


def _read_chunk() -> np.ndarray | None:
    return store.read_chunk(KEY, shape=CHUNK.shape, dtype=CHUNK.dtype)


@pytest.fixture
def chunk(folders: Path) -> Path:
    assert store.write_chunk(KEY, CHUNK)
    return folders / "cache" / f"{KEY}.chunk"


def test_a_chunk_comes_back_mapped_and_read_only(chunk: Path) -> None:
    back = _read_chunk()
    assert isinstance(back, np.memmap)
    assert np.array_equal(back, CHUNK)
    with pytest.raises(ValueError, match="read-only"):
        back[0, 0, 0, 0] = 1.0
    content = chunk.read_bytes()
    assert hashlib.sha256(content[:-32]).digest() == content[-32:]
    assert np.array_equal(np.load(io.BytesIO(content[:-32])), CHUNK)  # a plain .npy before it


def test_a_chunk_that_is_not_there_or_cannot_be_written_is_none(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _read_chunk() is None
    (folders / "file").write_text("in the way")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(folders / "file" / "cache"))
    assert store.write_chunk(KEY, CHUNK) is False
    assert _read_chunk() is None


@pytest.mark.parametrize("place", [0, 10, 100, 128, 200, -33, -32, -1])
def test_a_changed_byte_of_a_chunk_is_noticed(chunk: Path, place: int) -> None:
    content = bytearray(chunk.read_bytes())
    content[place] ^= 1
    chunk.write_bytes(content)
    assert _read_chunk() is None
    assert not chunk.exists()


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 100, 200, -33, -32, -1])
def test_a_chunk_cut_short_is_noticed_even_after_it_was_verified(chunk: Path, length: int) -> None:
    assert _read_chunk() is not None
    chunk.write_bytes(chunk.read_bytes()[:length])
    assert _read_chunk() is None
    assert not chunk.exists()


def _sealed(content: bytes) -> bytes:
    return content + hashlib.sha256(content).digest()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        _npy(CHUNK[:1]),
        _npy(CHUNK.astype(np.float32)),
        _npy(CHUNK) + b"more",
        _npy(BOMB["values"]),
        _npz(ARRAYS),
    ],
    ids=["empty", "garbage", "shape", "precision", "longer", "pickle", "zip"],
)
def test_foreign_chunks_are_dropped_even_with_a_digest_that_fits(
    chunk: Path, content: bytes
) -> None:
    chunk.write_bytes(_sealed(content))
    assert _read_chunk() is None
    assert not chunk.exists()
    assert not _Bomb.went_off


def test_a_chunk_is_verified_once_by_a_process(
    chunk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _read_chunk() is not None

    def refuse() -> None:
        raise AssertionError("verified again")

    with monkeypatch.context() as patch:
        patch.setattr(results.hashlib, "sha256", refuse)
        assert _read_chunk() is not None
    chunk.write_bytes(chunk.read_bytes())  # another file by its time: verified anew
    with monkeypatch.context() as patch:
        patch.setattr(results.hashlib, "sha256", refuse)
        with pytest.raises(AssertionError, match="verified again"):
            _read_chunk()


def test_the_key_of_spectrograms_depends_on_their_code_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = store.spectrogram_key(type="mfcc", seed=0)
    assert len(key) == 64
    assert key == store.spectrogram_key(seed=0, type="mfcc")
    assert key != store.spectrogram_key(type="mfcc", seed=1)
    for pattern in keys.DECIDING_SPECTROGRAMS:
        assert len(list((keys.ROOT / "xai_core").glob(pattern))) == 1, pattern
    asked = []
    monkeypatch.setattr(keys, "_code_version", lambda patterns: asked.append(patterns) or "next")
    assert store.spectrogram_key(type="mfcc", seed=0) != key
    assert asked == [keys.DECIDING_SPECTROGRAMS]
    monkeypatch.undo()
    monkeypatch.setattr(keys, "package_version", lambda package: "0")
    assert store.spectrogram_key(type="mfcc", seed=0) != key


def test_what_is_kept_for_a_while_can_be_removed() -> None:
    key = store.training_key(what="epochs", seed=0)
    assert store.write_cached(key, {"weights": np.arange(3)})
    store.remove_cached(key)
    assert store.read_cached(key) is None
    store.remove_cached(key)  # nothing there: nothing to do
    assert key == store.training_key(seed=0, what="epochs")
    assert key != store.training_key(seed=1, what="epochs")


def test_comments_do_not_decide_what_is_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "xai_core" / "networks" / "cnn.py"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(keys, "ROOT", tmp_path)

    def code(text: str) -> str:
        path.write_text(text)
        return store.training_code()

    first = code('"""One."""\n\n\ndef f(x):\n    """Double."""\n    return 2 * x\n')
    assert first == code('def f(x):  # twice\n    """Two times."""\n\n    return (2 * x)\n')
    assert first != code("def f(x):\n    return 3 * x\n")


# ---------------------------------------------------------- recordings of visitors


def test_a_recording_is_kept_under_its_digest_and_can_be_removed(folders: Path) -> None:
    content = b"RIFF and so on"
    digest = store.keep_recording(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert store.has_recording(digest)
    assert store.read_recording(digest) == content
    assert [path.parent for path in folders.rglob(f"{digest}*")] == [folders / "cache"]
    store.remove_recording(digest)
    assert not store.has_recording(digest)
    assert store.read_recording(digest) is None
    assert list(folders.rglob(f"{digest}*")) == []


def test_a_recording_that_was_altered_is_not_given_and_dropped(folders: Path) -> None:
    digest = store.keep_recording(b"what was brought")
    (folders / "cache" / f"{digest}.recording").write_bytes(b"something else")
    assert store.read_recording(digest) is None
    assert not store.has_recording(digest)


@pytest.mark.parametrize(
    "digest", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 64 + "/x"]
)
def test_a_digest_that_is_none_reaches_no_file(digest: str, folders: Path) -> None:
    assert not store.has_recording(digest)
    with pytest.raises(InputError, match="was it cut short"):
        store.read_recording(digest)
    with pytest.raises(TimbreLensError, match="64 hexadecimal digits"):
        store.remove_recording(digest)


def test_the_oldest_recordings_go_when_there_are_many(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "KEPT_RECORDINGS", 3)
    digests = []
    for number in range(5):
        digests.append(store.keep_recording(f"recording {number}".encode()))
        path = folders / "cache" / f"{digests[-1]}.recording"
        os.utime(path, (number, number))  # s: each a second younger than the one before
    assert [store.has_recording(digest) for digest in digests] == [False, False, True, True, True]
    store.keep_recording(b"recording 2")  # one that is there takes no place
    assert [store.has_recording(digest) for digest in digests[2:]] == [True, True, True]


def test_a_recording_that_cannot_be_kept_is_said_so(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folders / "taken").write_text("a file where the folder should be")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(folders / "taken"))
    with pytest.raises(InputError, match="cannot be kept"):
        store.keep_recording(b"anything")
