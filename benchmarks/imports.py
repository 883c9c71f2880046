"""What `import aiovirt` and the start of the command line cost.

Each import runs in an interpreter of its own, with its bytecode at hand, as an installed package
has it.  `import aiovirt` must take under 60 ms more than
`import anyio`: the base is anyio's time with the 60 ms added, and a ratio of at least 1 keeps the
bar.  `aiovirt list` stands beside `virsh list`, both up to the moment when they find no daemon.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from time import perf_counter

from _table import Row, main

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}
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
    subprocess.run([sys.executable, "-c", statement], check=True, env=ENVIRONMENT)
    return perf_counter() - begin


SOCKET = "/nonexistent/libvirt-sock"
URI = f"qemu+unix:///system?socket={SOCKET}"
COMMANDS = {
    "aiovirt list": [sys.executable, "-m", "aiovirt", "-c", URI, "list"],
    "virsh list": ["virsh", "-c", URI, "list"],
}


def run_seconds(command: list[str]) -> float:
    """Time a command that finds no daemon."""
    begin = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    taken = perf_counter() - begin
    if done.returncode != 1 or SOCKET not in done.stderr:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return taken


def starts() -> list[Row]:
    """Return the row of the command line; none where there is no virsh."""
    if shutil.which("virsh") is None:
        return []
    turns = [{name: run_seconds(argv) for name, argv in COMMANDS.items()} for _ in range(TURNS + 1)]
    del turns[0]  # that one wrote the bytecode
    return [
        Row(
            group="finding no daemon",
            name="aiovirt list",
            unit="runs/s",
            samples=[1 / turn["aiovirt list"] for turn in turns],
            base=[1 / turn["virsh list"] for turn in turns],
            base_name="virsh list",
            bar=None,
        )
    ]


def measure() -> list[Row]:
    """Return a row for each statement."""
    turns = [{name: seconds(text) for name, text in STATEMENTS.items()} for _ in range(TURNS + 1)]
    del turns[0]  # that one wrote the bytecode
    base = [1 / (turn["import anyio"] + ALLOWED_S) for turn in turns]
    imports = [
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
    return [*imports, *starts()]


if __name__ == "__main__":
    main(measure, __doc__)
