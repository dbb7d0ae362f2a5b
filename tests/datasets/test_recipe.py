from __future__ import annotations

import codecs
import re
from pathlib import Path

import pytest

from xai_core.datasets.recipe import (
    NotesSource,
    PackageSource,
    RenderSource,
    read_recipe,
    shipped_recipes,
)
from xai_core.errors import InputError
from xai_core.values import FAMILIES

NOTES = '[[source]]\nname = "mine"\nkind = "notes"\npath = "mine"\n'
FONTS = '[[source]]\nname = "f"\nkind = "render"\nfonts = [{file = "toy.sf2"}]\n'
PACKAGE = (
    '[[source]]\nname = "p"\nkind = "npm"\nlicence = "CC0"\nattribution = "me"\n'
    '[[source.packages]]\nname = "a-b"\nversion = "1.1.2"\nfamily = "bass"\n'
    'sound = "acoustic"\ninstrument = "B"\n'
)


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_names_its_sources(tmp_path: Path) -> None:
    text = 'name = "a"\n' + NOTES
    text += '[[source]]\nname = "fonts"\nkind = "render"\nfonts = [{file = "toy.sf2"}]\n'
    recipe = read_recipe(write(tmp_path, text))
    mine, fonts = recipe.source
    assert mine == NotesSource("mine", "mine")
    assert isinstance(fonts, RenderSource)
    assert fonts.families == FAMILIES
    assert (fonts.fonts[0].file, fonts.fonts[0].debian) == ("toy.sf2", "")


def test_comments_and_layout_leave_the_digest_alone_and_content_does_not(tmp_path: Path) -> None:
    plain = read_recipe(write(tmp_path, 'name = "a"\n' + NOTES)).digest
    assert read_recipe(write(tmp_path, '# a comment\nname="a"\n\n' + NOTES)).digest == plain
    assert read_recipe(write(tmp_path, 'name = "b"\n' + NOTES)).digest != plain


def test_a_recipe_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path, 'name = "a"\n' + NOTES)
    plain = read_recipe(path)
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert read_recipe(path) == plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 1\n" + NOTES, r"expected text, got a whole number \(name\)$"),
        (NOTES, "toml cannot be used: `name` is missing$"),
        ('name = "a"\nsource = []', "names no source"),
        ('name = "a"\n' + NOTES + NOTES, "two sources named 'mine'"),
        ('name = "a"\n' + NOTES + "speed = 3\n", r"`speed` is not known here \(source 1\)$"),
        (
            'name = "a"\n' + NOTES.replace("notes", "zip"),
            "expected notes, render or npm, got 'zip'",
        ),
        ('name = "a"\n' + NOTES.replace('"mine"', '["mine"]'), "expected text, got a list"),
        ('name = "a"\nfind_twins = 1\n' + NOTES, "expected true or false, got a whole number"),
        ('name = "a"\nwanted = 3\n' + NOTES, "expected a table, got a whole number"),
        (
            'name = "a"\n' + FONTS + "velocities = [1, 300]",
            "whole number, at most 127 .*velocities 2",
        ),
        ('name = "a"\n' + FONTS + "per_family = 0", "whole number, at least 1 .*per_family"),
        ('name = "a"\n' + FONTS + "per_family = 'x'", "expected a whole number, got text"),
        ('name = "a"\n' + FONTS + "families = ['bas']", "expected one of bass, .*families 1"),
        ('name = "a"\n' + FONTS.replace("file", "debian = '-x', file"), "name of a Debian package"),
        ('name = "a"\n' + PACKAGE.replace("1.1.2", "1"), r"version such as 1.1.2 .*packages 1, ve"),
        ('name = "a"\n' + PACKAGE.replace("a-b", "A B"), "the name of an npm package"),
        ('name = "a"\n' + PACKAGE.replace("acoustic", "dull"), "acoustic, electronic or synthetic"),
        ('name = "a"\n' + NOTES.replace('"mine"', '"../x"', 1), "a name of small letters, digits"),
        (
            'name = "a"\ntogether = [["a_*", "b c"]]\n' + NOTES,
            r"name of an instrument, \* for any letters \(together 1\)$",
        ),
        ("name = ", "cannot be used"),
        ("\ufeffname", "cannot be used"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_recipe(write(tmp_path, text))
    assert not set("`$^") & set(re.sub("`[a-z]+`", "", str(refused.value)))


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(InputError, match=r"samples, starter.*got 'stater'"):
        read_recipe("stater")


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_are_whole(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    for source in recipe.source:
        assert source.attribution or source.name in ("recordings", "software")


def test_what_is_shown_is_not_trained_on() -> None:
    starter, samples = read_recipe("starter"), read_recipe("samples")
    assert starter.apart_from_samples
    used, shown = (
        {
            package.name
            for s in recipe.source
            if isinstance(s, PackageSource)
            for package in s.packages
        }
        | {font.file for s in recipe.source if isinstance(s, RenderSource) for font in s.fonts}
        for recipe in (starter, samples)
    )
    assert used
    assert shown
    assert not used & shown
