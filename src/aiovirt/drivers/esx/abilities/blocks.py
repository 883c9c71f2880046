"""Disks of machines: their sizes, and limits of what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec.structs import replace

from aiovirt.drivers.esx.devices import devices_of, drives_in
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.plugging import file_in
from aiovirt.drivers.esx.redefining import reconfigure
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import CallerError, NotFound, Unsupported
from aiovirt.interfaces import Blocks, refuse_flags
from aiovirt.model.blocks import BlockInfo
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue, TypedParams, plain
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.enums import (
    VirtualDeviceConfigSpecOperation as Operation,
)
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec
from aiovirt.protocols.vsphere.tables.storage import StorageIOAllocationInfo

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainBlockResizeFlags, DomainModificationImpact

__all__ = ["EsxBlocks"]

_KIB: Final = 1024
_BYTES: Final = 0x1
"""Of `DomainBlockResizeFlags`: sizes are in bytes here in any case."""

_IMPACT: Final = 0x1 | 0x2
_LIMIT: Final = "total_iops_sec"
_NONE: Final = -1
"""The server's number for no limit."""

_LAYOUT: Final = "layoutEx"


class EsxBlocks(EsxAbility, Blocks):
    """See `Blocks`; the long work is the storage's own, of which the API shows nothing."""

    async def block_info(self, domain: DomainKey, disk: str) -> BlockInfo:
        """See `Blocks.block_info`: with what its snapshots take."""
        machine = self.session.machines.get(domain)
        found = await self._find(machine, disk)
        capacity = found.capacity_in_bytes or found.capacity_in_kb * _KIB
        what = f"tell the sizes of disk {disk!r} of domain {machine.name!r}"
        known = await self.session.get(machine.ref, _LAYOUT, what=what)
        size = _size_of(known.get(_LAYOUT), found.key)
        return BlockInfo(capacity=capacity, allocation=size, physical=size)

    async def block_resize(
        self,
        domain: DomainKey,
        disk: str,
        size: int,
        *,
        flags: DomainBlockResizeFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_resize`: disks only grow, and one with snapshots does not.

        Raises:
            Unsupported: It would become smaller.
        """
        refuse_flags(DRIVER, "block_resize", flags, _BYTES)
        async with self.session.changing(domain) as machine:
            found = await self._find(machine, disk)
            wanted = -(-size // _KIB)
            if wanted < found.capacity_in_kb:
                raise Unsupported(
                    DRIVER,
                    f"making disk {disk!r} of domain {machine.name!r} smaller",
                    f"it has {found.capacity_in_kb * _KIB} bytes, and its guest uses them",
                )
            # The size in bytes would have its way over that in KiB.
            changed = replace(found, capacity_in_kb=wanted, capacity_in_bytes=None)
            await self._edit(machine, changed, f"resize disk {disk!r} of domain {machine.name!r}")

    async def io_tune(
        self,
        domain: DomainKey,
        disk: str | None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> Mapping[str, ParamValue]:
        """See `Blocks.io_tune`: ``total_iops_sec``, 0 for no limit."""
        refuse_flags(DRIVER, "io_tune", flags, _IMPACT)
        if disk is None:
            return {_LIMIT: 0}
        found = await self._find(self.session.machines.get(domain), disk)
        limits = found.storage_io_allocation
        limit = None if limits is None else limits.limit
        return {_LIMIT: max(limit or 0, 0)}

    async def set_io_tune(
        self,
        domain: DomainKey,
        disk: str,
        limits: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Blocks.set_io_tune`: ``total_iops_sec`` alone.

        Raises:
            CallerError: Another limit is named.
        """
        refuse_flags(DRIVER, "set_io_tune", flags, _IMPACT)
        limit = _limit(limits)
        async with self.session.changing(domain) as machine:
            found = await self._find(machine, disk)
            kept = found.storage_io_allocation or StorageIOAllocationInfo()
            changed = replace(kept, limit=limit if limit > 0 else _NONE)
            what = f"limit disk {disk!r} of domain {machine.name!r}"
            await self._edit(machine, replace(found, storage_io_allocation=changed), what)

    async def _find(self, machine: Machine, disk: str) -> d.VirtualDisk:
        """The hard disk of a target, or of a file."""
        drives = drives_in(await devices_of(self.session, machine))
        for name, drive in drives.items():
            if disk in {name, file_in(drive)} and isinstance(drive, d.VirtualDisk):
                return drive
        names = [name for name, each in drives.items() if isinstance(each, d.VirtualDisk)]
        raise NotFound(
            f"domain {machine.name!r} has no hard disk {disk!r}",
            hint=f"there are: {', '.join(names) or 'none'}",
        )

    async def _edit(self, machine: Machine, disk: d.VirtualDisk, what: str) -> None:
        change = d.VirtualDeviceConfigSpec(operation=Operation.EDIT, device=disk)
        spec = VirtualMachineConfigSpec(device_change=(change,))
        await reconfigure(self.session, machine, spec, what=what)


def _limit(limits: TypedParams) -> int:
    value = plain(limits.get(_LIMIT, 0))
    if set(limits) - {_LIMIT} or not isinstance(value, int) or value < 0:
        said = ", ".join(f"{name}={plain(each)}" for name, each in limits.items())
        raise CallerError(
            f"a disk cannot be limited by {said}", hint=f"{_LIMIT} is known, and 0 is no limit"
        )
    return value


def _size_of(layout: Any, key: int) -> int:  # noqa: ANN401 - a VirtualMachineFileLayoutEx or None
    """The bytes of all files of a disk; 0 where the server does not tell."""
    if layout is None:
        return 0
    sizes = {each.key: each.size for each in layout.file}
    chains = [unit for each in layout.disk if each.key == key for unit in each.chain]
    return sum(sizes.get(file, 0) for unit in chains for file in unit.file_key)
