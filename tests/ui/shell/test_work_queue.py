"""The queue of heavy work: one at a time, in order, bounded, and nobody left in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from xai_core.ui.shell.work_queue import (
    BusyError,
    Turns,
    in_turns,
    turn,
)


class Visitors:
    """Threads that take turns and note who worked when."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.inside = 0
        self.most_inside = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def work(self, name: str) -> None:
        with self._lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            self.order.append(name)
        time.sleep(0.02)
        with self._lock:
            self.inside -= 1

    def send(self, visit: Callable[[], None], *, waiting: int) -> None:
        """Start a visitor and wait until so many stand in the queue."""
        thread = threading.Thread(target=visit, daemon=True)
        thread.start()
        self._threads.append(thread)
        deadline = time.monotonic() + 10
        while len(self.turns._queue) < waiting and time.monotonic() < deadline:
            time.sleep(0.002)
        assert len(self.turns._queue) == waiting

    def leave(self) -> None:
        for thread in self._threads:
            thread.join(timeout=30)
            assert not thread.is_alive()


def test_work_is_done_one_at_a_time_in_the_order_of_arrival() -> None:
    visitors = Visitors(Turns())

    def visit(name: str) -> None:
        with visitors.turns.turn():
            visitors.work(name)

    with visitors.turns.turn():
        for k, name in enumerate("abcde"):
            visitors.send(lambda name=name: visit(name), waiting=k + 2)  # type: ignore[misc]
    visitors.leave()
    assert visitors.order == list("abcde")
    assert visitors.most_inside == 1


def test_long_work_lets_others_go_first_after_each_piece() -> None:
    visitors = Visitors(Turns())

    def long() -> None:
        with visitors.turns.turn() as ticket:
            for _ in range(3):
                visitors.work("long")
                ticket.pass_on()

    def short() -> None:
        with visitors.turns.turn():
            visitors.work("short")

    with visitors.turns.turn():
        visitors.send(long, waiting=2)
        visitors.send(short, waiting=3)
    visitors.leave()
    assert visitors.order == ["long", "short", "long", "long"]


def test_a_full_queue_refuses_and_is_open_again_when_one_has_left() -> None:
    turns = Turns(most_waiting=1)
    visitors = Visitors(turns)

    def visit() -> None:
        with turns.turn():
            visitors.work("waited")

    with turns.turn():
        visitors.send(visit, waiting=2)
        with pytest.raises(BusyError, match="busy, 1 others wait already: try again"), turns.turn():
            raise AssertionError
    visitors.leave()
    with turns.turn():
        visitors.work("after")
    assert visitors.order == ["waited", "after"]


def test_who_waits_is_told_how_many_are_before() -> None:
    turns = Turns()
    visitors = Visitors(turns)
    told: dict[str, list[int]] = {"first": [], "second": []}

    def visit(name: str) -> None:
        with turns.turn(told[name].append):
            visitors.work(name)

    with turns.turn():
        visitors.send(lambda: visit("first"), waiting=2)
        visitors.send(lambda: visit("second"), waiting=3)
        time.sleep(0.7)
    visitors.leave()
    assert set(told["first"]) == {1}
    assert told["second"][0] == 2


def test_work_that_nobody_waits_for_waits_for_all_turns_to_end() -> None:
    turns = Turns()
    turns.wait_until_idle()
    ended: list[str] = []

    def work_in_the_background() -> None:
        turns.wait_until_idle()
        ended.append("background")

    with turns.turn():
        thread = threading.Thread(target=work_in_the_background, daemon=True)
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        ended.append("turn")
    thread.join(timeout=30)
    assert ended == ["turn", "background"]


def test_one_who_gives_up_or_fails_leaves_the_queue() -> None:
    turns = Turns()

    class StoppedError(Exception):
        pass

    def stop(before: int) -> None:
        raise StoppedError

    gone: list[bool] = []

    def give_up() -> None:
        with pytest.raises(StoppedError), turns.turn(stop):
            raise AssertionError
        gone.append(True)

    with turns.turn():
        thread = threading.Thread(target=give_up)
        thread.start()
        thread.join(timeout=30)
    assert gone == [True]
    with pytest.raises(ValueError, match="of the work"), turns.turn():
        raise ValueError("of the work")
    with turns.turn():
        assert len(turns._queue) == 1


def test_values_are_made_in_turns_and_handed_on_outside_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Turns()
    monkeypatch.setattr("xai_core.ui.shell.work_queue.all_turns", lambda: turns)
    held = []

    def values() -> Iterator[int]:
        for value in (1, 2):
            held.append(len(turns._queue))
            yield value

    got = [(value, len(turns._queue)) for value in in_turns(values())]
    assert got == [(1, 0), (2, 0)]
    assert held == [1, 1]


class Place:
    """An empty element of a page, and what stood in it."""

    def __init__(self) -> None:
        self.stood: list[str] = []

    def info(self, text: str, *, icon: str) -> None:
        self.stood.append(text)

    def empty(self) -> None:
        self.stood.append("")


def test_a_visitor_who_waits_reads_how_many_are_before(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    monkeypatch.setattr("xai_core.ui.shell.work_queue.all_turns", lambda: turns)
    visitors = Visitors(turns)
    first, second = Place(), Place()

    def visit(place: Place) -> None:
        with turn(place):  # type: ignore[arg-type]
            visitors.work("visited")

    with turns.turn():
        visitors.send(lambda: visit(first), waiting=2)
        visitors.send(lambda: visit(second), waiting=3)
        time.sleep(1.5)
    visitors.leave()
    said = "One visitor is before you; it goes on by itself."
    assert first.stood == [said, ""]
    assert second.stood[0] == "2 visitors are before you; it goes on by itself."
    assert second.stood[-1] == ""
    alone = Place()
    visit(alone)
    assert alone.stood == []  # nobody is told of a wait that there was not


def test_a_page_says_that_the_server_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(most_waiting=0)
    monkeypatch.setattr("xai_core.ui.shell.work_queue.all_turns", lambda: turns)

    def page() -> None:
        from xai_core.ui.shell.faults import draw_guarded
        from xai_core.ui.shell.work_queue import turn

        def draw() -> None:
            with turn():
                pass

        draw_guarded(draw, name="Explore")

    with turns.turn():
        shown = AppTest.from_function(page).run()
    (error,) = shown.error
    assert error.value == "The server is busy, 0 others wait already: try again in a minute."
    assert not AppTest.from_function(page).run().error
