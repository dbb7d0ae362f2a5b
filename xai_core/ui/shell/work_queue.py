"""A queue for heavy work: the threads of all visitors in order of arrival, one at a time.

Conventions
-----------
Streamlit runs each visitor's script in a thread of its own. A thread holds a
slot of the queue while it computes one piece of work: a picture, a refinement
or one family's probability, which take a few model calls. After each piece it
goes to the end of the queue, so that a long refinement does not delay another
visitor's first picture. A waiting thread shows its position by a Streamlit call,
in which Streamlit also ends a run that has been superseded.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.errors import InputError

__all__ = ["BusyError", "Slot", "WorkQueue", "compute_in_slots", "queue_slot", "server_queue"]

MOST_WAITING = 24  # threads; BusyError beyond
AT_ONCE = 1  # pieces; TensorFlow uses every core for one
POLL_INTERVAL = 0.2  # s between checks of the position in the queue
UNUSED_KEY = "queue slot"  # of the session state: reading it is a Streamlit call
NOTICE_AFTER = 0.5  # s of waiting before the position is shown

Value = TypeVar("Value")


class BusyError(InputError):
    """More visitors wait than the queue holds."""


class WorkQueue:
    """A queue of bounded length.

    Parameters
    ----------
    at_once : int
        Pieces of work that go on at the same time.
    most_waiting : int
        Threads that may wait beside those.
    """

    def __init__(self, *, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._queue: deque[Slot] = deque()  # the first `at_once` may work
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, on_wait: Callable[[int], None] = lambda before: None) -> Iterator[Slot]:
        """Wait for a slot and hold it for as long as the context lasts.

        Parameters
        ----------
        on_wait : callable
            Called every 0.2 s of waiting with the number of slots before this
            one; an exception that it raises leaves the queue.

        Yields
        ------
        Slot
            Its `requeue` lets waiting threads work between two pieces.

        Raises
        ------
        BusyError
            If the queue is full.
        """
        slot = Slot(self, on_wait)
        with self._changed:
            if len(self._queue) >= self._at_once + self._most_waiting:
                raise BusyError(
                    f"the server is busy, {self._most_waiting} others wait already: "
                    "try again in a minute"
                )
            self._queue.append(slot)
        try:
            self.wait(slot)
            yield slot
        finally:
            with self._changed:
                self._queue.remove(slot)
                self._changed.notify_all()

    def wait(self, slot: Slot) -> None:
        """Return when a slot is among the first `at_once`."""
        while True:
            with self._changed:
                if self._before(slot) <= 0:
                    return
                self._changed.wait(POLL_INTERVAL)
                before = self._before(slot)
            if before > 0:
                slot.on_wait(before)  # outside the lock

    def send_to_end(self, slot: Slot) -> None:
        """Put a slot behind all others."""
        with self._changed:
            self._queue.remove(slot)
            self._queue.append(slot)
            self._changed.notify_all()

    def wait_until_idle(self) -> None:
        """Return when the queue is empty: for work that no visitor waits for."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue)

    def _before(self, slot: Slot) -> int:
        return self._queue.index(slot) - self._at_once + 1


class Slot:
    """A place in the queue."""

    def __init__(self, queue: WorkQueue, on_wait: Callable[[int], None]) -> None:
        self._queue = queue
        self.on_wait = on_wait

    def requeue(self) -> None:
        """Go to the end of the queue and wait again."""
        self._queue.send_to_end(self)
        self._queue.wait(self)


@st.cache_resource(show_spinner=False)
def server_queue() -> WorkQueue:
    """Return the queue of this server."""
    return WorkQueue()


@contextmanager
def queue_slot(place: DeltaGenerator | None = None) -> Iterator[Slot]:
    """Hold a slot of this server's queue; show the position in `place`, an empty element.

    Yields
    ------
    Slot

    Raises
    ------
    BusyError
        If the queue is full.
    """
    notice = _WaitingNotice(place)
    with server_queue().slot(notice.show) as slot:
        notice.clear()
        yield slot


def compute_in_slots(
    values: Iterator[Value], place: DeltaGenerator | None = None
) -> Iterator[Value]:
    """Yield values, each computed in a slot of its own.

    Parameters
    ----------
    values : iterator
        Whose steps are heavy.
    place : DeltaGenerator, optional
        An empty element, for the position in the queue.
    """
    while True:
        with queue_slot(place):
            try:
                value = next(values)
            except StopIteration:
                return
        yield value


class _WaitingNotice:
    """The position in the queue, shown to a visitor who waits."""

    def __init__(self, place: DeltaGenerator | None) -> None:
        self._place = place
        self._n_polls = 0
        self._shown = 0

    def show(self, before: int) -> None:
        self._n_polls += 1
        place = self._place
        if place is None or self._n_polls * POLL_INTERVAL < NOTICE_AFTER or before == self._shown:
            _ = UNUSED_KEY in st.session_state  # Streamlit ends a superseded run here
            return
        self._shown = before
        who = "One visitor is" if before == 1 else f"{before} visitors are"
        place.info(f"{who} before you; it goes on by itself.", icon=":material/hourglass:")

    def clear(self) -> None:
        if self._shown and self._place is not None:
            self._place.empty()
            self._shown = 0
