"""What of the host's own devices QEMU is handed: vhost devices of the kernel, SCSI devices."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from aiovirt.config import Device, DomainConfig, ScsiHostdev, Vsock
from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.files import host_error

__all__ = ["free_address", "open_vhost", "scsi_paths"]

_SCSI: Final = Path("/sys/bus/scsi/devices")
_VHOST: Final = {"vsock": Path("/dev/vhost-vsock"), "scsi_host": Path("/dev/vhost-scsi")}


def open_vhost(
    config: DomainConfig, descriptors: ExitStack, files: dict[str, Path] | None = None
) -> dict[str, int]:
    """Open the kernel's half of each device that it moves data for.

    The address of a <vsock> that leaves it open is chosen, and written into the configuration.

    Args:
        config: The configuration, with aliases.
        descriptors: Closes our side.
        files: Where the kernel has them, by kind.

    Returns:
        The descriptors by the device's alias.

    Raises:
        ResourceUnavailable: The kernel has none.
        HostError: It cannot be opened.
    """
    found: dict[str, int] = {}
    for device in config.devices.all():
        path = (files or _VHOST).get(_kind(device))
        if path is None:
            continue
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise host_error(error, f"cannot open {path} for a <{device.kind}>") from error
        descriptors.callback(os.close, handle)
        found[device.alias or ""] = handle
        if isinstance(device, Vsock) and not device.cid:
            device.cid = free_address(handle)
    return found


_FIRST_ADDRESS: Final = 3
_MOST_ADDRESSES: Final = 65536
"""How many addresses are tried."""
_SET_ADDRESS: Final = 0x4008AF60
"""Source: VHOST_VSOCK_SET_GUEST_CID of linux/vhost.h."""


def free_address(handle: int, control: Callable[[int, int, bytes], object] = fcntl.ioctl) -> int:
    """Take, for a vhost-vsock device, the first address that no guest of the host has.

    Args:
        handle: The device.
        control: ioctl(2).

    Raises:
        ResourceUnavailable: All are taken.
        HostError: The kernel refuses for another reason.
    """
    for address in range(_FIRST_ADDRESS, _FIRST_ADDRESS + _MOST_ADDRESSES):
        try:
            control(handle, _SET_ADDRESS, struct.pack("=Q", address))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise host_error(error, "cannot set the address of a <vsock>") from error
        else:
            return address
    raise ResourceUnavailable("the host has no free address for a <vsock>")


def _kind(device: Device) -> str:
    kind = getattr(device, "type", None) if device.kind == "hostdev" else device.kind
    return kind or ""


def scsi_paths(config: DomainConfig, folder: Path = _SCSI) -> dict[str, str]:
    """Which SCSI devices of the host are meant, by the alias of the device.

    Args:
        config: The configuration, with aliases.
        folder: Where the kernel tells of them.

    Raises:
        ConfigError: The host has no such device.
    """
    return {
        device.alias or "": _generic(device, folder)
        for device in config.devices.hostdevs
        if isinstance(device, ScsiHostdev) and device.source.protocol != "iscsi"
    }


def _generic(device: ScsiHostdev, folder: Path) -> str:
    place, adapter = device.source.address, device.source.adapter.name or ""
    number = adapter.removeprefix("scsi_host")
    name = f"{number}:{place.bus}:{place.target}:{place.unit}"
    for path in (folder / name / "scsi_generic").glob("sg*"):
        return f"/dev/{path.name}"
    raise ConfigError(
        f"the host has no SCSI device {name}",
        field="hostdev/source",
        hint="lsscsi lists those that it has",
    )
