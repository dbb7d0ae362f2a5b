from __future__ import annotations

from pathlib import Path

import pytest

from tests.datasets.notes_on_disk import new_note, tone, write_audio
from xai_core.datasets import read_collection, read_folder, read_nsynth, write_nsynth
from xai_core.datasets.collection import describe_collection
from xai_core.errors import InputError


def test_examples_json_marks_the_layout_of_nsynth(tmp_path: Path) -> None:
    write_nsynth(tmp_path, [new_note()])
    assert read_collection(tmp_path) == read_nsynth(tmp_path)
    assert len(read_collection(tmp_path)) == 1


def test_a_family_folder_marks_a_folder_of_audio(tmp_path: Path) -> None:
    write_audio(tmp_path / "reed" / "oboe" / "a.wav", tone())
    assert read_collection(tmp_path) == read_folder(tmp_path)
    assert len(read_collection(tmp_path)) == 1


def test_any_other_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    sought = r"neither dataset\.json, nor examples\.json, nor manifest\.csv"
    with pytest.raises(InputError, match=sought):
        read_collection(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found none at .*nowhere"):
        read_collection(tmp_path / "nowhere")


def test_a_card_names_the_folder_or_the_recipe(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    assert describe_collection(folder) == {"name": "mine"}
    text = '{"name": "starter", "recipe_digest": "ab12", "parts": []}'
    (folder / "dataset.json").write_text(text)
    assert describe_collection(folder) == {"name": "starter", "recipe_digest": "ab12"}
    (folder / "dataset.json").write_text(text[:-9])
    with pytest.raises(InputError, match="build the data set again"):
        describe_collection(folder)
