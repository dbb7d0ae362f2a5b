"""Choices kept in the page's address, under names that do not change with wording.

Conventions
-----------
A widget's key is its query parameter; the value there is the option itself, not
its label. A default is left out of the address. A value that is not an option
is ignored and removed. (Streamlit's own binding writes labels, which are meant
for reading and are not unique for notes.)
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

__all__ = ["choose"]


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
        The option chosen at first; None for the first one.
    help : str or None
    disabled : bool

    Returns
    -------
    str
        The option chosen.
    """
    default = default or next(iter(options))
    _adopt_address(options, key=key, default=default)
    choice = place.selectbox(
        label,
        tuple(options),
        format_func=lambda option: options[option],
        key=key,
        help=help,
        disabled=disabled,
    )
    _write_address(key, None if choice == default else str(choice))
    return str(choice)


def _adopt_address(options: Mapping[str, str], *, key: str, default: str) -> None:
    """Set the widget from the address when that changed, or when its options did."""
    state, written = st.session_state, f"{key} in the address"
    shown = st.query_params.get(key)
    if key not in state or shown != state.get(written):
        state[key] = shown or default
    if state.get(key) not in options:
        state[key] = default


def _write_address(key: str, value: str | None) -> None:
    st.session_state[f"{key} in the address"] = value
    if st.query_params.get(key) == value:
        return
    if value is None:
        del st.query_params[key]
    else:
        st.query_params[key] = value
