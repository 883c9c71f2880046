"""The inside of a guest, as far as VMware Tools in it tell the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.inventory import ON
from aiovirt.errors import AgentNotReady, InvalidState, Unsupported
from aiovirt.interfaces import Guest, refuse_flags
from aiovirt.model.constants import DomainInterfaceAddressesSource
from aiovirt.model.domain import DomainKey
from aiovirt.model.guest import GuestAddress, GuestFilesystem, GuestInterface
from aiovirt.model.params import ParamValue
from aiovirt.protocols.esxcli import VimObject

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainGetHostnameFlags, DomainGuestInfoTypes

__all__ = ["EsxGuest"]

_RUNNING = "guestToolsRunning"
_PREFIXES = {"ipv4": 32, "ipv6": 128}


class EsxGuest(EsxAbility, Guest):
    """See `Guest`."""

    async def _told(self, domain: DomainKey) -> VimObject:
        """What the guest tells of itself.

        Raises:
            InvalidState: It does not run.
            AgentNotReady: VMware Tools do not run in it.
        """
        machine = await self.inventory.get(domain)
        if machine.power != ON:
            raise InvalidState(
                f"domain {domain.name!r} on {self.host.where} does not run",
                hint=f"aiovirt start {domain.name}",
            )
        what = f"tell of the guest of domain {domain.name!r}"
        told = await self.host.look("vmsvc/get.guest", str(machine.vmid), what=what)
        if told.text("toolsRunningStatus") != _RUNNING:
            raise AgentNotReady(
                f"VMware Tools do not run in domain {domain.name!r} on {self.host.where}",
                hint="install open-vm-tools in the guest, or wait until it has started",
            )
        return told

    async def interface_addresses(
        self, domain: DomainKey, *, source: DomainInterfaceAddressesSource | Literal[0] = 0
    ) -> Sequence[GuestInterface]:
        """See `Guest.interface_addresses`; whoever is asked, VMware Tools answer."""
        if source == DomainInterfaceAddressesSource.ARP:
            raise Unsupported(DRIVER, "interface_addresses", "the host shows no ARP table")
        nics = (await self._told(domain)).objects("net")
        return [_interface(number, nic) for number, nic in enumerate(nics)]

    async def guest_hostname(
        self, domain: DomainKey, *, flags: DomainGetHostnameFlags | Literal[0] = 0
    ) -> str:
        """See `Guest.guest_hostname`."""
        refuse_flags(DRIVER, "guest_hostname", flags, 0x3)
        name = (await self._told(domain)).text("hostName")
        if not name:
            raise AgentNotReady(f"the guest of domain {domain.name!r} has told no name yet")
        return name

    async def filesystems(self, domain: DomainKey) -> Sequence[GuestFilesystem]:
        """See `Guest.filesystems`; which disks they are on is not told."""
        disks = (await self._told(domain)).objects("disk")
        return [
            GuestFilesystem(
                mountpoint=disk.text("diskPath") or "",
                name=disk.text("diskPath") or "",
                kind=disk.text("filesystemType") or "",
                disks=(),
            )
            for disk in disks
        ]

    async def guest_info(
        self, domain: DomainKey, *, types: DomainGuestInfoTypes | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Guest.guest_info`: its system, its name and its file systems."""
        del types  # all is told at once
        told = await self._told(domain)
        found: dict[str, ParamValue] = {}
        for name, field in (("os.pretty-name", "guestFullName"), ("hostname", "hostName")):
            if (text := told.text(field)) is not None:
                found[name] = text
        disks = told.objects("disk")
        found["fs.count"] = len(disks)
        for number, disk in enumerate(disks):
            found.update(_filesystem(f"fs.{number}", disk))
        return found


def _filesystem(prefix: str, disk: VimObject) -> Iterator[tuple[str, ParamValue]]:
    yield f"{prefix}.mountpoint", disk.text("diskPath") or ""
    capacity, free = disk.number("capacity"), disk.number("freeSpace")
    if capacity is not None and free is not None:
        yield f"{prefix}.total-bytes", capacity
        yield f"{prefix}.used-bytes", capacity - free


def _interface(number: int, nic: VimObject) -> GuestInterface:
    """A card; the guest's own name of it is not told, so it has the number of its place."""
    mac = nic.text("macAddress")
    return GuestInterface(f"nic{number}", mac.lower() if mac else None, tuple(_addresses(nic)))


def _addresses(nic: VimObject) -> Iterator[GuestAddress]:
    """Its addresses with the lengths of their prefixes; hosts of old told no lengths."""
    listed = nic.objects("ipConfig.ipAddress")
    if listed:
        told = ((each.text("ipAddress"), each.number("prefixLength")) for each in listed)
    else:
        told = ((each, None) for each in nic.items("ipAddress") if isinstance(each, str))
    for address, prefix in told:
        if address is not None:
            kind = _kind(address)
            yield GuestAddress(kind, address, prefix or _PREFIXES[kind])


def _kind(address: str) -> str:
    return "ipv6" if ":" in address else "ipv4"
