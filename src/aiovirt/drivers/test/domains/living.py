"""What only a running domain has: its number, the names of its devices, terminals, ports, taps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from aiovirt.config import (
    CharacterDevice,
    Console,
    Controller,
    Device,
    Disk,
    DomainConfig,
    Graphics,
    Interface,
    element,
)
from aiovirt.config.running import LOOPBACK, TAP_PREFIX, drop_run
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.domains.places import disk_number
from aiovirt.model.addresses import DriveAddress

__all__ = ["alias_of", "by_alias", "drop_live", "go_live", "name_devices"]

_FIRST_PORT: Final = 5900
_CHANNELS: Final = "/var/lib/libvirt/qemu/channel/"
_STEMS: Final = {"interface": "net", "memballoon": "balloon"}
_DISKS: Final = {"virtio": "virtio-disk", "usb": "usb-disk"}


def go_live(config: DomainConfig, number: int, others: Iterable[DomainConfig]) -> None:
    """Make a configuration that of a running domain, in place.

    Args:
        config: Which.
        number: Its id.
        others: Those that run already, this one may be among them.
    """
    others = list(others)
    config.id = number
    if not is_real(config):
        return
    name_devices(config)
    _open_ports(config, {graphics.port for each in others for graphics in each.graphics})
    taps = {card.target_dev for each in others for card in each.interfaces}
    for card in config.interfaces:
        give_tap(card, taps)
    _open_terminals(config, {_path(device) for each in others for device in _terminals(each)})
    _agent_paths(config, number)


def _open_ports(config: DomainConfig, taken: set[int | None]) -> None:
    for graphics in config.graphics:
        graphics.listens_at(LOOPBACK)
        if graphics.autoport and graphics.port == -1:
            graphics.port = next(port for port in count(_FIRST_PORT) if port not in taken)
            taken.add(graphics.port)


def _open_terminals(config: DomainConfig, taken: set[str | None]) -> None:
    for device in _terminals(config):
        path = next(f"/dev/pts/{n}" for n in count() if f"/dev/pts/{n}" not in taken)
        taken.add(path)
        _at_terminal(config, device, path)


def give_tap(card: Interface, taken: set[str | None]) -> None:
    """Give a card a device on the host, unless it has one or needs none."""
    if card.target_dev is None and card.type != "user":
        names = (f"{TAP_PREFIX}{number}" for number in count())
        card.target_dev = next(name for name in names if name not in taken)
        taken.add(card.target_dev)


def _terminals(config: DomainConfig) -> Iterator[CharacterDevice]:
    """The devices at a terminal; the first console is the first serial port's."""
    for device in (*config.serials, *config.consoles):
        mirrors = isinstance(device, Console) and device.target.type == "serial"
        if device.type == "pty" and not (mirrors and config.serials):
            yield device


def _path(device: CharacterDevice) -> str | None:
    return device.sources[0].path if device.sources else None


def _at_terminal(config: DomainConfig, device: CharacterDevice, path: str) -> None:
    device.source.path = path
    if isinstance(device, Console):
        device.tty = path
    elif config.serials[0] == device and config.consoles:
        first = config.consoles[0]
        if first.target.type == "serial":
            first.source.path = first.tty = path


def _agent_paths(config: DomainConfig, number: int) -> None:
    folder = f"{_CHANNELS}target/domain-{number}-{config.name}"
    for channel in config.channels:
        if channel.type == "unix" and channel.source.path is None:
            channel.source.path = f"{folder}/{channel.target.name}"
        if channel.target.type == "virtio":
            channel.target.state = "connected"


# --- names of devices ---------------------------------------------------------------------------


def name_devices(config: DomainConfig) -> None:
    """Give every device that has none the name that events and unplugging know it by."""
    for device, alias in _named(config):
        if device.alias is None and not isinstance(device, Graphics):
            device.alias = alias


def alias_of(config: DomainConfig, device: Device) -> str:
    """The name of a device of this configuration, whether it is written there or not."""
    node = element(device)
    named = (each.alias or alias for each, alias in _named(config) if element(each) is node)
    return next(named, device.kind)


def by_alias(config: DomainConfig, alias: str) -> Device | None:
    """The device of that name, or None."""
    named = _named(config)
    return next((each for each, name in named if alias == (each.alias or name)), None)


def _named(config: DomainConfig) -> Iterator[tuple[Device, str]]:
    taken = {device.alias for device in config.devices.all()}
    counts: Counter[str] = Counter()
    for device in config.devices.all():
        fixed = _fixed(config, device)
        if fixed is not None:
            yield device, fixed
            continue
        stem = _STEMS.get(device.kind, device.kind)
        while device.alias is None and f"{stem}{counts[stem]}" in taken:
            counts[stem] += 1
        yield device, f"{stem}{counts[stem]}"
        counts[stem] += 1


def _fixed(config: DomainConfig, device: Device) -> str | None:
    """The name that follows from what the device is, or None where it is just numbered."""
    if isinstance(device, Disk):
        return _disk(device)
    if isinstance(device, Controller):
        return _controller(device)
    if isinstance(device, Console) and device.target.type == "serial" and config.serials:
        return config.serials[0].alias or "serial0"
    return None


def _disk(disk: Disk) -> str:
    bus, at = disk.target.bus or "", disk.address
    if bus in _DISKS or not isinstance(at, DriveAddress):
        return f"{_DISKS.get(bus, bus)}{disk_number(disk.target.dev or '')}"
    parts = [at.controller, at.bus, *([at.target] if bus == "scsi" else []), at.unit]
    return bus + "-".join(str(part) for part in parts)


def _controller(controller: Controller) -> str:
    kind, index = controller.type or "", controller.index or 0
    if index == 0 and kind in {"pci", "usb", "ide"}:
        return {"pci": "pci.0", "usb": "usb", "ide": "ide"}[kind]
    return f"pci.{index}" if kind == "pci" else f"{kind}{index}"


# --- and back -----------------------------------------------------------------------------------


def drop_live(config: DomainConfig) -> None:
    """Take out, in place, what only a running domain has."""
    drop_run(config)
    for channel in config.channels:
        channel.target.state = None
        if (_path(channel) or "").startswith(_CHANNELS):
            channel.source.path = None
