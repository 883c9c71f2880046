"""What is told of a domain's processors and resources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "IOThread",
    "Scheduler",
    "SecurityLabel",
    "Vcpu",
    "VcpuState",
]


class VcpuState(IntEnum):
    """libvirt's `virVcpuState`, with its numbers."""

    OFFLINE = 0
    RUNNING = 1
    BLOCKED = 2


@dataclass(frozen=True, slots=True)
class Vcpu:
    """One virtual processor.

    Attributes:
        number: Its number.
        state: What it does.
        time_ns: Processor time that it used, in nanoseconds.
        cpu: The host's processor that it is on; -1 for off, -2 for unknown.
        affinity: The host's processors that it may use.
    """

    number: int
    state: VcpuState
    time_ns: int
    cpu: int
    affinity: frozenset[int]


@dataclass(frozen=True, slots=True)
class IOThread:
    """A thread that does the I/O of disks: its number, and the host's processors it may use."""

    number: int
    affinity: frozenset[int]


@dataclass(frozen=True, slots=True)
class Scheduler:
    """How the host shares out processor time: the name, and how many parameters it has."""

    name: str
    parameters: int


@dataclass(frozen=True, slots=True)
class SecurityLabel:
    """The label that a security model gave a domain's process; empty without one."""

    label: str
    enforcing: bool
