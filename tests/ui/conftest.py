"""Fixtures for pages that are run without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from tests.few_models import link_models
from xai_core.ui.shell import preload


@pytest.fixture(scope="session")
def pages_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache folder that the pages of a session share."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def pages_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of models of the pages: the shipped ones of a few types."""
    return link_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def pages(pages_cache: Path, pages_models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let pages of this test find what those of earlier tests computed.

    Models are loaded when they are needed, not all of them ahead of the visitor.
    """
    monkeypatch.setenv("TIMBRELENS_MODELS", str(pages_models))
    monkeypatch.setenv("TIMBRELENS_CACHE", str(pages_cache))
    monkeypatch.setattr(preload, "_load_all", lambda types, turns: None)
    st.cache_data.clear()  # which models are sound: another test may have had other models
    yield
    st.cache_data.clear()
