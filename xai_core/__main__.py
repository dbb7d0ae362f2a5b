"""``python -m xai_core``."""

from xai_core.cli import main

main()
