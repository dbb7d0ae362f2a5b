"""``python -m xai_core``."""

import sys

try:
    from xai_core.cli import main

    main()
except KeyboardInterrupt:  # while packages are imported, or after the last word
    print("Stopped", file=sys.stderr)
    sys.exit(130)
