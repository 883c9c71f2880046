"""Asking numad which of the host's NUMA nodes have room for a guest. Source: numad(8), ``-w``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import anyio

from aiovirt.errors import HostError, ResourceUnavailable, Unresponsive
from aiovirt.model.cpusets import parse_cpus
from aiovirt.processes import COMMON_ENV, Command, run

__all__ = ["advised_nodes", "cpus_of_nodes"]

NUMAD_TIMEOUT_S: Final = 30.0
"""Seconds that numad has; it measures for two when it does not run as a daemon."""

_NODES: Final = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


async def advised_nodes(vcpus: int, memory_mib: int) -> frozenset[int]:
    """The nodes that numad advises for so many processors and so much memory.

    Raises:
        ResourceUnavailable: numad is not installed.
        ProcessFailed: It failed; its words are in the error.
        HostError: It said something else than nodes.
        Unresponsive: It said nothing within `NUMAD_TIMEOUT_S`.

    Cancellation: numad is ended.
    """
    program = shutil.which("numad")
    if program is None:
        raise ResourceUnavailable(
            "placement='auto' goes by the advice of numad, which is not installed",
            hint="install numad, or say where the domain runs by cpuset and nodeset",
        )
    command = Command(program, ("-w", f"{vcpus}:{memory_mib}"), env_pass=COMMON_ENV)
    try:
        with anyio.fail_after(NUMAD_TIMEOUT_S):
            said = (await run(command)).stdout.decode(errors="replace").strip()
    except TimeoutError as error:
        raise Unresponsive(f"numad gave no advice within {NUMAD_TIMEOUT_S:.0f} s") from error
    if not _NODES.fullmatch(said):
        raise HostError(f"numad gave no nodes, but {said[:80]!r}")
    return parse_cpus(said)


def cpus_of_nodes(nodes: Iterable[int], root: Path = Path("/")) -> frozenset[int]:
    """The processors of some nodes.

    Raises:
        HostError: The host has no such node.
    """
    folder = root / "sys/devices/system/node"
    found: set[int] = set()
    for node in nodes:
        path = folder / f"node{node}/cpulist"
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise HostError(f"the host has no NUMA node {node}: {error.strerror}") from error
        found |= parse_cpus(text) if text else set()
    return frozenset(found)
