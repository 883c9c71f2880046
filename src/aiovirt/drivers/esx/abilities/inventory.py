"""Whole machines: copies, templates, folders, attributes, where they are; hosts' maintenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aiovirt.drivers.common.vmx.escapes import escape_name
from aiovirt.drivers.esx.abilities.attributes import EsxAttributes
from aiovirt.drivers.esx.files import datacenter_of
from aiovirt.drivers.esx.machine import OFF, Machine
from aiovirt.drivers.esx.places import place_for
from aiovirt.drivers.esx.relocating import (
    folder_for,
    folder_named,
    folder_of,
    host_named,
    location,
)
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import AlreadyExists, CallerError, InvalidState
from aiovirt.interfaces.inventory import OnPercent
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import hosts_methods as h
from aiovirt.protocols.vsphere.tables import inventory_methods as i
from aiovirt.protocols.vsphere.tables import machine_methods as m
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineCloneSpec,
    VirtualMachineRelocateSpec,
)

__all__ = ["EsxInventory"]

LINKED = "createNewChildDiskBacking"
"""How disks are copied that only hold what differs (VirtualMachineRelocateDiskMoveOptions)."""


class EsxInventory(EsxAttributes):
    """What vSphere does with whole machines and hosts."""

    async def clone(
        self,
        domain: DomainKey,
        name: str,
        *,
        folder: str | None = None,
        host: str | None = None,
        datastore: str | None = None,
        linked: bool = False,
        template: bool = False,
        progress: OnPercent | None = None,
    ) -> DomainKey:
        """See `Inventory.clone`."""
        session = self.session
        machine = session.machines.get(domain)
        others = session.machines.named(name)
        if others:
            raise AlreadyExists(f"domain {name!r} already exists with UUID {others[0].key.uuid}")
        spec = VirtualMachineCloneSpec(
            location=_of_copy(session, machine, host, datastore, linked=linked, template=template),
            template=template,
            power_on=False,
            snapshot=_current(machine) if linked else None,
        )
        into = await folder_for(session, machine, folder)
        args = m.CloneVMTaskArgs(folder=into, name=escape_name(name), spec=spec)
        what = f"copy domain {machine.name!r} to {name!r}"
        made: Ref = await session.run(
            m.CLONE_VM_TASK, machine.ref, args, what=what, progress=progress
        )
        await session.settle(made, lambda now: now is not None)
        found = session.machines.find(made)
        return session.machines.by_name(name).key if found is None else found.key

    async def delete(self, domain: DomainKey) -> None:
        """See `Inventory.delete`."""
        async with self.session.changing(domain) as known:
            machine = await _off(self.session, known, "delete")
            what = f"delete domain {machine.name!r}"
            await self.session.change(i.DESTROY_TASK, machine, what=what)
            await self.session.settle(machine.ref, lambda now: now is None)

    async def relocate(
        self,
        domain: DomainKey,
        *,
        host: str | None = None,
        datastore: str | None = None,
        progress: OnPercent | None = None,
    ) -> None:
        """See `Inventory.relocate`."""
        if host is None and datastore is None:
            raise CallerError("it is not said to which host or datastore")
        async with self.session.changing(domain) as machine:
            spec = location(self.session, machine, host, datastore)
            args = m.RelocateVMTaskArgs(spec=spec)
            to = " and ".join(repr(each) for each in (host, datastore) if each is not None)
            what = f"move domain {machine.name!r} to {to}"
            await self.session.change(
                m.RELOCATE_VM_TASK, machine, args, what=what, progress=progress
            )
            await self.session.inventory.refresh(machine.ref)

    # --- templates and folders ------------------------------------------------------------------

    async def is_template(self, domain: DomainKey) -> bool:
        """See `Inventory.is_template`."""
        return self.session.machines.get(domain).template

    async def set_template(self, domain: DomainKey, *, template: bool) -> None:
        """See `Inventory.set_template`."""
        async with self.session.changing(domain) as known:
            machine = await _off(self.session, known, "make a template of")
            if machine.template is template:
                return
            session, ref = self.session, machine.ref
            if template:
                what = f"make a template of domain {machine.name!r}"
                await session.call(m.MARK_AS_TEMPLATE, ref, what=what)
            else:
                place = place_for(session, datacenter_of(session, machine))
                args = m.MarkAsVirtualMachineArgs(pool=place.pool, host=place.host)
                what = f"make a machine of the template {machine.name!r}"
                await session.call(m.MARK_AS_VIRTUAL_MACHINE, ref, args, what=what)
            await session.inventory.refresh(ref)

    async def folder(self, domain: DomainKey) -> str:
        """See `Inventory.folder`."""
        _, path = await folder_of(self.session, self.session.machines.get(domain))
        return path

    async def move_to_folder(self, domain: DomainKey, folder: str) -> None:
        """See `Inventory.move_to_folder`."""
        async with self.session.changing(domain) as machine:
            into = await folder_named(self.session, machine, folder, make=True)
            args = i.MoveIntoFolderTaskArgs(list=(machine.ref,))
            what = f"put domain {machine.name!r} into the folder {folder!r}"
            await self.session.run(i.MOVE_INTO_FOLDER_TASK, into, args, what=what)

    # --- hosts ----------------------------------------------------------------------------------

    async def maintenance(self, host: str | None = None) -> bool:
        """See `Inventory.maintenance`."""
        known: Mapping[str, Any] = self.session.tree.get(host_named(self.session, host))
        return known.get("runtime.inMaintenanceMode") is True

    async def enter_maintenance(
        self,
        host: str | None = None,
        *,
        evacuate: bool = False,
        timeout_s: int = 0,
        progress: OnPercent | None = None,
    ) -> None:
        """See `Inventory.enter_maintenance`."""
        ref = host_named(self.session, host)
        args = h.EnterMaintenanceModeTaskArgs(
            timeout=timeout_s, evacuate_powered_off_vms=evacuate or None
        )
        what = f"let {self.session.tree.called(ref)} enter maintenance mode"
        await self.session.run(
            h.ENTER_MAINTENANCE_MODE_TASK, ref, args, what=what, progress=progress
        )
        await self.session.inventory.refresh(ref)

    async def leave_maintenance(self, host: str | None = None) -> None:
        """See `Inventory.leave_maintenance`."""
        ref = host_named(self.session, host)
        args = h.ExitMaintenanceModeTaskArgs(timeout=0)
        what = f"let {self.session.tree.called(ref)} leave maintenance mode"
        await self.session.run(h.EXIT_MAINTENANCE_MODE_TASK, ref, args, what=what)
        await self.session.inventory.refresh(ref)


def _of_copy(
    session: Session,
    machine: Machine,
    host: str | None,
    datastore: str | None,
    *,
    linked: bool,
    template: bool,
) -> VirtualMachineRelocateSpec:
    """Where a copy shall be; one of a template that shall run needs a pool, which that has not."""
    where = location(session, machine, host, datastore)
    if machine.template and not template and where.pool is None:
        where = msgspec.structs.replace(
            where, pool=place_for(session, datacenter_of(session, machine)).pool
        )
    return msgspec.structs.replace(where, disk_move_type=LINKED if linked else None)


def _current(machine: Machine) -> Ref:
    """The snapshot that linked copies are made of.

    Raises:
        InvalidState: There is none.
    """
    current = None if machine.snapshot is None else machine.snapshot.current_snapshot
    if current is None:
        raise InvalidState(
            f"domain {machine.name!r} has no snapshot, which a linked copy is made of",
            hint="make one first",
        )
    return current


async def _off(session: Session, known: Machine, verb: str) -> Machine:
    """The machine, which is off; one that seems not to be is asked for anew."""
    machine = known if known.power == OFF else await session.fresh(known)
    if machine.power != OFF:
        raise InvalidState(
            f"cannot {verb} domain {machine.name!r}: it is not off", hint="destroy it first"
        )
    return machine
