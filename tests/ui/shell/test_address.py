"""Choices in the address: read, written, dropped, and kept while not drawn."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from xai_core.ui.shell import address


def script() -> None:
    import streamlit as st

    from xai_core.ui.shell.address import choose

    if st.checkbox("draw", value=True):
        labels = {"a": "First", "b": "Second", "c": "Third"}
        choose(st._main, "Letter", labels, key="letter", default="b")


def twins() -> None:
    import streamlit as st

    from xai_core.ui.shell.address import choose

    choose(st._main, "Take", {"t1": "Flute", "t2": "Flute"}, key="take")


def turned() -> None:
    import streamlit as st

    from xai_core.ui.shell.address import (
        choose,
        set_choice,
    )

    choose(st._main, "Letter", {"a": "First", "b": "Second", "c": "Third"}, key="letter")
    st.button("Last", on_click=set_choice, args=("letter", "c"))


def following() -> None:
    import streamlit as st

    from xai_core.ui.shell.address import choose, follow_default, forget_choice

    default = "c" if st.checkbox("another") else "b"
    if st.checkbox("draw", value=True):
        follow_default("letter", default)
        labels = {"a": "First", "b": "Second", "c": "Third"}
        choose(st._main, "Letter", labels, key="letter", default=default)
    st.button("Forget", on_click=forget_choice, args=("letter",))


def switched() -> None:
    import streamlit as st

    from xai_core.ui.shell.address import set_choice, switch

    said = switch(st._main, "Letter", {"a": "First", "b": "Second"}, key="letter")
    st.button("Last", on_click=set_choice, args=("letter", "b"))
    st.text(said)


def edited() -> None:
    import streamlit as st

    from xai_core.ui.shell.address import edited_text, remember, set_text

    start, widget = edited_text("text", label="Text", default="", is_one=lambda one: one != "bad")
    now = st.text_input("Text", value=start, key=widget)
    remember("text", now, default="")
    st.button("Set", on_click=set_text, args=("text", "from a button"))
    st.button("Empty", on_click=set_text, args=("text", ""))


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


def test_an_unknown_value_is_dropped_and_the_visitor_told_once() -> None:
    app = letters(letter="<script>")
    assert app.selectbox[0].value == "b"
    assert "letter" not in app.query_params
    (said,) = app.toast
    assert "“Letter”" in said.value
    assert "script" not in said.value
    assert not app.run().toast
    assert not letters(letter="c").toast


def test_a_button_can_choose() -> None:
    app = AppTest.from_function(turned, default_timeout=30).run()
    app.button[0].click().run()
    assert app.selectbox[0].value == "c"
    assert app.query_params["letter"] == "c"
    app.run()
    assert app.selectbox[0].value == "c"


def test_a_changed_address_changes_the_choice() -> None:
    app = letters(letter="c")
    app.query_params["letter"] = "a"  # as the browser's back button does
    assert app.run().selectbox[0].value == "a"


def test_a_late_address_does_not_undo_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "LATE_SECONDS", 600.0)  # a busy machine takes more than two
    app = letters(letter="c")
    app.selectbox[0].set_value("a").run()
    app.query_params["letter"] = "c"  # the browser has not heard of "a" yet
    app.selectbox[0].set_value("b").run()
    assert app.selectbox[0].value == "b"
    app.query_params["letter"] = "a"  # now it has, but not yet of "b"
    assert app.run().selectbox[0].value == "b"


def test_options_of_one_label_are_told_apart() -> None:
    app = AppTest.from_function(twins, default_timeout=30).run()
    assert app.selectbox[0].options == ["Flute", "Flute (2)"]
    assert app.selectbox[0].select_index(1).run().selectbox[0].value == "t2"
    assert app.query_params["take"] == "t2"


def test_a_choice_outlives_a_run_without_its_widget() -> None:
    app = letters(letter="c")
    app.checkbox[0].uncheck().run()
    assert not app.selectbox
    app.checkbox[0].check().run()
    assert app.selectbox[0].value == "c"


def test_a_browser_that_draws_the_list_anew_is_told_the_choice() -> None:
    app = letters(letter="c")
    assert app.selectbox[0].proto.default == 2
    assert app.run().selectbox[0].proto.default == 2
    app.selectbox[0].set_value("a").run()
    assert app.selectbox[0].proto.default == 0


def test_a_choice_comes_back_with_its_widget_and_stands_in_the_address_again() -> None:
    app = letters()
    app.selectbox[0].set_value("c").run()
    app.checkbox[0].uncheck().run()  # as on a page without this widget
    del app.query_params["letter"]  # a link to another page leaves the address behind
    app.run()
    app.checkbox[0].check().run()
    assert app.selectbox[0].value == "c"
    assert app.query_params["letter"] == "c"


def test_a_switch_is_in_the_address_and_can_be_set() -> None:
    app = AppTest.from_function(switched, default_timeout=30).run()
    assert app.text[0].value == "a"
    assert "letter" not in app.query_params
    app.button[0].click().run()
    assert app.text[0].value == "b"
    assert app.query_params["letter"] == "b"
    again = AppTest.from_function(switched, default_timeout=30)
    again.query_params["letter"] = "b"
    assert again.run().text[0].value == "b"
    other = AppTest.from_function(switched, default_timeout=30)
    other.query_params["letter"] = "z"
    assert other.run().text[0].value == "a"
    assert not other.exception


def test_a_button_sets_what_an_editor_holds() -> None:
    app = AppTest.from_function(edited, default_timeout=30)
    app.query_params["text"] = "of the link"
    app.run()
    assert app.text_input[0].value == "of the link"
    app.text_input[0].set_value("typed").run()
    assert app.query_params["text"] == "typed"
    app.button[0].click().run()
    assert app.text_input[0].value == app.query_params["text"] == "from a button"
    app.text_input[0].set_value("typed again").run()
    assert app.query_params["text"] == "typed again"
    app.button[1].click().run()
    assert app.text_input[0].value == ""
    assert "text" not in app.query_params


def test_a_list_that_shows_its_default_follows_it_and_a_choice_stays() -> None:
    app = AppTest.from_function(following).run()
    app.checkbox[0].check().run()
    assert app.selectbox[0].value == "c"
    assert "letter" not in app.query_params
    app.checkbox[1].uncheck().run()
    app.checkbox[0].uncheck().run()
    app.checkbox[1].check().run()
    assert app.selectbox[0].value == "b"  # the default changed while it was not drawn
    app.selectbox[0].select("a").run()
    app.checkbox[0].check().run()
    assert app.selectbox[0].value == "a"
    assert list(app.query_params["letter"]) == ["a"]


def test_a_forgotten_choice_is_neither_in_the_address_nor_kept() -> None:
    app = AppTest.from_function(following).run()
    app.selectbox[0].select("a").run()
    app.checkbox[1].uncheck().run()
    app.button[0].click().run()
    assert "letter" not in app.query_params
    app.checkbox[1].check().run()
    assert app.selectbox[0].value == "b"
