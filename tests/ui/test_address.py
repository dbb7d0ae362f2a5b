"""Choices in the address: read, written, dropped, and kept while not drawn."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from xai_core.ui.address import choose

    if st.checkbox("draw", value=True):
        labels = {"a": "First", "b": "Second", "c": "Third"}
        choose(st._main, "Letter", labels, key="letter", default="b")


def letters(**query: str) -> AppTest:
    app = AppTest.from_function(script, default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


@pytest.mark.parametrize(("query", "chosen"), [({}, "b"), ({"letter": "c"}, "c")])
def test_the_address_decides_at_first(query: dict[str, str], chosen: str) -> None:
    assert letters(**query).selectbox[0].value == chosen


def test_a_choice_is_written_and_a_default_left_out() -> None:
    app = letters()
    app.selectbox[0].set_value("c").run()
    assert app.query_params["letter"] == "c"
    app.selectbox[0].set_value("b").run()
    assert "letter" not in app.query_params


def test_an_unknown_value_is_dropped() -> None:
    app = letters(letter="<script>")
    assert app.selectbox[0].value == "b"
    assert "letter" not in app.query_params


def test_a_changed_address_changes_the_choice() -> None:
    app = letters(letter="c")
    app.query_params["letter"] = "a"  # as the browser's back button does
    assert app.run().selectbox[0].value == "a"


def test_a_choice_outlives_a_run_without_its_widget() -> None:
    app = letters(letter="c")
    app.checkbox[0].uncheck().run()
    assert not app.selectbox
    app.checkbox[0].check().run()
    assert app.selectbox[0].value == "c"
