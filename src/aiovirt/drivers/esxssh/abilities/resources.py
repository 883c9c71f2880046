"""Memory and virtual processors of machines: what their files say, changed while they are off."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, domain_of
from aiovirt.drivers.common.vmx.sizing import give_memory, give_processors, limit_memory
from aiovirt.drivers.esxssh.abilities.hostinfo import EsxHostInfo, EsxHostResources
from aiovirt.drivers.esxssh.context import DRIVER, Context, EsxAbility
from aiovirt.drivers.esxssh.plugging import web_api
from aiovirt.drivers.esxssh.rewriting import check_off, rewrite
from aiovirt.errors import CallerError, ProtocolError
from aiovirt.interfaces import Processors, Resources, refuse_flags
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMemoryModFlags, DomainVcpuFlags

__all__ = ["EsxProcessors", "EsxResources"]

_IMPACT: Final = 0x1 | 0x2
"""As of libvirt's own driver there is one configuration, whichever is meant."""

_MAXIMUM: Final = 0x4
_MIB: Final = 1 << 20


async def _resize(
    context: Context, domain: DomainKey, what: str, change: Callable[[Vmx], None]
) -> None:
    """Change how large a machine is, that must be off.

    Args:
        context: The host.
        domain: Which machine.
        what: What it is given, such as ``another amount of memory``.
        change: Changes its file.

    Raises:
        InvalidState: It is not off.
    """
    async with context.changing(domain) as machine:
        hint = (
            f"aiovirt shutdown {domain.name}; or use the host's web API, {web_api(context)}: "
            "its shell has no command for it"
        )
        check_off(context, machine, f"given {what}", hint)
        await rewrite(context, machine, partial(_changed, change))


def _changed(change: Callable[[Vmx], None], vmx: Vmx, files: DatastoreFiles) -> Vmx:
    change(vmx)
    domain_of(vmx, files)  # what cannot be is found before it is written
    return vmx


async def _told(ability: EsxAbility, domain: DomainKey, path: str) -> int:
    found = (await ability.inventory.get(domain)).summary.number(path)
    if found is None:
        raise ProtocolError(f"{ability.host.where} told no {path} of domain {domain.name!r}")
    return found


class EsxResources(EsxAbility, Resources):
    """How much memory a machine has; there is one configuration."""

    async def max_memory(self, domain: DomainKey) -> int:
        """See `Resources.max_memory`."""
        return await _told(self, domain, "config.memorySizeMB") * _MIB

    async def set_memory(
        self, domain: DomainKey, memory: int, *, flags: DomainMemoryModFlags | Literal[0] = 0
    ) -> None:
        """See `Resources.set_memory`, as libvirt has it of ESX.

        What it may have, its maximum, is the size of the machine's memory, rounded up to steps of
        4 MiB; less than that is how much of the host's memory it gets at most.

        Raises:
            InvalidState: It is not off.
            CallerError: It is more than it may have.
        """
        refuse_flags(DRIVER, "set_memory", flags, _IMPACT | _MAXIMUM)
        if memory < 1:
            raise CallerError("a domain has some memory")
        give = give_memory if flags & _MAXIMUM else limit_memory
        await _resize(
            self.context, domain, "another amount of memory", lambda vmx: give(vmx, memory)
        )


class EsxProcessors(EsxAbility, Processors):
    """How many processors a machine has; it starts with all of them."""

    async def host_cpu_count(self) -> int:
        """See `Processors.host_cpu_count`."""
        return (await EsxHostResources(self.context).cpu_map()).present

    async def max_vcpus(self, domain: DomainKey) -> int:
        """See `Processors.max_vcpus`: as many as the host can give one machine."""
        await self.inventory.get(domain)
        return await EsxHostInfo(self.context).max_vcpus()

    async def vcpu_count(
        self, domain: DomainKey, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> int:
        """See `Processors.vcpu_count`."""
        refuse_flags(DRIVER, "vcpu_count", flags, _IMPACT | _MAXIMUM)
        if flags & _MAXIMUM:
            return await self.max_vcpus(domain)
        return await _told(self, domain, "config.numCpu")

    async def set_vcpu_count(
        self, domain: DomainKey, count: int, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> None:
        """See `Processors.set_vcpu_count`.

        Raises:
            InvalidState: It is not off.
            CallerError: The host cannot give it so many, or they do not fill its sockets.
        """
        refuse_flags(DRIVER, "set_vcpu_count", flags, _IMPACT)
        if count < 1:
            raise CallerError("a domain has one processor at least")
        most = await self.max_vcpus(domain)
        if count > most:
            raise CallerError(
                f"{count} processors are more than {self.host.where} can give a machine: {most}"
            )
        await _resize(
            self.context, domain, "other processors", lambda vmx: give_processors(vmx, count)
        )
