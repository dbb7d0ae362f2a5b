"""The Upload page: a recording of the visitor's own, heard by every model."""

from xai_core.ui.shell.page_top import open_page

open_page("Upload")
