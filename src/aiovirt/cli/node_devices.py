"""Verbs about devices of the host: each is one verb of `NodeDevice`, and a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from aiovirt._tasks import gather
from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document, source_name
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Record, Row
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.objects import NodeDevice

__all__ = [
    "nodedev_autostart",
    "nodedev_create",
    "nodedev_define",
    "nodedev_destroy",
    "nodedev_detach",
    "nodedev_dumpxml",
    "nodedev_info",
    "nodedev_reattach",
    "nodedev_reset",
    "nodedev_start",
    "nodedev_undefine",
    "nodedev_update",
]

DeviceArg = Annotated[str, about("Its name, or wwnn,wwpn of a Fibre Channel adapter.")]
ValidateArg = Annotated[bool, about("Let libvirt check it against its grammar.")]


async def _find(session: Session, text: str) -> NodeDevice:
    """The device of that name, or the adapter of those two world wide names.

    Raises:
        NotFound: There is none.
    """
    wwnn, comma, wwpn = text.partition(",")
    devices = session.host.node_devices
    try:
        return await (devices.find(wwnn, wwpn) if comma else devices.get(text))
    except NotFound as error:
        hint = error.hint or "aiovirt nodedev-list --all shows what there is"
        raise NotFound(str(error), hint=hint) from error


def _done(device: NodeDevice, result: str, sentence: str) -> Plain:
    data = {"name": device.name, "result": result}
    return Plain(sentence, data, [device.name], chatter=True)


async def _act(
    session: Session,
    device: str,
    verb: Callable[[NodeDevice], Awaitable[None]],
    result: str,
    words: str | None = None,
) -> Plain:
    """Find the device, do it, and confirm it."""
    found = await _find(session, device)
    await verb(found)
    return _done(found, result, f"Device {found.name} {words or result}")


async def nodedev_dumpxml(device: DeviceArg, *, session: SessionArg) -> Plain:
    """Print what a device of the host is, as XML.

    For example:

        aiovirt nodedev-dumpxml pci_0000_00_1f_2
    """
    found = await _find(session, device)
    xml = await found.xml()
    return Plain(xml.rstrip("\n"), {"name": found.name, "xml": xml}, [found.name])


def _yes(key: str) -> Column:
    return Column(key, key.capitalize(), show=lambda row: "yes" if row[key] else "no")


def _parent(row: Row) -> str:
    return str(row["parent"] or "")


_INFO = [
    Column("name", "Name"),
    Column("parent", "Parent", show=_parent),
    *(_yes(key) for key in ("active", "persistent", "autostart")),
]


async def nodedev_info(device: DeviceArg, *, session: SessionArg) -> Record:
    """Show what is known of a device of the host.

    For example:

        aiovirt nodedev-info mdev_c60cc60c_c60c_c60c_c60c_c60cc60cc60c
    """
    found = await _find(session, device)
    parent = await found.parent()
    active, persistent, autostart = await gather(
        found.is_active, found.is_persistent, found.autostart
    )
    row = {
        "name": found.name,
        "parent": None if parent is None else parent.name,
        "active": active,
        "persistent": persistent,
        "autostart": autostart,
    }
    return Record(_INFO, row)


# --- devices that are made ------------------------------------------------------------------------


async def nodedev_create(
    file: FileArg, *, validate: ValidateArg = False, context: ContextArg
) -> Plain:
    """Make a device from an XML file: a virtual adapter, or a mediated device.

    For example:

        aiovirt nodedev-create vport.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.node_devices.create(document, validate=validate)
    return _done(made, "created", f"Node device {made.name} created from {source_name(file)}")


async def nodedev_define(
    file: FileArg, *, validate: ValidateArg = False, context: ContextArg
) -> Plain:
    """Define a mediated device from an XML file, without making it.

    For example:

        aiovirt nodedev-define gpu-part.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.node_devices.define(document, validate=validate)
    sentence = f"Node device '{made.name}' defined from '{source_name(file)}'"
    return _done(made, "defined", sentence)


async def nodedev_undefine(device: DeviceArg, *, session: SessionArg) -> Plain:
    """Remove the definition of a mediated device.

    For example:

        aiovirt nodedev-undefine mdev_c60cc60c_c60c_c60c_c60c_c60cc60cc60c
    """
    found = await _find(session, device)
    await found.undefine()
    return _done(found, "undefined", f"Undefined node device '{found.name}'")


async def nodedev_start(device: DeviceArg, *, session: SessionArg) -> Plain:
    """Make a device that is defined.

    For example:

        aiovirt nodedev-start mdev_c60cc60c_c60c_c60c_c60c_c60cc60cc60c
    """
    return await _act(session, device, lambda found: found.start(), "started")


async def nodedev_destroy(device: DeviceArg, *, session: SessionArg) -> Plain:
    """Remove a device that was made; its definition stays.

    For example:

        aiovirt nodedev-destroy scsi_host5
    """
    found = await _find(session, device)
    await found.destroy()
    return _done(found, "destroyed", f"Destroyed node device '{found.name}'")


async def nodedev_autostart(
    device: DeviceArg,
    *,
    disable: Annotated[bool, about("Do not make it any more.")] = False,
    session: SessionArg,
) -> Plain:
    """Let a device be made when the one that it belongs to appears.

    For example:

        aiovirt nodedev-autostart mdev_c60cc60c_c60c_c60c_c60c_c60cc60cc60c
    """
    result = "unmarked" if disable else "marked"
    return await _act(
        session,
        device,
        lambda found: found.set_autostart(autostart=not disable),
        result,
        f"{result} as autostarted",
    )


async def nodedev_update(
    device: DeviceArg,
    file: Annotated[Path, about("The XML file; - is standard input.")],
    *,
    live: Annotated[bool, about("The device that is there.")] = False,
    config: Annotated[bool, about("The definition.")] = False,
    current: Annotated[bool, about("What there is of the two, as without an option.")] = False,
    context: ContextArg,
) -> Plain:
    """Change a mediated device as an XML file says; since libvirt 10.1.

    For example:

        aiovirt nodedev-update mdev_c60cc60c_c60c_c60c_c60c_c60cc60cc60c new.xml
    """
    if current and (live or config):
        raise UsageError("--current excludes --live and --config")
    document = await read_document(file)
    async with context.connect() as session:
        found = await _find(session, device)
        await found.update(document, live=live, persistent=config)
    return _done(found, "updated", f"Updated node device {found.name}")


# --- devices for guests -------------------------------------------------------------------------


async def nodedev_detach(
    device: DeviceArg,
    *,
    driver: Annotated[str | None, about("What holds it then, such as vfio.")] = None,
    session: SessionArg,
) -> Plain:
    """Take a device from the host's driver, so that a guest can have it.

    For example:

        aiovirt nodedev-detach pci_0000_01_00_0
    """
    return await _act(session, device, lambda found: found.detach(driver=driver), "detached")


async def nodedev_reattach(device: DeviceArg, *, session: SessionArg) -> Plain:
    """Give a device back to the host's driver.

    For example:

        aiovirt nodedev-reattach pci_0000_01_00_0
    """
    return await _act(session, device, lambda found: found.reattach(), "re-attached")


async def nodedev_reset(device: DeviceArg, *, session: SessionArg) -> Plain:
    """Reset a device, so that it bears nothing of its last user's.

    For example:

        aiovirt nodedev-reset pci_0000_01_00_0
    """
    return await _act(session, device, lambda found: found.reset(), "reset")
