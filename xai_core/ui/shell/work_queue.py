"""Turns at the processor: heavy work of all visitors, piece by piece, first come, first served.

Conventions
-----------
A piece is what takes one model call or a few: a picture, a refinement, one
family's answer. Whoever has done a piece stands at the end again, so that a
long refinement does not keep others from their first picture. Streamlit runs
each visitor in a thread of its own; who waits tells the visitor so through a
Streamlit call, which is also where Streamlit stops a run that nobody wants any more.
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

__all__ = ["BusyError", "Turn", "Turns", "all_turns", "in_turns", "turn"]

MOST_WAITING = 24  # visitors; more are asked to come again
AT_ONCE = 1  # pieces; TensorFlow uses every core for one
LOOK = 0.2  # s between looks at the place in the queue
STOPPED = "turn"  # no such key is set
QUIET = 0.5  # s of waiting that a visitor is not told of

Value = TypeVar("Value")


class BusyError(InputError):
    """More visitors wait than the queue holds."""


class Turns:
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
        self._queue: deque[Turn] = deque()  # the first `at_once` have their turn
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, tell: Callable[[int], None] = lambda before: None) -> Iterator[Turn]:
        """Wait for a turn and have it for as long as the context lasts.

        Parameters
        ----------
        tell : callable
            Called with how many are before this one, again and again while it
            waits; an exception that it raises gives the place up.

        Yields
        ------
        Turn
            With which long work lets others go first now and then.

        Raises
        ------
        BusyError
            If the queue is full.
        """
        ticket = Turn(self, tell)
        with self._changed:
            if len(self._queue) >= self._at_once + self._most_waiting:
                raise BusyError(
                    f"the server is busy, {self._most_waiting} others wait already: "
                    "try again in a minute"
                )
            self._queue.append(ticket)
        try:
            self.wait(ticket)
            yield ticket
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def wait(self, ticket: Turn) -> None:
        """Return when a ticket has its turn."""
        while True:
            with self._changed:
                if self._before(ticket) <= 0:
                    return
                self._changed.wait(LOOK)
                before = self._before(ticket)
            if before > 0:
                ticket.tell(before)  # not while others are kept from moving

    def send_to_end(self, ticket: Turn) -> None:
        """Put a ticket behind all others."""
        with self._changed:
            self._queue.remove(ticket)
            self._queue.append(ticket)
            self._changed.notify_all()

    def wait_until_idle(self) -> None:
        """Return when nobody has a turn or waits for one: for work that no visitor waits for."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue)

    def _before(self, ticket: Turn) -> int:
        return self._queue.index(ticket) - self._at_once + 1


class Turn:
    """A place in the queue."""

    def __init__(self, turns: Turns, tell: Callable[[int], None]) -> None:
        self._turns = turns
        self.tell = tell

    def pass_on(self) -> None:
        """Let all others that wait go first."""
        self._turns.send_to_end(self)
        self._turns.wait(self)


@st.cache_resource(show_spinner=False)
def all_turns() -> Turns:
    """Return the queue of this server."""
    return Turns()


@contextmanager
def turn(place: DeltaGenerator | None = None) -> Iterator[Turn]:
    """Wait for a turn of this server's queue; say so in `place`, an empty element.

    Yields
    ------
    Turn

    Raises
    ------
    BusyError
        If the queue is full.
    """
    waited = _Waiting(place)
    with all_turns().turn(waited.tell) as ticket:
        waited.over()
        yield ticket


def in_turns(values: Iterator[Value], place: DeltaGenerator | None = None) -> Iterator[Value]:
    """Yield values, each made in a turn of its own.

    Parameters
    ----------
    values : iterator
        Whose steps are heavy.
    place : DeltaGenerator, optional
        An empty element, where waiting is told.
    """
    while True:
        with turn(place):
            try:
                value = next(values)
            except StopIteration:
                return
        yield value


class _Waiting:
    """What a visitor reads while others are before."""

    def __init__(self, place: DeltaGenerator | None) -> None:
        self._place = place
        self._looks = 0
        self._told = 0

    def tell(self, before: int) -> None:
        self._looks += 1
        place = self._place
        if place is None or self._looks * LOOK < QUIET or before == self._told:
            _ = STOPPED in st.session_state  # here Streamlit stops a run that nobody wants
            return
        self._told = before
        who = "One visitor is" if before == 1 else f"{before} visitors are"
        place.info(f"{who} before you; it goes on by itself.", icon=":material/hourglass:")

    def over(self) -> None:
        if self._told and self._place is not None:
            self._place.empty()
            self._told = 0
