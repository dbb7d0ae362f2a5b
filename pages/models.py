"""The Models page: how good the shipped networks are, and what they learnt from."""

from xai_core.ui.opening import open_models

open_models()
