"""Changing devices of a running guest: links, bridges, media, displays, memory."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from aiovirt.config import Device, Disk, DomainConfig, Graphics, Interface, MemoryDevice
from aiovirt.drivers.common import tuning
from aiovirt.drivers.common.devices import find_alias, parts_unlike, replace_device
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.qemu.argv.storage.images import has_medium
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.media import change_medium
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.passwords import commands_of
from aiovirt.drivers.qemu.engine.tuning import shape_interface
from aiovirt.errors import CallerError, HostError, InvalidState, Unsupported
from aiovirt.host.taps import add_to_bridge, check_bridge, remove_from_bridge

__all__ = ["updated"]


@dataclass(frozen=True)
class _Update:
    """One change of a device of a running guest.

    Attributes:
        engine: The driver.
        monitor: QEMU's.
        live: The running instance.
        force: Whether a drive is opened that the guest has locked.
    """

    engine: Engine
    monitor: BoundedMonitor
    live: LiveDomain
    force: bool


async def updated(
    engine: Engine,
    domain: ManagedDomain,
    live: LiveDomain,
    old: Device,
    new: Device,
    *,
    force: bool,
) -> Device:
    """Change a device of a running guest; gives it as it then is.

    Args:
        engine: The driver.
        domain: Which domain.
        live: Its running instance.
        old: The device as it is.
        new: The device as it shall be.
        force: Open the tray of a drive that the guest has locked.

    Raises:
        Unsupported: What is to change of it cannot while it runs.
        RemoteError: QEMU refused; it is as it was.
        HostError: The host could not do it.
    """
    change = _CHANGES.get(type(old))
    if change is None:
        raise Unsupported("QEMU", f"changing a <{old.kind}> of a running domain")
    return await change(_Update(engine, domain.monitor(), live, force), old, new)


def _unchanged(old: Device, new: Device, *names: str) -> None:
    """See that what a change names and cannot change is as it is.

    Raises:
        Unsupported: It is not.
    """
    for name in names:
        wanted = getattr(new, name)
        if wanted is not None and wanted != getattr(old, name):
            raise Unsupported(
                "QEMU", f"changing {name} of a <{old.kind}> of a running domain to {wanted!r}"
            )


def _refuse_more(old: Device, new: Device, *changing: str) -> None:
    """See that all elements but those that may change say what is so.

    Raises:
        Unsupported: One does not, which would otherwise be passed over.
    """
    for tag in parts_unlike(old, new):
        if tag not in changing:
            raise Unsupported("QEMU", f"changing <{tag}> of a <{old.kind}> of a running domain")


# --- interfaces -----------------------------------------------------------------------------------


async def _interface(update: _Update, old: Interface, new: Interface) -> Device:
    _unchanged(old, new, "type", "model", "mac", "address", "mtu")
    if node_of(new).find("filterref") is not None:
        raise Unsupported("QEMU", "network filters: this host has none that could be set up")
    changed = old.copy()
    changed.link = new.link
    if new.source.bridge is not None:
        changed.source.bridge = new.source.bridge
    _take_over(changed, new, "bandwidth")
    before, after = old.source.bridge or "", changed.source.bridge or ""
    if old.type == "bridge" and before != after:
        _move(changed.target_dev or "", before, after)
    try:
        config = _with(update.live.config, changed)
        address = str(changed.mac)
        if tuning.read_bandwidth(config, address) != tuning.read_bandwidth(
            update.live.config, address
        ):
            await shape_interface(config, address)
        up = changed.link != "down"
        if up is not (old.link != "down"):
            await update.monitor.execute("set_link", {"name": old.alias, "up": up})
    except BaseException:
        if old.type == "bridge" and before != after:
            _move(changed.target_dev or "", after, before)
        raise
    return changed


def _take_over(changed: Interface, new: Interface, tag: str) -> None:
    """Have a part as the new one has it; what it does not name goes."""
    there, wanted = node_of(changed), node_of(new.copy()).find(tag)
    for part in there.findall(tag):
        there.remove(part)
    if wanted is not None:
        there.append(wanted)


def _with(config: DomainConfig, changed: Device) -> DomainConfig:
    """A copy of a configuration with a device as it is to be."""
    copy = config.copy()
    replace_device(copy, find_alias(copy, changed.alias or ""), changed)
    return copy


def _move(device: str, before: str, after: str) -> None:
    """Move a tap from bridge to bridge; back where that fails."""
    check_bridge(after)
    remove_from_bridge(before, device)
    try:
        add_to_bridge(after, device)
    except HostError:
        add_to_bridge(before, device)
        raise


# --- disks ----------------------------------------------------------------------------------------


_OF_IMAGES: Final = ("address", "auth", "backingStore", "encryption", "mirror", "source", "alias")
"""What a disk's description says of its images, which is looked at on its own, or of its place."""


async def _disk(update: _Update, old: Disk, new: Disk) -> Device:
    _unchanged(old, new, "device", "address", "serial", "rawio", "sgio", "snapshot")
    removable = old.device in {"cdrom", "floppy"}
    _refuse_more(old, new, *_OF_IMAGES, *(("driver", "readonly") if removable else ()))
    if removable:
        return await change_medium(
            update.engine, update.monitor, update.live, old, new, force=update.force
        )
    if has_medium(new) and new.path != old.path:
        raise Unsupported(
            "QEMU",
            "changing the image of a disk of a running domain",
            "a snapshot, or blockcopy with pivot, has it go on in another",
        )
    return old.copy()


# --- displays -------------------------------------------------------------------------------------


async def _graphics(update: _Update, old: Graphics, new: Graphics) -> Device:
    changed = old.copy()
    if new.passwd is not None:
        for command, arguments in commands_of(new, new.passwd):
            await update.monitor.execute(command, arguments)
        changed.passwd = new.passwd
        changed.passwd_valid_to, changed.connected = new.passwd_valid_to, new.connected
    place = new.listen_address or old.listen_address, _port(old, new)
    if place != (old.listen_address, old.port):
        await _listen(update.monitor, changed, *place)
    return changed


def _port(old: Graphics, new: Graphics) -> int | None:
    """The port that is wanted; the one that it has where that is left open."""
    left_open = new.autoport or new.port is None or new.port < 0
    return old.port if left_open else new.port


async def _listen(
    monitor: BoundedMonitor, changed: Graphics, address: str | None, port: int | None
) -> None:
    """Have a display listen elsewhere: who is connected stays so."""
    if changed.type != "vnc" or changed.listen_socket or not address or port is None:
        raise Unsupported("QEMU", f"changing where a {changed.type} display listens")
    place = {"type": "inet", "host": address, "port": str(port)}
    await monitor.execute("display-update", {"type": "vnc", "addresses": [place]})
    changed.port = port
    changed.autoport = None
    if changed.listen is not None:
        changed.listen = address
    for each in changed.listens:
        each.address = address


# --- memory ---------------------------------------------------------------------------------------


async def _memory(update: _Update, old: MemoryDevice, new: MemoryDevice) -> Device:
    if old.model != "virtio-mem":
        raise Unsupported("QEMU", f"changing memory of model {old.model} of a running domain")
    wanted, block = int(new.target.requested or 0), int(old.target.block or 1)
    if wanted % block:
        raise CallerError(f"{wanted} bytes are not a multiple of the blocks, {block} bytes")
    if wanted > int(old.target.size or 0):
        raise InvalidState(f"the device has no more than {int(old.target.size or 0)} bytes")
    path = f"/machine/peripheral/{old.alias}"
    row = {"path": path, "property": "requested-size", "value": wanted}
    await update.monitor.execute("qom-set", row)
    changed = old.copy()
    changed.target.requested = new.target.requested
    return changed


_CHANGES: Final[dict[type[Device], Callable[..., Coroutine[Any, Any, Device]]]] = {
    Interface: _interface,
    Disk: _disk,
    Graphics: _graphics,
    MemoryDevice: _memory,
}
