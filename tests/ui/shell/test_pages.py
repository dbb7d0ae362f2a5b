"""The table of pages: one entry makes a page appear in the sidebar and open."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.test_setup import ROOT
from xai_core.errors import InputError
from xai_core.ui.shell import navigation, pages

TOY = pages.Page(
    name="Toy",
    title="A toy",
    icon="🧸",
    menu_icon=":material/toys:",
    short="Nothing but a toy",
    purpose="A page that is made for a test.",
    file="pages/toy.py",
    draws="toy_page:draw",
)


def file_of(name: str) -> str:
    return f'from xai_core.ui.shell.page_top import open_page\n\nopen_page("{name}")\n'


@pytest.fixture
def app_with_toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of an app whose table has one more entry."""
    shutil.copy(ROOT / "app.py", tmp_path)
    shutil.copytree(ROOT / "pages", tmp_path / "pages")
    (tmp_path / TOY.file).write_text(file_of("Toy"))
    (tmp_path / "toy_page.py").write_text(
        "import streamlit as st\n\ndef draw():\n    st.write('The toy is drawn.')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    table = (*pages.PAGES, TOY)
    monkeypatch.setattr(pages, "PAGES", table)
    monkeypatch.setattr(navigation, "PAGES", table)
    yield tmp_path
    sys.modules.pop("toy_page", None)


def test_a_page_is_one_entry_and_its_files(app_with_toy: Path) -> None:
    app = AppTest.from_file(app_with_toy / "app.py", default_timeout=60)
    app.switch_page(TOY.file).run()
    assert not app.exception
    assert [title.value for title in app.title] == ["A toy"]
    assert [text.value for text in app.main.markdown][-2:] == [TOY.purpose, "The toy is drawn."]
    links = [link.proto for link in app.sidebar.get("page_link")]
    assert [link.label for link in links] == [page.name for page in pages.PAGES]
    assert (links[-1].icon, links[-1].help, links[-1].page) == (TOY.menu_icon, TOY.short, "toy")


def test_every_page_has_a_file_that_opens_it_and_a_function_that_draws_it() -> None:
    files = ["app.py", *(f"pages/{path.name}" for path in ROOT.glob("pages/*.py"))]
    assert sorted(page.file for page in pages.PAGES) == sorted(files)
    for page in pages.PAGES:
        assert (ROOT / page.file).read_text(encoding="utf-8").endswith(file_of(page.name))
        assert page.draws.startswith("xai_core.ui.pages.")
        assert callable(page.load())
        assert page.loaded


def test_an_unknown_page_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match=r"Explore, Listen, Trust, Compare, .*, got 'Game'"):
        pages.page_named("Game")
