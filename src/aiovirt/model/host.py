"""What a host tells of itself: processors, memory, and how CPUs compare."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "CpuComparison",
    "HostCpuMap",
    "HostCpuStats",
    "HostLicence",
    "HostMemoryStats",
    "NodeInfo",
    "SecurityModel",
]


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What `virNodeGetInfo` tells.

    Attributes:
        model: The kind of processor, such as ``x86_64``.
        memory: The memory of the host, in bytes.
        cpus: Processors that are active.
        mhz: Their frequency, or 0 where it is not known.
        nodes: NUMA nodes, or 1 where they are not alike.
        sockets: Sockets of a NUMA node.
        cores: Cores of a socket.
        threads: Threads of a core.
    """

    model: str
    memory: int
    cpus: int
    mhz: int
    nodes: int
    sockets: int
    cores: int
    threads: int


@dataclass(frozen=True, slots=True)
class HostCpuStats:
    """What processors did since the host was started, in nanoseconds; None is not known.

    Attributes:
        kernel_ns: In the kernel.
        user_ns: In programs.
        idle_ns: Nothing.
        iowait_ns: Waiting for devices.
        interrupts_ns: Serving interrupts.
        utilization: Percent of the time that they were busy, on hosts that tell that alone.
    """

    kernel_ns: int | None = None
    user_ns: int | None = None
    idle_ns: int | None = None
    iowait_ns: int | None = None
    interrupts_ns: int | None = None
    utilization: int | None = None


@dataclass(frozen=True, slots=True)
class HostMemoryStats:
    """What the memory of a host or a NUMA node is used for, in bytes; None is not known."""

    total: int | None = None
    free: int | None = None
    buffers: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class HostCpuMap:
    """Which processors there are.

    Attributes:
        present: How many there are, those that are off among them.
        online: The numbers of those that are on.
    """

    present: int
    online: frozenset[int]


@dataclass(frozen=True, slots=True)
class SecurityModel:
    """How guests are kept apart from each other.

    Attributes:
        model: Its name, such as ``selinux``; empty for none.
        doi: Its domain of interpretation.
    """

    model: str
    doi: str


@dataclass(frozen=True, slots=True)
class HostLicence:
    """Something that a server is licensed for.

    Attributes:
        name: The edition, such as ``vSphere 8 Enterprise Plus``.
        key: The key, of which all but the last part is hidden.
        unit: What is counted, such as ``cpuPackage``.
        used: How many are used; None where that is not told.
        total: How many there are; 0 for as many as wanted.
    """

    name: str
    key: str
    unit: str
    used: int | None
    total: int


class CpuComparison(IntEnum):
    """libvirt's `virCPUCompareResult`, with its numbers."""

    ERROR = -1
    INCOMPATIBLE = 0
    IDENTICAL = 1
    SUPERSET = 2

    @property
    def compatible(self) -> bool:
        """Whether a guest with that CPU can run."""
        return self > CpuComparison.INCOMPATIBLE
