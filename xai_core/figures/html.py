"""Figures in one HTML file that needs no network.

Conventions
-----------
A page holds Plotly's script once (:func:`plotly_script`), then any number of
figures (:func:`embedded`), each with its alternative text. :func:`audit_html`
is a whole page; under each of its figures stands the alternative text.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from xai_core.figures.base.words import alt_text

__all__ = [
    "audit_html",
    "embedded",
    "plotly_script",
]

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


_STYLE = (
    "body{font:16px system-ui,sans-serif;max-width:1100px;margin:24px auto;padding:0 16px}"
    "figure{margin:0 0 40px}h2{margin:0 0 8px;font-size:18px}figcaption{color:#555}"
)


def audit_html(figures: Mapping[str, go.Figure], *, title: str) -> str:
    """Return a page of its own that holds figures, each under its heading.

    Parameters
    ----------
    figures : mapping of str to Figure
        By heading.
    title : str

    Returns
    -------
    str
        HTML that needs no network.
    """
    parts = [
        f"<figure><h2>{html.escape(heading)}</h2>"
        f'<div role="img" aria-label="{html.escape(alt_text(figure), quote=True)}">'
        + figure.to_html(full_html=False, include_plotlyjs=number == 0)
        + f"</div><figcaption>{html.escape(alt_text(figure))}</figcaption></figure>"
        for number, (heading, figure) in enumerate(figures.items())
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )
