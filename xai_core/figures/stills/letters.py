r"""Names that Matplotlib draws: a font that has their letters, and no formulas.

Conventions
-----------
DejaVu Sans comes with Matplotlib and has no Chinese, Japanese or Korean letters,
nor many others. A name with such letters is drawn with the first installed font
that has them; a letter that no font here has is left out, and a warning says so
once. ``$`` is a letter, not the beginning of a formula.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

__all__ = ["Legible", "legible"]

_LOG = logging.getLogger(__name__)

USUAL = "DejaVu Sans"
PREFERRED = (  # of the fonts that hold many letters
    *("Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo", "MS Gothic"),
    *("IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "PingFang SC", "SimHei", "Malgun Gothic", "Apple SD Gothic Neo"),
    *("Noto Sans", "Arial Unicode MS", "Segoe UI", "FreeSans", "Unifont"),
)
OTHER_WEIGHT = "findfont: Failed to find font weight"  # what Matplotlib logs of a family
UNFIT = ("lastresort", "last resort", "emoji", "adobe blank")  # boxes, or pictures in colour


@dataclass(frozen=True)
class Legible:
    """Texts as they are drawn, and what they are drawn with.

    Parameters
    ----------
    texts : tuple of str
        In which no letter is missing and nothing is a formula.
    fonts : tuple of str or None
        Families, the usual one first; None where it is enough.
    """

    texts: tuple[str, ...]
    fonts: tuple[str, ...] | None

    @property
    def family(self) -> list[str] | None:
        """What Matplotlib takes as ``fontfamily``."""
        return None if self.fonts is None else list(self.fonts)


@lru_cache(maxsize=256)
def legible(*texts: str) -> Legible:
    r"""Return texts without the letters that no font here has, and the fonts for the others.

    Examples
    --------
    >>> legible("a $5 flute")
    Legible(texts=('a \\$5 flute',), fonts=None)
    """
    missing = {c for text in texts for c in text if c != "\n"} - _letters_of(_path_of(USUAL))
    fonts: list[str] = []
    for name in _other_fonts() if missing else ():
        found = missing & _letters_of(_path_of(name))
        if found:
            fonts.append(name)
            missing -= found
        if not missing:
            break
    if missing:
        _LOG.warning(
            "no font here has %s: left out of the picture; a font such as Noto Sans CJK has them",
            "".join(sorted(c for c in missing if c.isprintable())) or "some control characters",
        )
    kept = ("".join(c for c in text if c not in missing) for text in texts)
    return Legible(tuple(map(_plain, kept)), (USUAL, *fonts) if fonts else None)


def _no_other_weight(record: logging.LogRecord) -> bool:
    """Leave out of the log that a family has no regular weight: it is drawn in what it has."""
    return not record.getMessage().startswith(OTHER_WEIGHT)


logging.getLogger(font_manager.__name__).addFilter(_no_other_weight)


def _plain(text: str) -> str:
    """Return a text in which Matplotlib sees neither a formula nor a name to be left out."""
    text = text.replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def _path_of(name: str) -> str:
    """Return the file that Matplotlib draws a family with, or "" where it is gone."""
    try:
        return str(font_manager.findfont(name, fallback_to_default=False))
    except ValueError:
        return ""


def _other_fonts() -> list[str]:
    """Return the families that are installed beside the usual one, the preferred first."""
    order = {name: place for place, name in enumerate(PREFERRED)}
    names = {entry.name for entry in font_manager.fontManager.ttflist} - {USUAL}
    fit = [name for name in names if not any(word in name.lower() for word in UNFIT)]
    return sorted(fit, key=lambda name: (order.get(name, len(order)), name))


@lru_cache(maxsize=512)
def _letters_of(path: str) -> frozenset[str]:
    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError, ValueError):  # a font that FreeType does not read
        return frozenset()
