"""The pages of the dashboard: one entry holds all that is known of a page.

A new page is an entry here, the module that draws it in `xai_core.ui.pages`, and a
file of two lines in ``pages/``. The order is that of the sidebar.

Conventions
-----------
Pages are files that Streamlit finds by itself, so that the address of each works
as the first request of a fresh server. What draws a page is named by a string and
imported when the page is opened: it needs TensorFlow, which takes seconds.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from xai_core.errors import InputError

__all__ = ["PAGES", "Page", "page_named"]


@dataclass(frozen=True)
class Page:
    """A page: how it is listed, what stands at its top, and what draws it."""

    name: str  # in the sidebar and in the title of the browser's tab
    title: str  # at the top of the page
    icon: str  # of the browser's tab
    menu_icon: str
    short: str  # what it is for, as the help of its link in the sidebar
    purpose: str  # what it is for, in a sentence below its title
    file: str  # from the folder of app.py
    draws: str  # module:function

    @property
    def loaded(self) -> bool:
        """Whether the module that draws the page is imported."""
        return self.draws.partition(":")[0] in sys.modules

    def load(self) -> Callable[[], None]:
        """Return the function that draws the page, imported now."""
        draw: Callable[[], None] = pkgutil.resolve_name(self.draws)
        return draw


PAGES = (
    Page(
        name="Explore",
        title="TimbreLens",
        icon="🔍",
        menu_icon=":material/search:",
        short="One note, one network, four panels",
        purpose="Pick a note and see which moments and frequencies make a neural network hear a "
        "flute, a guitar or a voice in it.",
        file="app.py",
        draws="xai_core.ui.pages.explore:explore_page",
    ),
    Page(
        name="Listen",
        title="Listen",
        icon="👂",
        menu_icon=":material/hearing:",
        short="Hear what a map keeps, change the sound, ask again",
        purpose="Hear what a network goes by, take a partial away or add a second note, and read "
        "what it answers then.",
        file="pages/listen.py",
        draws="xai_core.ui.pages.listen:listen_page",
    ),
    Page(
        name="Trust",
        title="Trust",
        icon="🧪",
        menu_icon=":material/fact_check:",
        short="Is a map about the model? Its tests",
        purpose="Is a map about the network, or would it look like this anyway? One map and its "
        "tests.",
        file="pages/trust.py",
        draws="xai_core.ui.pages.trust:trust_page",
    ),
    Page(
        name="Compare",
        title="Compare",
        icon="⚖️",
        menu_icon=":material/compare_arrows:",
        short="Two maps, their difference and their distance",
        purpose="Two notes, or one note under two networks, spectrograms or methods: what each map "
        "has that the other has not, and how far apart the two are.",
        file="pages/compare.py",
        draws="xai_core.ui.pages.compare:compare_page",
    ),
    Page(
        name="Metrics",
        title="Metrics",
        icon="📐",
        menu_icon=":material/box:",
        short="Distances between the heatmaps of many notes",
        purpose="How far apart the heatmaps of a family's notes are: every two of them compared, "
        "as boxes that fill while you watch.",
        file="pages/metrics.py",
        draws="xai_core.ui.pages.metrics:metrics_page",
    ),
    Page(
        name="Upload",
        title="Upload",
        icon="🎙️",
        menu_icon=":material/mic:",
        short="A recording of your own",
        purpose="A recording of your own: what every network says of it, and why.",
        file="pages/upload.py",
        draws="xai_core.ui.pages.upload:upload_page",
    ),
    Page(
        name="Models",
        title="Models",
        icon="📊",
        menu_icon=":material/leaderboard:",
        short="How good the networks are, and what they learnt from",
        purpose="How well each network tells its family from the other nine, on instruments that "
        "none of them had heard, and what they learnt from.",
        file="pages/models.py",
        draws="xai_core.ui.pages.models:models_page",
    ),
    Page(
        name="Learn",
        title="Learn",
        icon="🎓",
        menu_icon=":material/school:",
        short="How all this works, in eight steps",
        purpose="From a note to the reasons of a network, in eight steps: move the control of each "
        "step and watch what changes.",
        file="pages/learn.py",
        draws="xai_core.ui.pages.learn:learn_page",
    ),
)


def page_named(name: str) -> Page:
    """Return the page of a name.

    Raises
    ------
    InputError
        If no page has that name.

    Examples
    --------
    >>> page_named("Explore").file
    'app.py'
    """
    for page in PAGES:
        if page.name == name:
            return page
    choices = ", ".join(page.name for page in PAGES)
    raise InputError(f"expected one of the pages {choices}, got {name!r}")
