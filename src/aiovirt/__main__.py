"""``python -m aiovirt``: the command line. It knows nothing but where that begins."""

from __future__ import annotations

import sys

from aiovirt.cli import main

if __name__ == "__main__":
    sys.exit(main())
