"""Choices kept in the page's address, under names that do not change with wording.

Conventions
-----------
A widget's key is its query parameter; the value there is the option itself, not
its label. A default is left out of the address. A value that is not an option
is removed, with a message where the visitor came with it. A choice that
was made on one page is made on the next that has a widget of that key, unless
the address has another value. (Streamlit's own binding writes labels, which change
with the wording.)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

__all__ = [
    "choose",
    "edited_text",
    "follow_default",
    "forget_choice",
    "remember",
    "set_choice",
    "set_text",
    "slide",
    "switch",
]

NOT_HERE = "The address names something under “{}” that is not here, so the default is shown."
LATE_SECONDS = 2.0  # how long a browser may still show the address that was replaced


def choose(
    place: DeltaGenerator,
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    default: str | None = None,
    help: str | None = None,
    disabled: bool = False,
) -> str:
    """Draw a selectbox whose choice lives in the address.

    Parameters
    ----------
    place : DeltaGenerator
        Where it is drawn.
    label : str
    options : mapping of str to str
        ``{option: what the visitor reads}``, in order.
    key : str
        Name of the widget and of its query parameter.
    default : str or None
        The option chosen at first; the first one if None or not an option.
    help : str or None
    disabled : bool

    Returns
    -------
    str
        The option chosen.
    """
    if default is None or default not in options:
        default = next(iter(options))
    labels = _told_apart(options)
    choice = place.selectbox(
        label,
        tuple(options),
        index=_adopt_address(tuple(options), label=label, key=key, default=default),
        format_func=lambda option: labels[option],
        key=key,
        help=help,
        disabled=disabled,
    )
    remember(key, str(choice), default=default)
    return str(choice)


def slide(
    place: DeltaGenerator, label: str, options: Sequence[str], *, key: str, default: str
) -> str:
    """Draw a slider over options whose choice lives in the address.

    Parameters
    ----------
    place, label, key
        As of :func:`choose`.
    options : sequence of str
        In order; what is read is what is chosen.
    default : str
        One of them.

    Returns
    -------
    str
        The option chosen.
    """
    index = _adopt_address(options, label=label, key=key, default=default)
    # a value beside the state is taken for a mistake, so none where the state has it
    choice = str(
        place.select_slider(label, options, value=options[index] if index else None, key=key)
    )
    remember(key, choice, default=default)
    return choice


def switch(place: DeltaGenerator, label: str, options: Mapping[str, str], *, key: str) -> str:
    """Draw a row of buttons of which one is pressed; which one lives in the address.

    Parameters
    ----------
    place, label, options, key
        As of :func:`choose`; the label is read aloud and not shown. The first option is the
        default.

    Returns
    -------
    str
        The option chosen.
    """
    default = next(iter(options))
    index = _adopt_address(tuple(options), label=label, key=key, default=default)
    state_has_it = key in st.session_state
    choice = place.segmented_control(
        label,
        tuple(options),
        default=None if state_has_it else tuple(options)[index],
        required=True,
        format_func=lambda option: options[option],
        key=key,
        label_visibility="collapsed",
    )
    remember(key, str(choice), default=default)
    return str(choice)


def edited_text(
    key: str, *, label: str, default: str, is_one: Callable[[str], bool]
) -> tuple[str, str]:
    """Return what an editor starts from, whose content lives in the address, and its widget's key.

    An editor keeps what was changed since it started; so it starts anew, under
    another key, only when the visitor changed the address or comes back to it.

    Parameters
    ----------
    key : str
        Name of the query parameter.
    label, default
        What the visitor reads; what is there at first.
    is_one : callable
        Whether a text from an address can be edited.

    Returns
    -------
    text, widget : str
        Hand what it became to :func:`remember`.
    """
    state, shown = st.session_state, st.query_params.get(key)
    start, number = state.get(_start(key), (default, 0))
    is_drawn = _editor(key, number) in state
    if is_drawn:
        state.pop(_set_by_us(key), None)
    elif state.get(_set_by_us(key)):  # until a run of the page has come as far as the editor
        return start, _editor(key, number)
    if is_drawn and not _changed_by_visitor(key, shown):
        return start, _editor(key, number)
    wanted = shown or (default if is_drawn else state.get(_last(key), default))
    if not is_one(wanted):
        st.toast(NOT_HERE.format(label), icon=":material/link_off:", duration="long")
        wanted = default
    state[_start(key)] = wanted, number + 1
    return wanted, _editor(key, number + 1)


def remember(key: str, text: str, *, default: str) -> None:
    """Write a choice, or what an editor holds now, to the address and keep it for other pages."""
    st.session_state[_last(key)] = text
    _write_address(key, None if text == default else text)


def set_text(key: str, text: str) -> None:
    """Let the editor of a key start anew from a text, from the callback of a button or a click."""
    _, number = st.session_state.get(_start(key), ("", 0))
    st.session_state[_start(key)] = text, number + 1
    st.session_state[_set_by_us(key)] = True


def set_choice(key: str, option: str) -> None:
    """Choose for the visitor, from the callback of a button or a click.

    Parameters
    ----------
    key : str
        Of a list that :func:`choose` draws.
    option : str
    """
    st.session_state[key] = option
    st.session_state[_set_by_us(key)] = True


def forget_choice(key: str) -> None:
    """Forget a choice, here and on other pages, and take it out of the address."""
    for name in (key, _last(key), _set_by_us(key), _default(key)):
        st.session_state.pop(name, None)
    _write_address(key, None)


def follow_default(key: str, default: str) -> None:
    """Let a list that shows its default show the new one, before it is drawn.

    Parameters
    ----------
    key : str
        Of a list that :func:`choose` draws.
    default : str
        What it is drawn with now; a choice of the visitor's is left as it is.
    """
    state = st.session_state
    before = state.get(_default(key), default)
    if before != default and key in state and state[key] == before:
        set_choice(key, default)
    elif before != default and state.get(_last(key)) == before:
        state[_last(key)] = default
    state[_default(key)] = default


def _adopt_address(options: Sequence[str], *, label: str, key: str, default: str) -> int:
    """Set the widget from the address when that changed, or when its options did.

    Returns
    -------
    int
        Where the choice stands among the options, for a browser that draws the
        widget anew and has lost the choice; 0 where the state was
        set, which updates the browser already.
    """
    state = st.session_state
    shown = st.query_params.get(key)
    wanted = str(state[key]) if key in state else shown or state.get(_last(key), default)
    if key in state and _changed_by_visitor(key, shown):
        wanted = shown or default
    if wanted not in options:
        if key not in state and shown:  # its value may be anything, and is not repeated
            st.toast(NOT_HERE.format(label), icon=":material/link_off:", duration="long")
        wanted = default
    set_by_us = state.pop(_set_by_us(key), False)
    if key in state and (set_by_us or state[key] != wanted):
        state[key] = wanted
        return 0
    return options.index(wanted)


@dataclass
class _Written:
    """What the address should hold, and what it may still hold for a moment."""

    value: str | None = None
    late: dict[str | None, float] = field(default_factory=dict)  # value: when it was replaced, s


def _changed_by_visitor(key: str, shown: str | None) -> bool:
    """Whether the address differs from what was written, and is not merely late."""
    written = _written(key)
    replaced = written.late.get(shown)
    late = replaced is not None and time.monotonic() - replaced < LATE_SECONDS
    return shown != written.value and not late


def _write_address(key: str, value: str | None) -> None:
    written, shown = _written(key), st.query_params.get(key)
    if shown != value:
        now = time.monotonic()
        written.late.update({shown: now, written.value: now})
        if value is None:
            del st.query_params[key]
        else:
            st.query_params[key] = value
    written.value = value


def _written(key: str) -> _Written:
    record: _Written = st.session_state.setdefault(f"{key} in the address", _Written())
    return record


def _last(key: str) -> str:
    """Where the session keeps a choice when its widget is not on the page."""
    return f"{key} chosen last"


def _default(key: str) -> str:
    """Where the session keeps the default of a list whose default changes."""
    return f"{key} by default"


def _start(key: str) -> str:
    """Where the session keeps what an editor started from, and its number."""
    return f"{key} started from"


def _editor(key: str, number: int) -> str:
    return f"{key} editor {number}"


def _set_by_us(key: str) -> str:
    """Where the session keeps that a callback, and not the visitor, set a choice."""
    return f"{key} set by us"


def _told_apart(options: Mapping[str, str]) -> dict[str, str]:
    """Return labels, repeated ones numbered: Streamlit identifies options by their labels."""
    seen: Counter[str] = Counter()
    labels = {}
    for option, label in options.items():
        seen[label] += 1
        labels[option] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return labels
