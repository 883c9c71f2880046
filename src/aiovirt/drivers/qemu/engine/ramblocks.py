"""Memory that QEMU frees later than the object that it was of: it is waited for.

QEMU ends itself at a second block of one name (qemu_ram_set_idstr in its softmmu/physmem.c), and
the first is there until all its threads have looked away from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import anyio

from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.errors import Busy

__all__ = ["until_freed"]

_BOUND_S: Final = 10.0
_LOOK_S: Final = 0.02
_BACKEND: Final = "memory-backend-"


async def until_freed(monitor: BoundedMonitor, words: Iterable[tuple[str, str]]) -> None:
    """Wait until there is none of the memory that some options are about to make.

    Args:
        monitor: QEMU's.
        words: The options, each with its value.

    Raises:
        Busy: What had such a name before is still in use.
    """
    names = {name for option, value in words if option == "-object" for name in _memory(value)}
    if not names:
        return
    with anyio.move_on_after(_BOUND_S):
        while names & await _blocks(monitor):  # noqa: ASYNC110 - nothing tells
            await anyio.sleep(_LOOK_S)
        return
    raise Busy(
        f"QEMU has not freed the memory {', '.join(sorted(names))} of a device that has gone",
        hint="try again later",
    )


def _memory(value: str) -> Iterable[str]:
    """The name of the memory that an object is; none of another object."""
    options = json.loads(value)
    return (options["id"],) if options["qom-type"].startswith(_BACKEND) else ()


async def _blocks(monitor: BoundedMonitor) -> set[str]:
    """The names of all memory that QEMU has, without the places of their devices."""
    asked = {"command-line": "info ramblock"}
    told = str(await monitor.execute("human-monitor-command", asked))
    first = (line.split(maxsplit=1)[0] for line in told.splitlines() if line.strip())
    return {name.rpartition("/")[2] for name in first}
