"""Copying a machine: its ``.vmx`` file with what must be its own, and its disks."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import anyio

from aiovirt.drivers.common.vmx import Vmx
from aiovirt.drivers.common.vmx.escapes import escape_name
from aiovirt.drivers.esxssh.context import DRIVER, Context
from aiovirt.drivers.esxssh.describing import Descriptions, checked_name
from aiovirt.drivers.esxssh.inventory import OFF, Machine
from aiovirt.drivers.esxssh.link import LONG_S
from aiovirt.drivers.esxssh.registering import register
from aiovirt.errors import AlreadyExists, InvalidState, Unsupported
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import LifecycleDetail
from aiovirt.protocols.esxcli import DatastorePath

__all__ = ["clone"]

_DRIVE = re.compile(r"((?:scsi|ide|sata|nvme)\d+:\d+)\.fileName", re.IGNORECASE)
_DISKS = frozenset({"disk", "scsi-harddisk", "ata-harddisk"})
_OWN = re.compile(
    r"uuid\.(?:bios|location)|vc\.uuid|sched\.swap\.derivedName|checkpoint\.\w+|migrate\.\w+"
    r"|ethernet\d+\.(?:generatedAddress(?:Offset)?|address)",
    re.IGNORECASE,
)
"""Settings that are one machine's alone."""
_CARD = re.compile(r"(ethernet\d+)\.addressType", re.IGNORECASE)


async def clone(
    context: Context, domain: DomainKey, name: str, datastore: str | None = None
) -> DomainKey:
    """Copy a machine that is off, with its disks, into a folder of its own.

    The copy has a UUID and MAC addresses of its own, no snapshots, and thin disks.

    Raises:
        InvalidState: It is not off.
        AlreadyExists: A machine or a folder has the name.

    Cancellation: what was copied is removed.
    """
    checked_name(name)
    descriptions = Descriptions(context.host, context.datastores)
    async with context.changing(domain) as machine:
        if machine.power != OFF:
            raise InvalidState(
                f"domain {domain.name!r} on {context.host.where} is not off: it cannot be copied",
                hint=f"aiovirt shutdown {domain.name}",
            )
        if any(each.key.name == name for each in await context.inventory.machines()):
            raise AlreadyExists(f"domain {name!r} exists on {context.host.where} already")
        folder = DatastorePath(datastore or machine.path.datastore, escape_name(name))
        place = await descriptions.locate(folder)
        what = f"make the folder {folder}"
        await context.host.run(["mkdir", place], what)
        try:
            made = await _copy(context, descriptions, machine, folder)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await context.host.run(["rm", "-rf", place], f"remove the folder {folder}")
            raise
    context.watcher.defined(context.inventory.record(made), LifecycleDetail.DEFINED_ADDED)
    return made.key


async def _copy(
    context: Context, descriptions: Descriptions, machine: Machine, folder: DatastorePath
) -> Machine:
    vmx = await descriptions.vmx(machine.path)
    disks = disks_of(vmx)
    files = dict(
        zip(disks, (f"{folder.path}{_tail(n)}.vmdk" for n in range(len(disks))), strict=True)
    )
    for drive, file in files.items():
        await _copy_disk(context, descriptions, machine, disks[drive], folder.joined(file))
    become(vmx, folder.path, uuid4(), files)
    path = folder.joined(f"{folder.path}.vmx")
    await descriptions.write(path, vmx, new=True)
    return await register(context, path)


def _tail(number: int) -> str:
    """What is added to the names of disks behind the first, as the host adds it."""
    return f"_{number}" if number else ""


async def _copy_disk(
    context: Context,
    descriptions: Descriptions,
    machine: Machine,
    file: str,
    target: DatastorePath,
) -> None:
    """Copy one disk, and all that its snapshots have put onto it."""
    if not file.endswith(".vmdk"):
        raise Unsupported(DRIVER, "clone", f"the disk {file} is no file")
    source = (
        file
        if file.startswith("/")
        else await descriptions.locate(machine.path.folder.joined(file))
    )
    words = ["vmkfstools", "-i", source, "-d", "thin", await descriptions.locate(target)]
    await context.host.run(words, f"copy the disk {file} to {target}", bound_s=LONG_S)


def disks_of(vmx: Vmx) -> dict[str, str]:
    """The files of a machine's disks, by drive, such as ``scsi0:0``."""
    found = {}
    for key in vmx:
        match = _DRIVE.fullmatch(key)
        if match is not None and _is_disk(vmx, match[1]):
            found[match[1]] = vmx.get(key) or ""
    return found


def _is_disk(vmx: Vmx, drive: str) -> bool:
    kind = (vmx.get(f"{drive}.deviceType") or "disk").lower()
    return kind in _DISKS and (vmx.get(f"{drive}.present") or "").upper() == "TRUE"


def become(vmx: Vmx, name: str, uuid: UUID, files: dict[str, str]) -> None:
    """Make a machine's file that of a copy.

    Args:
        vmx: The file, which is changed.
        name: The copy's name, as it is written there.
        uuid: Its UUID.
        files: The files of its disks, by drive.
    """
    for key in vmx:
        if _OWN.fullmatch(key):
            vmx.discard(key)
        elif (card := _CARD.fullmatch(key)) is not None:
            vmx.set(f"{card[1]}.addressType", "generated")
    vmx.set("displayName", name)
    pairs = uuid.bytes.hex(" ")
    vmx.set("uuid.bios", f"{pairs[:23]}-{pairs[24:]}")
    for drive, file in files.items():
        vmx.set(f"{drive}.fileName", file)
    if vmx.get("nvram"):
        vmx.set("nvram", f"{name}.nvram")  # the host makes a new one
