"""Figures inside a page of one file that needs no network.

Conventions
-----------
The page holds Plotly's script once (:func:`plotly_script`), then as many
figures as it likes (:func:`embedded`), each with its alternative text.
"""

from __future__ import annotations

import html

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from xai_core.figures.sentences import alt_text

__all__ = ["embedded", "plotly_script"]

CONFIG = {"responsive": True, "displaylogo": False, "displayModeBar": False}


def plotly_script() -> str:
    """Return Plotly's JavaScript, some 5 MB, for a ``<script>`` of its own."""
    return str(get_plotlyjs())


def embedded(figure: go.Figure, *, name: str) -> str:
    """Return a figure as HTML for a page that holds Plotly's script.

    Parameters
    ----------
    figure : Figure
        Of this package: it carries its alternative text.
    name : str
        The element's id, one of its own on the page.

    Returns
    -------
    str
        An element with role "img" that is named by the alternative text.
    """
    inner = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=CONFIG)
    return f'<div role="img" aria-label="{html.escape(alt_text(figure), quote=True)}">{inner}</div>'
