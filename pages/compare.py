"""The Compare page: two heatmaps, their difference, and how far apart they are."""

from xai_core.ui.shell.page_top import open_page

open_page("Compare")
