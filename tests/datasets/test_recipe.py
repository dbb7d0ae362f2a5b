from __future__ import annotations

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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 1\n" + NOTES, r"Expected `str`, got `int` - at `\$.name`"),
        (NOTES, "missing required field `name`"),
        ('name = "a"\nsource = []', "names no source"),
        ('name = "a"\n' + NOTES + NOTES, "two sources named 'mine'"),
        ('name = "a"\n' + NOTES + "speed = 3\n", r"unknown field `speed` - at `\$.source\[0\]`"),
        ('name = "a"\n' + NOTES.replace("notes", "zip"), "Invalid value 'zip'"),
        ('name = "a"\n' + NOTES.replace('"mine"', '"../x"', 1), "matching regex"),
        ("name = ", "cannot be used"),
        ("\ufeffname", "cannot be used"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_recipe(write(tmp_path, text))


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(InputError, match=r"samples, starter.*got 'stater'"):
        read_recipe("stater")


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_are_whole(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    for source in recipe.source:
        assert source.attribution or source.name == "recordings"


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
