"""The inside of guests, as far as VMware Tools in them tell the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.esx.devices import devices_of, drives_in
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.guestfacts import guest_of, running
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import AgentNotReady, Unsupported
from aiovirt.interfaces import Guest, refuse_flags
from aiovirt.model.constants import (
    DomainGuestInfoTypes,
    DomainInterfaceAddressesSource,
    NodeSuspendTarget,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.guest import GuestAddress, GuestFilesystem, GuestInterface
from aiovirt.model.params import ParamValue
from aiovirt.protocols.vsphere.tables.guest import GuestDiskInfo, GuestInfo, GuestNicInfo
from aiovirt.protocols.vsphere.tables.machine_methods import STANDBY_GUEST

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainGetHostnameFlags

__all__ = ["EsxGuest"]

_HOSTNAME_SOURCES: Final = 0x3
_WIDTHS: Final = {"ipv4": 32, "ipv6": 128}
_SYSTEM: Final = {"os.id": "guest_id", "os.pretty-name": "guest_full_name"}


class EsxGuest(EsxAbility, Guest):
    """See `Guest`; whoever is asked, VMware Tools answer."""

    async def interface_addresses(
        self, domain: DomainKey, *, source: DomainInterfaceAddressesSource | Literal[0] = 0
    ) -> Sequence[GuestInterface]:
        """See `Guest.interface_addresses`; cards bear VMware's names, as guests' are not told."""
        if source == DomainInterfaceAddressesSource.ARP:
            raise Unsupported(DRIVER, "interface_addresses", "the host shows no ARP table")
        told = await self._told(domain)
        return [_interface(number, nic) for number, nic in enumerate(told.net)]

    async def guest_hostname(
        self, domain: DomainKey, *, flags: DomainGetHostnameFlags | Literal[0] = 0
    ) -> str:
        """See `Guest.guest_hostname`."""
        refuse_flags(DRIVER, "guest_hostname", flags, _HOSTNAME_SOURCES)
        name = (await self._told(domain)).host_name
        if not name:
            raise AgentNotReady(f"the guest of domain {domain.name!r} has told no name yet")
        return name

    async def filesystems(self, domain: DomainKey) -> Sequence[GuestFilesystem]:
        """See `Guest.filesystems`; which disks they are on is told from vSphere 7.0 on."""
        told = await self._told(domain)
        names: dict[int, str] = {}
        if any(each.mappings for each in told.disk):
            devices = await devices_of(self.session, self.session.machines.get(domain))
            names = {drive.key: name for name, drive in drives_in(devices).items()}
        return [_filesystem(each, names) for each in told.disk]

    async def guest_info(
        self, domain: DomainKey, *, types: DomainGuestInfoTypes | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Guest.guest_info`: the system, the name, the file systems and the interfaces."""
        wanted = types or _ALL
        refuse_flags(DRIVER, "guest_info", wanted, _ALL)
        told = await self._told(domain)
        found: dict[str, ParamValue] = {}
        for kind, tell in _INFO.items():
            if wanted & kind:
                found.update(tell(told))
        return found

    async def suspend_power(
        self, domain: DomainKey, target: NodeSuspendTarget, *, duration_s: int = 0
    ) -> None:
        """See `Guest.suspend_power`: the guest goes into standby; nobody can wake it at a time.

        Raises:
            Unsupported: It shall go to disk, or wake up by itself.
        """
        if target != NodeSuspendTarget.MEM or duration_s:
            raise Unsupported(DRIVER, "suspend_power", "a guest goes to memory, and for good")
        async with self.session.changing(domain) as machine:
            running(machine)
            what = f"let the guest of domain {machine.name!r} sleep"
            await self.session.call(STANDBY_GUEST, machine.ref, what=what)

    async def _told(self, domain: DomainKey) -> GuestInfo:
        return await guest_of(self.session, self.session.machines.get(domain))


# --- interfaces -----------------------------------------------------------------------------------


def _interface(number: int, nic: GuestNicInfo) -> GuestInterface:
    mac = nic.mac_address
    return GuestInterface(f"ethernet{number}", mac.lower() if mac else None, tuple(_addresses(nic)))


def _addresses(nic: GuestNicInfo) -> Iterator[GuestAddress]:
    """Its addresses with the lengths of their prefixes; hosts of old told no lengths."""
    if nic.ip_config is not None:
        for each in nic.ip_config.ip_address:
            yield GuestAddress(_kind(each.ip_address), each.ip_address, each.prefix_length)
        return
    for address in nic.ip_address:
        yield GuestAddress(_kind(address), address, _WIDTHS[_kind(address)])


def _kind(address: str) -> str:
    return "ipv6" if ":" in address else "ipv4"


def _filesystem(disk: GuestDiskInfo, names: Mapping[int, str]) -> GuestFilesystem:
    path = disk.disk_path or ""
    disks = tuple(names[each.key] for each in disk.mappings if each.key in names)
    return GuestFilesystem(mountpoint=path, name=path, kind=disk.filesystem_type or "", disks=disks)


# --- as libvirt names it --------------------------------------------------------------------------


def _system(told: GuestInfo) -> Iterator[tuple[str, ParamValue]]:
    for name, field in _SYSTEM.items():
        value = getattr(told, field)
        if value:
            yield name, value


def _hostname(told: GuestInfo) -> Iterator[tuple[str, ParamValue]]:
    if told.host_name:
        yield "hostname", told.host_name


def _filesystems(told: GuestInfo) -> Iterator[tuple[str, ParamValue]]:
    yield "fs.count", len(told.disk)
    for number, disk in enumerate(told.disk):
        prefix = f"fs.{number}"
        yield f"{prefix}.mountpoint", disk.disk_path or ""
        yield f"{prefix}.fstype", disk.filesystem_type or ""
        if disk.capacity is not None and disk.free_space is not None:
            yield f"{prefix}.total-bytes", disk.capacity
            yield f"{prefix}.used-bytes", disk.capacity - disk.free_space


def _interfaces(told: GuestInfo) -> Iterator[tuple[str, ParamValue]]:
    yield "if.count", len(told.net)
    for number, nic in enumerate(told.net):
        one = _interface(number, nic)
        yield f"if.{number}.name", one.name
        yield f"if.{number}.hwaddr", one.mac or ""
        yield f"if.{number}.addr.count", len(one.addresses)
        for at, address in enumerate(one.addresses):
            yield f"if.{number}.addr.{at}.type", address.kind
            yield f"if.{number}.addr.{at}.addr", address.address
            yield f"if.{number}.addr.{at}.prefix", address.prefix


_INFO: Final = {
    DomainGuestInfoTypes.OS: _system,
    DomainGuestInfoTypes.HOSTNAME: _hostname,
    DomainGuestInfoTypes.FILESYSTEM: _filesystems,
    DomainGuestInfoTypes.INTERFACES: _interfaces,
}
_ALL: Final = sum(_INFO)
