"""What VMware's simulator can do, and by which verb of aiovirt it is reached.

Run as a program it carries every operation out, on a vCenter and on an ESX host, prints what came
of each, and names the methods that the simulator has and no verb reaches.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import anyio
from vcsimmachines import MACHINES
from vcsimscene import BOTH, Operation, Stage, staged

from aiovirt.errors import AiovirtError

__all__ = ["OPERATIONS"]

OPERATIONS = (*MACHINES,)
"""All of them."""


async def _try(operation: Operation, stage: Stage) -> str:
    """What came of an operation: nothing when all is well."""
    try:
        await operation.run(stage)
    except (AiovirtError, AssertionError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> int:
    """Try them all."""
    failed = 0
    for kind in BOTH:
        for operation in OPERATIONS:
            if kind not in operation.kinds:
                continue
            with tempfile.TemporaryDirectory() as folder, staged(kind, Path(folder)) as stage:
                came = anyio.run(_try, operation, stage)
            failed += bool(came)
            sys.stdout.write(f"{kind:8} {operation}: {came or 'ok'}\n")
    sys.stdout.write(f"{len(OPERATIONS)} operations, {failed} failed\n")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
