"""VMware's simulator for the tests: see `simulator` for what it is, `fixtures` for what tests ask.

`checker` looks at it by VMware's own client, independently of aiovirt.
"""

from __future__ import annotations

from vcsimlab.checker import Checker, Device, Machine, Snapshot
from vcsimlab.session import connected
from vcsimlab.simulator import Kind, Shape, Simulator, run_simulator
from vcsimlab.virsh import Virsh, VirshFailed, virsh_at

__all__ = [
    "Checker",
    "Device",
    "Kind",
    "Machine",
    "Shape",
    "Simulator",
    "Snapshot",
    "Virsh",
    "VirshFailed",
    "connected",
    "run_simulator",
    "virsh_at",
]
