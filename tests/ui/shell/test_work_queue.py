"""The queue of heavy work: one at a time, in order, bounded, and nobody left in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from xai_core.ui.shell.work_queue import (
    BusyError,
    WorkQueue,
    compute_in_slots,
    queue_slot,
)


class Visitors:
    """Threads that hold slots, and the order in which they work."""

    def __init__(self, queue: WorkQueue) -> None:
        self.queue = queue
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
        while len(self.queue._queue) < waiting and time.monotonic() < deadline:
            time.sleep(0.002)
        assert len(self.queue._queue) == waiting

    def leave(self) -> None:
        for thread in self._threads:
            thread.join(timeout=30)
            assert not thread.is_alive()


def test_work_is_done_one_at_a_time_in_the_order_of_arrival() -> None:
    visitors = Visitors(WorkQueue())

    def visit(name: str) -> None:
        with visitors.queue.slot():
            visitors.work(name)

    with visitors.queue.slot():
        for k, name in enumerate("abcde"):
            visitors.send(lambda name=name: visit(name), waiting=k + 2)  # type: ignore[misc]
    visitors.leave()
    assert visitors.order == list("abcde")
    assert visitors.most_inside == 1


def test_long_work_lets_others_go_first_after_each_piece() -> None:
    visitors = Visitors(WorkQueue())

    def long() -> None:
        with visitors.queue.slot() as slot:
            for _ in range(3):
                visitors.work("long")
                slot.requeue()

    def short() -> None:
        with visitors.queue.slot():
            visitors.work("short")

    with visitors.queue.slot():
        visitors.send(long, waiting=2)
        visitors.send(short, waiting=3)
    visitors.leave()
    assert visitors.order == ["long", "short", "long", "long"]


def test_a_full_queue_refuses_and_is_open_again_when_one_has_left() -> None:
    queue = WorkQueue(most_waiting=1)
    visitors = Visitors(queue)

    def visit() -> None:
        with queue.slot():
            visitors.work("waited")

    with queue.slot():
        visitors.send(visit, waiting=2)
        with pytest.raises(BusyError, match="busy, 1 others wait already: try again"), queue.slot():
            raise AssertionError
    visitors.leave()
    with queue.slot():
        visitors.work("after")
    assert visitors.order == ["waited", "after"]


def test_who_waits_is_told_how_many_are_before() -> None:
    queue = WorkQueue()
    visitors = Visitors(queue)
    told: dict[str, list[int]] = {"first": [], "second": []}

    def visit(name: str) -> None:
        with queue.slot(told[name].append):
            visitors.work(name)

    with queue.slot():
        visitors.send(lambda: visit("first"), waiting=2)
        visitors.send(lambda: visit("second"), waiting=3)
        time.sleep(0.7)
    visitors.leave()
    assert set(told["first"]) == {1}
    assert told["second"][0] == 2


def test_work_that_nobody_waits_for_waits_for_all_turns_to_end() -> None:
    queue = WorkQueue()
    queue.wait_until_idle()
    ended: list[str] = []

    def work_in_the_background() -> None:
        queue.wait_until_idle()
        ended.append("background")

    with queue.slot():
        thread = threading.Thread(target=work_in_the_background, daemon=True)
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        ended.append("queue_slot")
    thread.join(timeout=30)
    assert ended == ["queue_slot", "background"]


def test_one_who_gives_up_or_fails_leaves_the_queue() -> None:
    queue = WorkQueue()

    class StoppedError(Exception):
        pass

    def stop(before: int) -> None:
        raise StoppedError

    gone: list[bool] = []

    def give_up() -> None:
        with pytest.raises(StoppedError), queue.slot(stop):
            raise AssertionError
        gone.append(True)

    with queue.slot():
        thread = threading.Thread(target=give_up)
        thread.start()
        thread.join(timeout=30)
    assert gone == [True]
    with pytest.raises(ValueError, match="of the work"), queue.slot():
        raise ValueError("of the work")
    with queue.slot():
        assert len(queue._queue) == 1


def test_values_are_made_in_turns_and_handed_on_outside_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = WorkQueue()
    monkeypatch.setattr("xai_core.ui.shell.work_queue.server_queue", lambda: queue)
    held = []

    def values() -> Iterator[int]:
        for value in (1, 2):
            held.append(len(queue._queue))
            yield value

    got = [(value, len(queue._queue)) for value in compute_in_slots(values())]
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
    queue = WorkQueue()
    monkeypatch.setattr("xai_core.ui.shell.work_queue.server_queue", lambda: queue)
    visitors = Visitors(queue)
    first, second = Place(), Place()

    def visit(place: Place) -> None:
        with queue_slot(place):  # type: ignore[arg-type]
            visitors.work("visited")

    with queue.slot():
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
    queue = WorkQueue(most_waiting=0)
    monkeypatch.setattr("xai_core.ui.shell.work_queue.server_queue", lambda: queue)

    def page() -> None:
        from xai_core.ui.shell.faults import draw_guarded
        from xai_core.ui.shell.work_queue import queue_slot

        def draw() -> None:
            with queue_slot():
                pass

        draw_guarded(draw, name="Explore")

    with queue.slot():
        shown = AppTest.from_function(page).run()
    (error,) = shown.error
    assert error.value == "The server is busy, 0 others wait already: try again in a minute."
    assert not AppTest.from_function(page).run().error
