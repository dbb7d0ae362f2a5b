"""Links: where a recording stands in the address, and who may remove it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from xai_core import store

CONTENT = b"the file of a visitor"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def page() -> None:
    import streamlit as st

    from xai_core.ui.parts.sharing import (
        draw_link_of_recording,
        forget_recording,
        take_start,
        write_place,
    )

    content = b"the file of a visitor"
    digest = st.session_state["digest"]
    start = take_start(latest=2.0)
    st.text(f"from {start:g} s")
    write_place(digest, start)
    draw_link_of_recording(content, digest, type="mfcc", family="flute", start=start)
    st.button("Remove it", on_click=forget_recording, args=(digest,))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path))
    return tmp_path


def opened(**query: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["digest"] = DIGEST
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if label in one.label).click().run()


@pytest.mark.parametrize(
    ("asked", "start"),
    [
        ("1.25", "1.25"),
        ("2", "2"),
        ("2.5", "0"),
        ("-1", "0"),
        ("nan", "0"),
        ("inf", "0"),
        ("x", "0"),
    ],
)
def test_a_start_that_is_not_in_the_recording_is_ignored(asked: str, start: str) -> None:
    assert opened(start=asked).text[0].value == f"from {start} s"


def test_a_recording_is_kept_when_its_visitor_asks_and_stands_in_the_address(cache: Path) -> None:
    app = opened(start="1.5", steps="16", family="guitar")
    assert list(cache.glob("*")) == []
    assert "upload" not in app.query_params
    press(app, "Keep it and make a link")
    assert store.read_recording(DIGEST) == CONTENT
    address = app.code[0].value
    assert address.endswith(f"?model=flute&steps=16&type=mfcc&upload={DIGEST}")
    assert "guitar" not in address  # of a note that comes with the app
    app.run()
    assert app.query_params["upload"] == DIGEST
    press(app, "Remove it from the server")
    assert list(cache.glob("*")) == []
    assert "upload" not in app.query_params
    assert len(app.code) == 0


def test_one_who_neither_made_nor_opened_a_link_removes_nothing() -> None:
    store.keep_recording(CONTENT)  # by another visitor, of the same file
    app = opened()
    assert len(app.code) == 0
    press(app, "Remove it")
    assert store.has_recording(DIGEST)


def test_a_recording_that_cannot_be_kept_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "taken"))
    app = press(opened(), "Keep it and make a link")
    assert "cannot be kept" in app.error[0].value
    assert not app.exception
