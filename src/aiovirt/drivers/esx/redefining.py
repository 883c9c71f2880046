"""Changing the configuration of a machine that is there, by a definition.

What the API has a word for goes by that, also while the machine runs, as far as its host adds
memory, processors and devices to it then.  All else is written into the machine's ``.vmx`` file,
which is read anew; that needs the machine to be off.
"""

from __future__ import annotations

from typing import Final

import msgspec

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import Vmx, domain_of, merge
from aiovirt.drivers.esx.documents import Document, read_vmx
from aiovirt.drivers.esx.files import datacenter_of, write_file
from aiovirt.drivers.esx.machine import OFF, Machine
from aiovirt.drivers.esx.replugging import PLUGGABLE, device_changes
from aiovirt.drivers.esx.session import Session
from aiovirt.drivers.esx.speaking import changed_keys, is_of_devices, spec_of
from aiovirt.errors import AiovirtError, ConfigError, InvalidState, NotFound
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.devices import VirtualDeviceConfigSpec
from aiovirt.protocols.vsphere.tables.inventory_methods import RELOAD
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec
from aiovirt.protocols.vsphere.tables.machine_methods import (
    RECONFIG_VM_TASK,
    RELOAD_VIRTUAL_MACHINE_FROM_PATH_TASK,
    ReconfigVMTaskArgs,
    ReloadVirtualMachineFromPathTaskArgs,
)

__all__ = ["reconfigure", "redefine"]

_CONNECTION: Final = "runtime.connectionState"
_UNREADABLE: Final = frozenset({"invalid", "inaccessible", "orphaned"})
"""What a server says of a machine whose file it could not read."""


async def reconfigure(
    session: Session, machine: Machine, spec: VirtualMachineConfigSpec, *, what: str
) -> None:
    """Change a machine by the API.

    Raises:
        AiovirtError: The server refused.
    """
    await session.change(RECONFIG_VM_TASK, machine, ReconfigVMTaskArgs(spec=spec), what=what)
    await session.inventory.refresh(machine.ref)


async def redefine(session: Session, machine: Machine, config: DomainConfig) -> None:
    """Make a machine what a definition says; what that does not speak of stays.

    Raises:
        ConfigError: Something in it is wrong; nothing was changed.
        InvalidState: It changes devices, and the machine is not off.
        AiovirtError: The server refused; the machine is as it was.
    """
    document = await read_vmx(session, machine)
    wanted = merge(document.vmx, config, document.files, extended=session.extended)
    changed = changed_keys(document.vmx, wanted)
    if not config.videos:  # each machine has a card, of which a definition need not speak
        changed = {key for key in changed if not key.startswith("svga.")}
    devices = sorted(filter(is_of_devices, changed))
    plugged: tuple[VirtualDeviceConfigSpec, ...] | None = ()
    if devices:
        plugged = None
        if all(key.startswith(PLUGGABLE) for key in devices):
            before = domain_of(document.vmx, document.files, extended=session.extended)
            plugged = await device_changes(session, machine, before, config)
    if plugged is None:
        _check_devices(machine, document, ", ".join(devices))
        await _write(session, machine, document, wanted)
    elif changed:
        spec = msgspec.structs.replace(spec_of(wanted, changed), device_change=plugged)
        await reconfigure(session, machine, spec, what=f"define domain {machine.name!r}")


def _check_devices(machine: Machine, document: Document, keys: str) -> None:
    if not document.own:
        raise NotFound(
            f"cannot define domain {machine.name!r}: {keys} would change, and its file "
            f"{document.path} cannot be read",
            hint="the account needs the privileges Datastore.Browse and Datastore.FileManagement",
        )
    if machine.power != OFF:
        raise InvalidState(
            f"cannot define domain {machine.name!r} while it is not off: {keys} would change",
            hint="stop it first, or change its devices by attach-device and the like",
        )


async def _write(session: Session, machine: Machine, document: Document, wanted: Vmx) -> None:
    path, datacenter = document.path, datacenter_of(session, machine)
    try:
        await _put(session, machine.ref, path, datacenter, wanted)
    except AiovirtError:
        await _put(session, machine.ref, path, datacenter, document.vmx)
        raise
    await session.inventory.refresh(machine.ref)


async def _put(session: Session, ref: Ref, path: DatastorePath, datacenter: Ref, vmx: Vmx) -> None:
    """Write the file of a machine that is off, and let the server read it anew.

    Raises:
        AiovirtError: The server refused; the file is written all the same.
    """
    await write_file(session, path, datacenter, vmx.to_bytes())
    what = f"read {path} anew"
    if not session.is_vcenter:  # the other method is for vCenters only
        await session.call(RELOAD, ref, what=what)
    else:
        args = ReloadVirtualMachineFromPathTaskArgs(configuration_path=str(path))
        await session.run(RELOAD_VIRTUAL_MACHINE_FROM_PATH_TASK, ref, args, what=what)
    state = (await session.get(ref, _CONNECTION, what=what)).get(_CONNECTION)
    if state in _UNREADABLE:
        raise ConfigError(f"{session.where} cannot make sense of {path}: it is {state}")
