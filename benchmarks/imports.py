"""What `import aiovirt` costs: it must take under 60 ms more than `import anyio`.

Each import runs in an interpreter of its own.  The base is anyio's time with the 60 ms added: a
ratio of at least 1 keeps the bar.
"""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

from _table import Row, main

TURNS = 11
ALLOWED_S = 0.060
STATEMENTS = {
    "import anyio": "import anyio",
    "and import aiovirt": "import anyio, aiovirt",
    "and use aiovirt.open": "import anyio, aiovirt; aiovirt.open",
}
BARRED = "and import aiovirt"


def seconds(statement: str) -> float:
    """Time one statement in a fresh interpreter."""
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return perf_counter() - begin


def measure() -> list[Row]:
    """Return a row for each statement."""
    turns = [{name: seconds(text) for name, text in STATEMENTS.items()} for _ in range(TURNS)]
    base = [1 / (turn["import anyio"] + ALLOWED_S) for turn in turns]
    return [
        Row(
            group="fresh interpreter",
            name=name,
            unit="imports/s",
            samples=[1 / turn[name] for turn in turns],
            base=base,
            base_name="import anyio and 60 ms",
            bar=1.0 if name == BARRED else None,
        )
        for name in STATEMENTS
    ]


if __name__ == "__main__":
    main(measure, __doc__)
