"""TimbreLens: the dashboard's first page, Explore. Start it with ``make app``."""

from xai_core.ui.shell.page_top import open_page

open_page("Explore")
