"""The Trust page: is a map about the network, or would it look like this anyway?"""

from xai_core.ui.shell.page_top import open_page

open_page("Trust")
