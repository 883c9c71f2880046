"""Ports of virtio-serial controllers: each console and channel gets one, and controllers enough.

Source: virDomainVirtioSerialAddrNext of libvirt.
"""

from __future__ import annotations

from typing import Final

from aiovirt.config import Channel, Console, Controller, Device, DomainConfig
from aiovirt.drivers.qemu.devices.controllers import controllers_of
from aiovirt.model.addresses import VirtioSerialAddress

__all__ = ["assign_serial_ports"]

_PORTS: Final = 31
_CONTROLLERS: Final = 64


def assign_serial_ports(config: DomainConfig) -> None:
    """Give each virtio console and channel a port; port 0 is for the first console.

    Raises:
        XMLError: Two have the same port, or none is left.
    """
    ports = _Ports(config)
    for device in ports.devices:
        ports.reserve(device)
    for device in ports.devices:
        ports.assign(device)


class _Ports:
    """The ports of a domain's virtio-serial controllers, and who has which."""

    def __init__(self, config: DomainConfig) -> None:
        self._config = config
        self.devices: list[Console | Channel] = [
            *(each for each in config.consoles if each.target.type == "virtio"),
            *(each for each in config.channels if each.target.type == "virtio"),
        ]
        self._sizes: dict[int, int] = {}
        self._taken: set[tuple[int, int]] = set()
        self._next: dict[tuple[int, int], int] = {}
        for controller in controllers_of(config, "virtio-serial"):
            self._sizes[controller.index or 0] = controller.ports or _PORTS
        for device in self.devices:
            address = device.address
            self._need(address.controller if isinstance(address, VirtioSerialAddress) else 0)

    def _need(self, index: int) -> None:
        """See that a controller is there."""
        if index not in self._sizes:
            self._config.controllers.append(Controller(type="virtio-serial", index=index))
            self._sizes = dict(sorted({**self._sizes, index: _PORTS}.items()))

    def reserve(self, device: Console | Channel) -> None:
        """Keep the port that a device was given."""
        address = device.address
        if not isinstance(address, VirtioSerialAddress) or not _is_given(device, address):
            return
        place = address.controller, address.port or 0
        if place in self._taken:
            raise Device.address.error(device, f"another {device.kind} has the same address")
        self._taken.add(place)

    def assign(self, device: Console | Channel) -> None:
        """Give a device the lowest port that is free, if it has none."""
        address = device.address
        if isinstance(address, VirtioSerialAddress):
            if _is_given(device, address):
                return
            indexes = [address.controller]
        else:
            indexes = list(self._sizes)
        lowest = 0 if isinstance(device, Console) else 1
        for index in indexes:
            port = self._free(index, lowest)
            if port is not None:
                self._take(device, index, port)
                return
        added = next((i for i in range(_CONTROLLERS) if i not in self._sizes), None)
        if isinstance(address, VirtioSerialAddress) or added is None:
            raise Device.address.error(device, "no port of a virtio-serial controller is left")
        self._need(added)
        self._take(device, added, lowest)

    def _free(self, index: int, lowest: int) -> int | None:
        """The lowest free port; each search goes on where the last has ended."""
        port = self._next.get((index, lowest), lowest)
        while port < self._sizes[index] and (index, port) in self._taken:
            port += 1
        self._next[index, lowest] = port
        return port if port < self._sizes[index] else None

    def _take(self, device: Console | Channel, index: int, port: int) -> None:
        self._taken.add((index, port))
        device.address = VirtioSerialAddress(controller=index, port=port)


def _is_given(device: Console | Channel, address: VirtioSerialAddress) -> bool:
    """Port 0 can only be a console's; of a channel it means any, as no port does."""
    return bool(address.port) or (isinstance(device, Console) and address.port == 0)
