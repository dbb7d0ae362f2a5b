"""Colour limits held in the session and in the address."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def script() -> None:
    """Draw maps whose strongest bins are `strength` and twice that, and tell their limits."""
    import numpy as np
    import streamlit as st

    from xai_core.ui.parts.charts import held_limits
    from xai_core.values import Attribution, Axis

    strength = st.number_input("strength", value=0.25)
    type = st.selectbox("type", ["mfcc", "chroma"])
    time, bins = Axis("Time", "s", np.arange(3)), Axis("Bin", "", np.arange(2))
    values = np.array([[0, -1], [0.5, 0], [0, 0]])
    maps = [
        Attribution(scale * strength * values, type, time, bins, method=method, target="logit")
        for scale, method in ((1, "integrated_gradients"), (2, "grad_cam"))
    ]
    found = held_limits(
        *maps,
        held=st.checkbox("hold", key="hold"),
        final=st.checkbox("final", value=True),
        sign="signed" if st.checkbox("signed", value=True) else "unsigned",
        percentile=100,
    )
    st.text(f"{found.get('integrated_gradients')} {found.get('grad_cam')}")


def start() -> AppTest:
    return AppTest.from_function(script, default_timeout=30).run()


def link(**query: str) -> AppTest:
    """Open an address that asks for held limits."""
    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["hold"] = True
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def hold(app: AppTest, on: bool = True) -> AppTest:
    return app.checkbox[0].set_value(on).run()


def strengthen(app: AppTest, strength: float) -> AppTest:
    return app.number_input[0].set_value(strength).run()


def test_maps_have_their_own_limits_unless_held() -> None:
    app = start()
    assert app.text[0].value == "None None"
    assert not app.query_params


def test_limits_are_those_of_the_map_on_which_they_were_held() -> None:
    app = hold(start())
    assert app.text[0].value == "(-0.25, 0.25) (0.0, 0.5)"
    assert (app.query_params["limit"], app.query_params["cam_limit"]) == ("0.25", "0.5")
    assert strengthen(app, 4.0).text[0].value == "(-0.25, 0.25) (0.0, 0.5)"


def test_limits_of_absolute_values_begin_at_zero() -> None:
    app = hold(start())
    assert app.checkbox[2].set_value(False).run().text[0].value == "(0.0, 0.25) (0.0, 0.5)"


def test_let_go_they_are_forgotten() -> None:
    app = strengthen(hold(hold(start()), on=False), 4.0)
    assert app.text[0].value == "None None"
    assert not app.query_params
    assert hold(app).text[0].value == "(-4.0, 4.0) (0.0, 8.0)"


def test_another_type_has_limits_of_its_own() -> None:
    app = strengthen(hold(start()), 4.0)
    assert app.selectbox[0].set_value("chroma").run().text[0].value == "(-4.0, 4.0) (0.0, 8.0)"
    assert app.query_params["limit"] == "4"


def test_a_first_picture_is_not_held() -> None:
    app = start()
    app.checkbox[1].set_value(False).run()
    assert hold(app).text[0].value == "None None"
    assert app.checkbox[1].set_value(True).run().text[0].value == "(-0.25, 0.25) (0.0, 0.5)"


def test_a_link_brings_its_limits() -> None:
    assert link(limit="0.125", cam_limit="3").text[0].value == "(-0.125, 0.125) (0.0, 3.0)"


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "-1", "cam_limit": "1"},
        {"limit": "nan", "cam_limit": "1"},
        {"limit": "1e300", "cam_limit": "1"},
        {"limit": "1"},
        {"limit": "<b>", "cam_limit": "1"},
    ],
)
def test_limits_that_cannot_be_drawn_are_ignored(query: dict[str, str]) -> None:
    app = link(**query)
    assert app.text[0].value == "(-0.25, 0.25) (0.0, 0.5)"
    assert (app.query_params["limit"], app.query_params["cam_limit"]) == ("0.25", "0.5")
