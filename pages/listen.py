"""The Listen page: hear what a network goes by, change the sound, and ask again."""

from xai_core.ui.shell.page_top import open_page

open_page("Listen")
