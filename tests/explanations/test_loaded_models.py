"""What was made a moment ago is given again, and no more than the limit is kept."""

from __future__ import annotations

import threading

import pytest

from xai_core.explanations.loaded_models import LRUCache


def test_a_value_is_made_once_while_it_is_kept() -> None:
    made: list[str] = []
    recent: LRUCache[str, int] = LRUCache(2)

    def get(key: str) -> int:
        return recent.get(key, lambda: made.append(key) or len(made))  # type: ignore[func-returns-value]

    assert [get(key) for key in "abab"] == [1, 2, 1, 2]
    get("a")  # now b was not asked for longest
    assert get("c") == 3
    assert get("a") == 1
    assert get("b") == 4
    assert made == ["a", "b", "c", "b"]
    assert len(recent) == 2


def test_none_are_kept_with_a_limit_of_none() -> None:
    recent: LRUCache[str, object] = LRUCache(0)
    assert recent.get("a", object) is not recent.get("a", object)
    assert len(recent) == 0


def test_what_cannot_be_made_is_not_kept() -> None:
    recent: LRUCache[str, int] = LRUCache(2)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        recent.get("a", fail)
    assert recent.get("a", lambda: 1) == 1


def test_one_who_makes_keeps_nobody_waiting() -> None:
    recent: LRUCache[str, int] = LRUCache(2)
    begun, others_done = threading.Event(), threading.Event()

    def slowly() -> int:
        begun.set()
        assert others_done.wait(30)
        return 1

    worker = threading.Thread(target=recent.get, args=("slow", slowly))
    worker.start()
    assert begun.wait(30)
    assert recent.get("quick", lambda: 2) == 2
    others_done.set()
    worker.join(30)
    assert recent.get("slow", lambda: 3) == 1
