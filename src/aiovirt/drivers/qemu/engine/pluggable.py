"""Which devices may come and go while a guest runs; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiovirt.config import Controller, Device, Disk, Input, Serial, Watchdog, element
from aiovirt.drivers.qemu.engine.steps import PLUGGABLE
from aiovirt.errors import Unsupported

__all__ = ["check_pluggable"]

_CONTROLLERS: Final = ("scsi", "virtio-serial", "usb", "ccid")
_DISK_BUSES: Final = ("virtio", "scsi", "usb")
_INPUT_BUSES: Final = ("virtio", "usb")


def check_pluggable(device: Device) -> None:
    """See that a device can be plugged in, and pulled out again, as far as its kind goes.

    Raises:
        Unsupported: It cannot; the text says why.
    """
    why = _WHY_NOT.get(device.kind, _no_reason)(device) if device.kind in PLUGGABLE else ""
    if why is not None:
        what = f"a <{device.kind}>" + (f" {why}" if why else "")
        raise Unsupported("QEMU", f"plugging and pulling {what} while a domain runs")


def _no_reason(_device: Device) -> str | None:
    return None


def _of_disk(device: Device) -> str | None:
    bus = device.target.bus if isinstance(device, Disk) else None
    return None if bus in _DISK_BUSES else f"on the bus {bus}"


def _of_controller(device: Device) -> str | None:
    kind = device.type if isinstance(device, Controller) else None
    return None if kind in _CONTROLLERS else f"of type {kind}"


def _of_input(device: Device) -> str | None:
    bus = device.bus if isinstance(device, Input) else None
    return None if bus in _INPUT_BUSES else f"on the bus {bus}"


def _of_serial(device: Device) -> str | None:
    kind = device.target.type if isinstance(device, Serial) else None
    return None if kind in {"pci-serial", "usb-serial"} else f"of type {kind}"


def _of_console(device: Device) -> str | None:
    node = element(device)
    target = None if node is None else node.find("target")
    kind = None if target is None else target.get("type")
    return None if kind == "virtio" else f"of type {kind}"


def _of_watchdog(device: Device) -> str | None:
    model = device.model if isinstance(device, Watchdog) else None
    return None if model == "i6300esb" else f"of model {model}"


def _of_panic(device: Device) -> str | None:
    node = element(device)
    model = None if node is None else node.get("model")
    return None if model == "pvpanic" else f"of model {model}"


_WHY_NOT: Final[dict[str, Callable[[Device], str | None]]] = {
    "disk": _of_disk,
    "controller": _of_controller,
    "input": _of_input,
    "serial": _of_serial,
    "console": _of_console,
    "watchdog": _of_watchdog,
    "panic": _of_panic,
}
