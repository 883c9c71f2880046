"""Where on the host a guest is put that leaves that to the host: ``placement='auto'``.

What is advised is about one start, so it stands in no configuration that is shown or kept: the
guest may start, or arrive, somewhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

from anyio import to_thread

from aiovirt.config import DomainConfig
from aiovirt.host.numad import advised_nodes, cpus_of_nodes
from aiovirt.model.cpusets import format_cpus

__all__ = ["Advice", "advise"]

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Advice:
    """A place.

    Attributes:
        cpus: The processors for QEMU's threads; None for any.
        nodes: The nodes for its memory; None for what its configuration says.
    """

    cpus: frozenset[int] | None = None
    nodes: frozenset[int] | None = None

    def applied(self, config: DomainConfig) -> DomainConfig:
        """What QEMU's command line and control group are made of: with nodes for memory."""
        if self.nodes is None:
            return config
        placed = config.copy()
        tune = placed.numatune
        tune.mode = tune.mode or "strict"
        tune.placement, tune.nodeset = "static", format_cpus(self.nodes)
        return placed


async def advise(config: DomainConfig) -> Advice:
    """Ask for a place for a guest that is about to be started, if it has none.

    Memory goes where the processors are, unless the configuration says where it goes.

    Raises:
        ResourceUnavailable: There is nobody to ask: numad is not installed.
        HostError, Unresponsive: It gave no advice.
    """
    vcpus_too, memory_too = _left_open(config)
    if not vcpus_too and not memory_too:
        return Advice()
    nodes = await advised_nodes(*_needed(config))
    cpus = await to_thread.run_sync(cpus_of_nodes, nodes) if vcpus_too else None
    return Advice(cpus, nodes if memory_too else None)


def _needed(config: DomainConfig) -> tuple[int, int]:
    """The processors, and the MiB of memory."""
    return config.vcpus or 1, int(config.memory or 0) // _MIB


def _left_open(config: DomainConfig) -> tuple[bool, bool]:
    """Whether the processors, and the memory, have no place."""
    tune, vcpus_too = config.numatune, config.vcpu.placement == "auto"
    return vcpus_too, tune.placement == "auto" or (vcpus_too and tune.nodeset is None)
