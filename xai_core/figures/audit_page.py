"""Figures as a page of their own, for a reader without a dashboard.

Conventions
-----------
The page needs no network; under each figure stands its alternative text.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

import plotly.graph_objects as go

from xai_core.figures.sentences import alt_text

__all__ = ["audit_html"]

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
