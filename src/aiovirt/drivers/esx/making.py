"""Machines of definitions: a ``.vmx`` beside its disks that is registered, as libvirt does it.

One without disks has no such place: the host makes its folder then, and an empty machine in it,
to which its devices are added.  What was begun is undone when it does not succeed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

import anyio
import msgspec

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.common.vmx import MAX_VMX_BYTES, DatastoreFiles, Vmx, vmx_of
from aiovirt.drivers.common.vmx.escapes import escape_name
from aiovirt.drivers.esx.documents import newest_hardware
from aiovirt.drivers.esx.files import delete_file, mounts, read_file, write_file
from aiovirt.drivers.esx.places import Place, default_datastore, place_for
from aiovirt.drivers.esx.redefining import redefine
from aiovirt.drivers.esx.session import Session
from aiovirt.drivers.esx.speaking import changed_keys, is_of_devices, spec_of
from aiovirt.errors import AiovirtError, AlreadyExists, NotFound
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.inventory_methods import (
    CREATE_VM_TASK,
    DESTROY_TASK,
    REGISTER_VM_TASK,
    CreateVMTaskArgs,
    RegisterVMTaskArgs,
)
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec
from aiovirt.protocols.vsphere.tables.machine_methods import (
    UNREGISTER_VM,
)
from aiovirt.protocols.vsphere.tables.storage import VirtualMachineFileInfo

__all__ = ["make_machine"]

UNDO_S: Final = 30.0
"""Seconds that undoing may take."""

_ALWAYS: Final = frozenset(
    {"svga.present", "vmci0.present"} | {f"pciBridge{n}.present" for n in range(8)}
)
"""What each machine has."""


async def make_machine(session: Session, config: DomainConfig) -> Ref:
    """Make the machine of a definition, which is checked and has its UUID.

    Raises:
        ConfigError: Something in it is wrong; nothing was made.
        AlreadyExists: Its ``.vmx`` file is there already.
        AiovirtError: The server refused; what was begun is undone.

    Cancellation: what was begun is undone.
    """
    disk = next((each for each in config.disks if _has_place(each)), None)
    if disk is not None:
        path = DatastorePath.parse(disk.source.file or "").folder
        return await _register(
            session, config, path.joined(f"{escape_name(config.name or '')}.vmx")
        )
    return await _create(session, config)


def _has_place(disk: Disk) -> bool:
    """Whether a disk says where its machine's folder is; images of CDs lie elsewhere."""
    return (disk.device or "disk") == "disk" and (disk.source.file or "").startswith("[")


def _what(config: DomainConfig) -> str:
    return f"define domain {config.name!r}"


async def _register(session: Session, config: DomainConfig, path: DatastorePath) -> Ref:
    place = place_for(session)
    vmx = vmx_of(config, _files(session, path, place), hardware=newest_hardware(session))
    await _check_absent(session, path, place.datacenter)
    async with _undone(lambda: _unregister(session, config, path, place.datacenter)):
        await write_file(session, path, place.datacenter, vmx.to_bytes())
        args = RegisterVMTaskArgs(
            path=str(path),
            name=escape_name(config.name or ""),
            as_template=False,
            pool=place.pool,
            host=place.host,
        )
        ref: Ref = await session.run(REGISTER_VM_TASK, place.folder, args, what=_what(config))
    return ref


async def _check_absent(session: Session, path: DatastorePath, datacenter: Ref) -> None:
    try:
        await read_file(session, path, datacenter, limit=MAX_VMX_BYTES)
    except NotFound:
        return
    raise AlreadyExists(
        f"the file {path} is there already",
        hint="register it, give the domain another name, or remove the file",
    )


async def _create(session: Session, config: DomainConfig) -> Ref:
    place = place_for(session)
    store = session.tree.name(await default_datastore(session, place))
    hardware = newest_hardware(session)
    # All that can be wrong with it is told before the host is touched.
    path = DatastorePath(store, f"{config.name}/{config.name}.vmx")
    wanted = vmx_of(config, _files(session, path, place), hardware=hardware)
    args = CreateVMTaskArgs(config=_spec(wanted, store, hardware), pool=place.pool, host=place.host)
    async with _undone(lambda: _destroy(session, config)):
        ref: Ref = await session.run(CREATE_VM_TASK, place.folder, args, what=_what(config))
        await session.settle(ref, lambda now: now is not None)
        machine = session.machines.find(ref)
        if machine is not None and _has_devices(wanted):
            await redefine(session, machine, config)
    return ref


def _spec(wanted: Vmx, store: str, hardware: int) -> VirtualMachineConfigSpec:
    """An empty machine with all that a file says of no device."""
    return msgspec.structs.replace(
        spec_of(wanted, changed_keys(Vmx(), wanted)),
        version=f"vmx-{hardware:02}",
        files=VirtualMachineFileInfo(vm_path_name=f"[{store}]"),
    )


def _has_devices(vmx: Vmx) -> bool:
    """Whether a file has devices that an empty machine lacks."""
    keys = [key for key in vmx if key.lower().endswith(".present") and is_of_devices(key)]
    said = {key for key in keys if (vmx.get(key) or "").lower() == "true"}
    return bool(said - _ALWAYS)


def _files(session: Session, path: DatastorePath, place: Place) -> DatastoreFiles:
    return DatastoreFiles(str(path.folder).rstrip(), mounts(session, place.datacenter))


async def _half_made(session: Session, config: DomainConfig) -> Ref | None:
    """The machine that was begun: a task that was cancelled may have made it all the same."""
    await session.inventory.settled()
    key = DomainKey(config.uuid or uuid4(), config.name or "")
    found = session.machines.existing(key)
    return None if found is None else found.ref


async def _destroy(session: Session, config: DomainConfig) -> None:
    ref = await _half_made(session, config)
    if ref is not None:
        await session.run(DESTROY_TASK, ref, what=f"remove the half-made domain {config.name!r}")


async def _unregister(
    session: Session, config: DomainConfig, path: DatastorePath, datacenter: Ref
) -> None:
    ref = await _half_made(session, config)
    if ref is not None:
        what = f"unregister the half-made domain {config.name!r}"
        await session.call(UNREGISTER_VM, ref, what=what)
    await delete_file(session, path, datacenter)


@asynccontextmanager
async def _undone(undo: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Undo something when the block does not succeed; an error of that is not told."""
    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True), anyio.move_on_after(UNDO_S), suppress(AiovirtError):
            await undo()
        raise
