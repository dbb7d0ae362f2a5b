"""The Learn page: a guided tour from a note to the distance between two heatmaps."""

from xai_core.ui.shell.page_top import open_page

open_page("Learn")
