"""What is told of a domain's processors and resources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = [
    "PERF_EVENTS",
    "IOThread",
    "Scheduler",
    "SecurityLabel",
    "Vcpu",
    "VcpuState",
]

PERF_EVENTS: Final = (
    "cmt",
    "mbmt",
    "mbml",
    "cpu_cycles",
    "instructions",
    "cache_references",
    "cache_misses",
    "branch_instructions",
    "branch_misses",
    "bus_cycles",
    "stalled_cycles_frontend",
    "stalled_cycles_backend",
    "ref_cpu_cycles",
    "cpu_clock",
    "task_clock",
    "page_faults",
    "context_switches",
    "cpu_migrations",
    "page_faults_min",
    "page_faults_maj",
    "alignment_faults",
    "emulation_faults",
)
"""The performance events that a host can count for a domain, by libvirt's names."""


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
