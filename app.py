"""TimbreLens: the dashboard's first page, Explore. Start it with ``make app``."""

from xai_core.ui.explore import explore_page

explore_page()
