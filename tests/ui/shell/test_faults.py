"""Errors in words: what a visitor reads, and what the log keeps."""

from __future__ import annotations

import logging

import pytest
from streamlit.testing.v1 import AppTest

from xai_core.ui.shell.faults import sentence


def test_errors_become_sentences() -> None:
    assert sentence(ValueError("got nothing: is it empty?")) == "Got nothing: is it empty?"
    assert sentence(ValueError("got nothing")) == "Got nothing."


def refused() -> None:
    from xai_core.errors import InputError
    from xai_core.ui.shell.faults import draw_guarded

    def draw() -> None:
        raise InputError("expected a note, got none: choose one")

    draw_guarded(draw, name="Test")


def broken() -> None:
    from xai_core.ui.shell.faults import draw_guarded

    def draw() -> None:
        raise ZeroDivisionError("secret")

    draw_guarded(draw, name="Test")


def test_what_the_visitor_can_mend_is_said() -> None:
    app = AppTest.from_function(refused).run()
    assert [one.value for one in app.error] == ["Expected a note, got none: choose one."]


def test_a_fault_of_ours_is_logged_and_its_details_are_kept_from_the_visitor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        app = AppTest.from_function(broken).run()
    assert len(app.error) == 1
    assert "secret" not in app.error[0].value
    assert "the Test page failed" in caplog.text
    assert "ZeroDivisionError: secret" in caplog.text
