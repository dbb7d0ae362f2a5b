"""The Upload page: a recording of the visitor's own, heard by every model."""

from xai_core.ui.opening import open_upload

open_upload()
