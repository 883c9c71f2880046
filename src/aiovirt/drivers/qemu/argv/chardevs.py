"""Character devices: what stands at the host's end, and the guest's serial ports and channels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

from aiovirt.config import Channel, CharacterDevice, Console, Serial
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.words import as_json, comma_list
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.models import CHANNEL_BUSES, SERIAL_DRIVERS
from aiovirt.model.addresses import IsaAddress, SpaprVioAddress, VirtioSerialAddress

__all__ = ["channels", "chardev", "consoles", "parallels", "serials"]

_Backend = tuple[str, dict[str, object]]


def chardev(
    guest: Guest, device: CharacterDevice, *, spice: str | None = None, dbus: str | None = None
) -> tuple[str, str]:
    """The ``-chardev`` of a device, whose id is ``char`` and the device's alias.

    Args:
        guest: The guest.
        device: The device.
        spice: What SPICE calls the channel of a device that is none of the usual.
        dbus: What D-Bus calls it.

    Raises:
        XMLError: The driver cannot open such a host's end.
    """
    alias = device.alias or ""
    build = _BACKENDS.get(device.type or "")
    if build is None:
        raise CharacterDevice.type.error(
            device,
            f"the QEMU driver has no {device.kind} of type {device.type!r}",
            expected=", ".join(_BACKENDS),
        )
    kind, options = build(guest, device)
    if kind == "spicevmc" and spice is not None:
        options = {"name": spice}
    if kind == "dbus" and dbus is not None:
        options = {"name": dbus}
    return "-chardev", comma_list(kind, {"id": f"char{alias}", **options, **_log(guest, device)})


def _log(guest: Guest, device: CharacterDevice) -> dict[str, object]:
    if device.log.file:
        append = device.log.append
        return {"logfile": device.log.file, "logappend": append if append is not None else False}
    path = guest.resources.logs.get(device.alias or "")
    return {"logfile": path, "logappend": True} if path is not None else {}


def _unix(guest: Guest, device: CharacterDevice) -> _Backend:
    source = device.source
    if source.mode == "connect":
        if not source.path:
            raise CharacterDevice.sources.error(device, "there is no path to connect to")
        return "socket", {"path": source.path, **_reconnect(device)}
    path = source.path or _own_socket(guest, _socket_name(device))
    return "socket", {"path": path, "server": True, "wait": False}


_MOST: Final = 107
"""Bytes of a path that an address of a Unix socket has room for (unix(7))."""


def _own_socket(guest: Guest, name: str) -> str:
    """A socket in the domain's folder; that is QEMU's working folder, should the path be long."""
    path = os.fspath(guest.resources.folder / name)
    return path if len(os.fsencode(path)) <= _MOST else name


def _socket_name(device: CharacterDevice) -> str:
    name = device.target.name if isinstance(device, Channel) else None
    return f"{(name or device.alias or '').replace('/', '_')}.sock"


def _reconnect(device: CharacterDevice) -> dict[str, object]:
    source = device.source
    if source.reconnect_enabled is None:
        return {}
    return {"reconnect": source.reconnect_timeout if source.reconnect_enabled else 0}


def _file(_guest: Guest, device: CharacterDevice) -> _Backend:
    return "file", {"path": device.source.path, "append": device.source.append}


def _at_path(kind: str) -> Callable[[Guest, CharacterDevice], _Backend]:
    return lambda _guest, device: (kind, {"path": device.source.path})


def _device_of_host(_guest: Guest, device: CharacterDevice) -> _Backend:
    kind = "parallel" if device.kind == "parallel" else "serial"
    return kind, {"path": device.source.path}


def _vdagent(_guest: Guest, device: CharacterDevice) -> _Backend:
    options: dict[str, object] = {
        "name": "vdagent",
        "clipboard": device.source.copypaste,
        "mouse": {"client": True, "server": False}.get(device.source.mouse or ""),
    }
    return "qemu-vdagent", options


def _tcp(_guest: Guest, device: CharacterDevice) -> _Backend:
    source = device.source
    if source.tls:
        raise CharacterDevice.sources.error(device, "the QEMU driver has no TLS for tcp yet")
    listens = source.mode != "connect"
    options: dict[str, object] = {
        "host": source.host,
        "port": source.service,
        "telnet": True if device.protocol == "telnet" else None,
        "server": True if listens else None,
        "wait": False if listens else None,
    }
    return "socket", options if listens else {**options, **_reconnect(device)}


def _udp(_guest: Guest, device: CharacterDevice) -> _Backend:
    ends = {source.mode or "connect": source for source in device.sources}
    far, near = ends.get("connect"), ends.get("bind")
    if far is None:
        raise CharacterDevice.sources.error(
            device, "udp has nowhere to send to", expected="<source mode='connect' …/>"
        )
    options: dict[str, object] = {"host": far.host or "", "port": far.service}
    if near is not None:
        options |= {"localaddr": near.host or "", "localport": near.service or 0}
    return "udp", options


def _spice(kind: str, default: str) -> Callable[[Guest, CharacterDevice], _Backend]:
    return lambda _guest, device: (kind, {"name": device.source.channel or default})


_BACKENDS: Final[dict[str, Callable[[Guest, CharacterDevice], _Backend]]] = {
    "pty": lambda _guest, _device: ("pty", {}),
    "unix": _unix,
    "file": _file,
    "tcp": _tcp,
    "udp": _udp,
    "null": lambda _guest, _device: ("null", {}),
    "dev": _device_of_host,
    "pipe": _at_path("pipe"),
    "spicevmc": _spice("spicevmc", "vdagent"),
    "spiceport": _spice("spiceport", ""),
    "qemu-vdagent": _vdagent,
    "vc": lambda _guest, _device: ("vc", {}),
    "stdio": lambda _guest, _device: ("stdio", {}),
    "dbus": lambda _guest, device: ("dbus", {"name": device.source.channel}),
}


def serials(guest: Guest) -> Iterator[str]:
    """The serial ports."""
    for serial in guest.config.serials:
        yield from chardev(guest, serial)
        yield from _serial(guest, serial)


_ON_ISA: Final = ("isa-serial", "isa-debugcon")


def _serial(guest: Guest, serial: Serial) -> tuple[str, str]:
    back = f"char{serial.alias}"
    driver = model_of(serial, guest.family).driver
    if not driver:  # the machine's own port
        return "-serial", f"chardev:{back}"
    props: dict[str, object] = {"chardev": back}
    if driver == SERIAL_DRIVERS["isa-serial"].driver:
        props["index"] = serial.target.port
    if driver in _ON_ISA and isinstance(serial.address, IsaAddress):
        props |= {"iobase": serial.address.iobase, "irq": serial.address.irq}
    if isinstance(serial.address, SpaprVioAddress):
        props["reg"] = serial.address.reg
    return "-device", guest.device(serial, {**props, **usb_place(guest, serial)})


def parallels(guest: Guest) -> Iterator[str]:
    """The parallel ports."""
    for parallel in guest.config.devices.parallels:
        yield from chardev(guest, parallel)
        props = {"chardev": f"char{parallel.alias}"}
        yield from ("-device", guest.device(parallel, props))


def consoles(guest: Guest) -> Iterator[str]:
    """The virtio consoles; the serial one is the serial port."""
    for console in guest.config.consoles:
        if console.target.type == "virtio":
            yield from chardev(guest, console)
            yield from _port(guest, console, SERIAL_DRIVERS["virtio"].driver)
        elif console.target.type in _SCLP:
            yield from chardev(guest, console)
            back = f"char{console.alias}"
            options = {"driver": _SCLP[console.target.type], "chardev": back, "id": console.alias}
            yield from ("-device", as_json(options))


_SCLP: Final = {"sclp": "sclpconsole", "sclplm": "sclplmconsole"}
"""Consoles of S/390 that are no serial ports."""


def channels(guest: Guest) -> Iterator[str]:
    """The channels.

    Raises:
        XMLError: A channel is of a kind that the driver does not have.
    """
    for channel in guest.config.channels:
        if channel.target.type == "guestfwd":
            yield from _forward(guest, channel)
            continue
        driver = CHANNEL_BUSES.get(channel.target.type or "")
        if driver is None:
            raise Channel.target.error(
                channel, f"the QEMU driver has no {channel.target.type} channels"
            )
        yield from chardev(guest, channel)
        yield from _port(guest, channel, driver, name=channel.target.name)


def _forward(guest: Guest, channel: Channel) -> Iterator[str]:
    """A connection of the guest's to an address of its user network leads to the host's end."""
    yield from chardev(guest, channel)
    target = channel.target
    rule = f"tcp:{target.address}:{target.port}-chardev:char{channel.alias}"
    options = {"type": "user", "guestfwd": [{"str": rule}], "id": channel.alias}
    yield from ("-netdev", as_json(options))


def _port(
    guest: Guest, device: Console | Channel, driver: str, *, name: str | None = None
) -> tuple[str, str]:
    address = device.address
    if not isinstance(address, VirtioSerialAddress):
        raise CharacterDevice.address.error(device, "the device has no port of virtio-serial")
    controller = guest.bus_of("virtio-serial", address.controller)
    port = {
        "driver": driver,
        "bus": f"{controller}.{address.bus}",
        "nr": address.port,
        "chardev": f"char{device.alias}",
        "id": device.alias,
        "name": name,
    }
    return "-device", as_json(port)
