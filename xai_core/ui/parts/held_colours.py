"""Colours that several maps share: limits held while the visitor changes note or model.

Conventions
-----------
A limit is half the width of a signed scale, in units of the target per bin. What
is held lives in the address as ``limit`` and ``cam_limit``, so that a link draws
the same colours; it belongs to one spectrogram type and one target, since maps
of others have other sizes, and is taken anew where either changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st

from xai_core.figures import limits
from xai_core.figures.base.scales import Sign
from xai_core.values import Attribution

__all__ = ["Limits", "held_limits"]

KEYS = ("limit", "cam_limit")  # of Integrated Gradients and of Grad-CAM
HELD = "limits that are held"
MOST = 1e6  # larger limits in an address are ignored


@dataclass(frozen=True)
class Limits:
    """Colour limits of both maps; None for those of each map by itself."""

    integrated_gradients: tuple[float, float] | None = None
    grad_cam: tuple[float, float] | None = None


def held_limits(
    attribution: Attribution,
    cam: Attribution,
    *,
    held: bool,
    final: bool,
    sign: Sign,
    percentile: float,
) -> Limits:
    """Return the limits that the session holds, and hold those of these maps if it holds none.

    Parameters
    ----------
    attribution, cam : Attribution
        Integrated Gradients and Grad-CAM as they are drawn.
    held : bool
        Whether the visitor wants limits held; otherwise any are forgotten.
    final : bool
        Whether the map is as good as it gets: a first picture is not held.
    sign : {"signed", "unsigned"}
        How Integrated Gradients are drawn.
    percentile : float
        Share of the absolute values, in percent, that limits of these maps cover.
    """
    state = st.session_state
    if not held:
        state.pop(HELD, None)
        for key in KEYS:
            if key in st.query_params:
                del st.query_params[key]
        return Limits()
    of_what = (attribution.type, attribution.target)
    if HELD not in state and (linked := _from_address()):
        state[HELD] = (of_what, linked)
    if HELD not in state or state[HELD][0] != of_what:
        if not final:
            return Limits()
        own = tuple(
            float(f"{limits(one, sign='unsigned', percentile=percentile)[1]:.3g}")
            for one in (attribution, cam)
        )
        state[HELD] = (of_what, own)
    for key, limit in zip(KEYS, state[HELD][1], strict=True):
        if st.query_params.get(key) != f"{limit:g}":
            st.query_params[key] = f"{limit:g}"
    high, cam_high = state[HELD][1]
    return Limits((-high if sign == "signed" else 0.0, high), (0.0, cam_high))


def _from_address() -> tuple[float, float] | None:
    """Return the limits that a link asks for, or None if it has none that can be drawn."""
    try:
        high, cam_high = (float(st.query_params[key]) for key in KEYS)
    except (KeyError, ValueError):
        return None
    usable = all(math.isfinite(limit) and 0 < limit <= MOST for limit in (high, cam_high))
    return (high, cam_high) if usable else None
