"""Virtual processors and I/O threads of a domain: how many, and where on the host they may run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import TypedParams
from aiovirt.model.tuning import IOThread, Vcpu

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact, DomainVcpuFlags

__all__ = ["Processors"]


class Processors(Ability):
    """Looking at a domain's processors and I/O threads, and changing them.

    Flags say whether the running domain, its configuration, or both are meant; without them it is
    the running one if it runs. Sets of processors are numbers of the host's from 0 on. Every
    operation raises `NotFound` for a domain that is not there, and `InvalidState` where what the
    flags mean is not there: a configuration of a transient domain, a running one that is off.
    """

    @operation
    async def host_cpu_count(self) -> int:
        """How many processors the host has, those that are off among them."""
        raise NotImplementedError

    @operation
    async def max_vcpus(self, domain: DomainKey) -> int:
        """How many virtual processors it may have at most."""
        raise NotImplementedError

    @operation
    async def vcpu_count(
        self, domain: DomainKey, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> int:
        """How many virtual processors it has.

        Args:
            domain: Which domain.
            flags: `MAXIMUM` for how many it may have, `GUEST` for those that its guest uses.
        """
        raise NotImplementedError

    @operation
    async def set_vcpu_count(
        self, domain: DomainKey, count: int, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> None:
        """Change how many virtual processors it has, as the flags say.

        Raises:
            CallerError: There are more than it may have, or none.
        """
        raise NotImplementedError

    @operation
    async def set_vcpu(
        self,
        domain: DomainKey,
        vcpus: Iterable[int],
        *,
        enable: bool,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Plug these virtual processors in, or out.

        Raises:
            CallerError: They cannot be plugged.
        """
        raise NotImplementedError

    @operation
    async def vcpus(self, domain: DomainKey) -> Sequence[Vcpu]:
        """The virtual processors of a running domain: time, state and place of each.

        Raises:
            InvalidState: It does not run.
        """
        raise NotImplementedError

    @operation
    async def vcpu_pins(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[int, frozenset[int]]:
        """The host's processors that each virtual one may use, by its number."""
        raise NotImplementedError

    @operation
    async def pin_vcpu(
        self,
        domain: DomainKey,
        vcpu: int,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Say which of the host's processors a virtual one may use."""
        raise NotImplementedError

    @operation
    async def emulator_pin(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> frozenset[int]:
        """The host's processors that the hypervisor's own threads may use."""
        raise NotImplementedError

    @operation
    async def pin_emulator(
        self,
        domain: DomainKey,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Say which of the host's processors the hypervisor's own threads may use."""
        raise NotImplementedError

    @operation
    async def iothreads(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Sequence[IOThread]:
        """The I/O threads, with the host's processors that they may use."""
        raise NotImplementedError

    @operation
    async def pin_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Say which of the host's processors an I/O thread may use."""
        raise NotImplementedError

    @operation
    async def add_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Add an I/O thread of that number, which is above 0.

        Raises:
            CallerError: There is one already.
        """
        raise NotImplementedError

    @operation
    async def delete_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Take an I/O thread away.

        Raises:
            CallerError: There is none of that number, or a disk uses it.
        """
        raise NotImplementedError

    @operation
    async def set_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Change how an I/O thread polls: ``poll_max_ns``, ``poll_grow``, ``poll_shrink``."""
        raise NotImplementedError
