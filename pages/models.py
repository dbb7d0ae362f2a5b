"""The Models page: how good the shipped networks are, and what they learnt from."""

from xai_core.ui.shell.page_top import open_page

open_page("Models")
