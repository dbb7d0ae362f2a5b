"""The Metrics page: how far apart the heatmaps of many notes are, family by family."""

from xai_core.ui.shell.page_top import open_page

open_page("Metrics")
