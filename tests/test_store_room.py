"""The cache stays within its limit: what was not asked for longest goes first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from xai_core import store
from xai_core.errors import InputError
from xai_core.places import cache_limit
from xai_core.store import files as room

SIZE = 100_000  # bytes of an entry's array
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path))
    monkeypatch.setenv("TIMBRELENS_CACHE_MB", "1")
    return tmp_path


def key(number: int) -> str:
    return f"{number:064x}"


def write(cache: Path, number: int, *, age: float) -> Path:
    """Store an entry that was last asked for `age` hours ago."""
    assert store.write_cached(key(number), {"values": np.zeros(SIZE // 4, np.float32)})
    path = cache / f"{key(number)}.cache"
    then = time.time() - 3_600 * age
    os.utime(path, (then, then))
    return path


def total(cache: Path) -> int:
    return sum(path.stat().st_size for path in cache.glob("*.cache"))


def test_however_much_is_written_the_cache_stays_near_its_limit(cache: Path) -> None:
    for number in range(60):
        write(cache, number, age=100 - number)
        assert total(cache) <= MEGABYTE * (1 + room.LOOK) + 2 * SIZE
    assert total(cache) >= 0.7 * MEGABYTE  # and is not emptied


def test_what_was_not_asked_for_longest_goes_first(cache: Path) -> None:
    paths = [write(cache, number, age=50 - number) for number in range(9)]
    assert store.read_cached(key(0)) is not None  # the oldest, and now the youngest
    write(cache, 100, age=0)
    write(cache, 101, age=0)
    assert paths[0].exists()
    gone = [number for number, path in enumerate(paths) if not path.exists()]
    assert gone == list(range(1, 1 + len(gone)))
    assert gone


def test_what_belongs_to_a_training_run_or_a_visitor_stays(cache: Path) -> None:
    store.write_chunk(key(1), np.zeros(2 * MEGABYTE, np.uint8))
    digest = store.keep_recording(b"a visitor's file")
    (cache / "notes.txt").write_text("somebody's")
    for number in range(20):
        write(cache, 10 + number, age=0)
    assert store.read_chunk(key(1), shape=(2 * MEGABYTE,), dtype=np.uint8) is not None
    assert store.read_recording(digest) == b"a visitor's file"
    assert (cache / "notes.txt").exists()


def test_an_entry_that_was_just_written_is_there(cache: Path) -> None:
    for number in range(30):
        assert store.write_cached(key(number), {"values": np.full(SIZE // 4, number, np.float32)})
        kept = store.read_cached(key(number))
        assert kept is not None
        assert kept["values"][0] == number


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "much", "1 000"])
def test_a_limit_that_is_no_number_is_a_sentence(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRELENS_CACHE_MB", text)
    with pytest.raises(InputError, match="a whole number of megabytes"):
        cache_limit()


def test_the_limit_is_four_gigabytes_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIMBRELENS_CACHE_MB")
    assert cache_limit() == 4_000_000_000
