"""A recipe: the small TOML file that names where the notes of a data set come from.

Conventions
-----------
A recipe is a name, what is wanted, and a list of sources. Three kinds of
source are known: ``notes`` (a folder in any layout that
:func:`xai_core.datasets.read_collection` reads), ``render`` (SoundFonts, played
note by note) and ``npm`` (packages whose sound files are named by pitch,
``As4.mp3``). Recipes that come with TimbreLens are called by their name.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from pathlib import Path
from typing import Annotated

import msgspec

from xai_core.errors import InputError
from xai_core.values import FAMILIES

__all__ = [
    "Font",
    "NotesSource",
    "PackageSource",
    "Recipe",
    "RenderSource",
    "SoundPackage",
    "Source",
    "Wanted",
    "read_recipe",
    "shipped_recipes",
]

RECIPES = Path(__file__).parent / "recipes"

# What a text may be, and the words for it in an error.
_NAME = "^[a-z0-9][a-z0-9_-]*$"
_FAMILY = f"^({'|'.join(FAMILIES)})$"
_SOUND = "^(acoustic|electronic|synthetic)$"
_VERSION = r"^[0-9]+\.[0-9]+\.[0-9]+$"
_INSTRUMENT = r"^[A-Za-z0-9*][\w*-]*$"
_NPM = r"^(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*$"
_DEBIAN = "^([a-z0-9][a-z0-9.+-]*)?$"
_SAID = {
    _NAME: "a name of small letters, digits, - and _",
    _FAMILY: f"one of {', '.join(FAMILIES)}",
    _SOUND: "acoustic, electronic or synthetic",
    _VERSION: "a version such as 1.1.2",
    _INSTRUMENT: "the name of an instrument, * for any letters",
    _NPM: "the name of an npm package",
    _DEBIAN: "the name of a Debian package",
}
# msgspec's words, and plain ones.
_WORDS = (
    (r"Object missing required field `(\w+)`", r"`\1` is missing"),
    (r"Object contains unknown field `(\w+)`", r"`\1` is not known here"),
    (r"Invalid value '(.*)'$", r"expected notes, render or npm, got '\1'"),  # only of a kind
    ("`str`", "text"),
    ("`int` <=", "a whole number, at most"),
    ("`int` >=", "a whole number, at least"),
    (r"`int(?: \| null)?`", "a whole number"),
    ("`float`", "a number with a point"),
    ("`bool`", "true or false"),
    ("`array`", "a list"),
    ("`object`", "a table"),
    ("^Expected", "expected"),
)

_Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
_Family = Annotated[str, msgspec.Meta(pattern=_FAMILY)]
_Midi = Annotated[int, msgspec.Meta(ge=0, le=127)]
_Count = Annotated[int, msgspec.Meta(ge=1)]
_Number = Annotated[int, msgspec.Meta(ge=0, le=999)]  # of an instrument, three digits
_Instruments = tuple[Annotated[str, msgspec.Meta(pattern=_INSTRUMENT)], ...]


class NotesSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="notes"
):
    """Notes that lie in a folder already; they are read where they are.

    `path` is below the folder of data that the build is given, or absolute. `licence` and
    `attribution` hold for the notes without one of their own.
    """

    name: _Name
    path: str
    licence: str = ""
    attribution: str = ""


class Font(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A SoundFont: a `file` below the data folder or absolute, or below / of a `debian` package."""

    file: str
    debian: Annotated[str, msgspec.Meta(pattern=_DEBIAN)] = ""


class RenderSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="render"
):
    """Notes rendered from SoundFonts, with the settings of :func:`render_notes`."""

    name: _Name
    fonts: tuple[Font, ...]
    families: tuple[_Family, ...] = FAMILIES
    per_family: _Count | None = None
    instruments_per_family: _Count | None = None
    pitches_per_instrument: _Count | None = None
    velocities: tuple[_Midi, ...] = ()
    exclude_programs: tuple[_Midi, ...] = ()
    first_number: _Number = 500
    seed: int = 0
    licence: str = ""
    attribution: str = ""


class SoundPackage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One package, which is one instrument; `origin` is who recorded it."""

    name: Annotated[str, msgspec.Meta(pattern=_NPM)]
    version: Annotated[str, msgspec.Meta(pattern=_VERSION)]
    family: _Family
    sound: Annotated[str, msgspec.Meta(pattern=_SOUND)]
    instrument: str
    origin: str = ""


class PackageSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="npm"
):
    """Recordings in npm packages, each file named by its pitch.

    `per_instrument` notes of each package are taken, evenly over its range;
    all of them if it is not given.
    """

    name: _Name
    packages: tuple[SoundPackage, ...]
    licence: str
    attribution: str
    per_instrument: _Count | None = None
    first_number: _Number = 800


Source = NotesSource | RenderSource | PackageSource


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The least that every family is to have; 0: no minimum."""

    instruments: Annotated[int, msgspec.Meta(ge=0)] = 0
    notes: Annotated[int, msgspec.Meta(ge=0)] = 0


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a data set is made of.

    Parameters
    ----------
    name : str
    about : str
        One sentence.
    source : tuple of Source
    wanted : Wanted
    apart_from_samples : bool
        Whether to leave out instruments that share a recording with the notes
        that come with TimbreLens, which are shown and never trained on; they
        are looked for whatever `find_twins` is.
    find_twins : bool
        Whether to look for instruments that share recordings, which a split
        then keeps together. Time grows with the square of the notes of a
        family and pitch: a minute for 6,000 notes, days for all of NSynth.
    together : tuple of tuple of str
        Lists of instruments that share a physical instrument or a room without
        sharing a recording, so that a split keeps each list together; ``*`` in a
        name stands for any letters.
    """

    name: _Name
    source: tuple[NotesSource | RenderSource | PackageSource, ...]
    about: str = ""
    wanted: Wanted = Wanted()
    apart_from_samples: bool = False
    find_twins: bool = True
    together: tuple[_Instruments, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the recipe's content, whatever its layout and comments."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


def shipped_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with TimbreLens."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def read_recipe(recipe: str | Path) -> Recipe:
    """Return a recipe by its name or from a TOML file.

    Raises
    ------
    InputError
        If there is no such recipe, or the file is not TOML, lacks a key, has
        one that is unknown or a value that does not fit: the sentence says
        which and where.

    Examples
    --------
    >>> read_recipe("starter").name
    'starter'
    """
    path = RECIPES / f"{recipe}.toml" if str(recipe) in shipped_recipes() else Path(recipe)
    try:
        content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise InputError(
            f"expected the name of a recipe ({', '.join(shipped_recipes())}) or a TOML file, "
            f"got {str(recipe)!r}: is the name right?"
        ) from error
    try:
        found = msgspec.toml.decode(content, type=Recipe)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the recipe {path} cannot be used: {_plain(str(error))}") from error
    names = [source.name for source in found.source]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the recipe {path} has two sources named {name!r}")
    if not names:
        raise InputError(f"the recipe {path} names no source")
    return found


def _plain(message: str) -> str:
    """Return the error of msgspec in words for the author of a recipe.

    Examples
    --------
    >>> _plain("Expected `str`, got `int` - at `$.source[0].fonts[1].file`")
    'expected text, got a whole number (source 1, fonts 2, file)'
    """
    what, _, place = message.partition(" - at `$")
    pattern = re.fullmatch("Expected `str` matching regex '(.*)'", what)
    if pattern is not None:
        known = {repr(text)[1:-1]: words for text, words in _SAID.items()}
        what = f"expected {known.get(pattern[1], 'another text')}"
    for theirs, ours in _WORDS:
        what = re.sub(theirs, ours, what)
    steps = [
        name + (f" {int(number) + 1}" if number else "")
        for name, number in re.findall(r"\.(\w+)(?:\[(\d+)\])?", place)
    ]
    return f"{what} ({', '.join(steps)})" if steps else what
