"""Ports on USB buses: each device gets one, and hubs are added where there are too few.

Source: qemuDomainAssignUSBAddresses of libvirt.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from aiovirt.config import Controller, Device, DomainConfig, element
from aiovirt.drivers.qemu.devices.controllers import controllers_of, is_usb_device
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.errors import ConfigError
from aiovirt.model.addresses import UsbAddress

__all__ = ["assign_usb_ports"]

_ROOT_PORTS: Final = {
    "piix3-uhci": 2,
    "piix4-uhci": 2,
    "vt82c686b-uhci": 2,
    "ehci": 6,
    "ich9-ehci1": 6,
    "pci-ohci": 3,
    "nec-xhci": 4,
    "qemu-xhci": 4,
}
"""Root ports of USB controllers, from QEMU's defaults."""

_HUB_PORTS: Final = 8
_DEPTH: Final = 4
_ORDER: Final = ("hub", "hostdev", "disk", "controller", "input", "serial", "sound", "redirdev")


def assign_usb_ports(config: DomainConfig, family: Family) -> None:
    """Give each USB device a port; when there are too few, add hubs.

    Raises:
        XMLError: Two devices have the same port, or a device is on a bus that is not there.
    """
    devices = _devices(config, family)
    if not devices:
        return
    tree = _Tree(config)
    lacking = len(devices) - tree.ports - _HUB_PORTS * sum(d.kind == "hub" for d in devices)
    if lacking > 0:
        for _ in range(-(-(lacking + 1) // (_HUB_PORTS - 1))):
            _add_hub(config)
        devices = _devices(config, family)
    for device in devices:
        if _given(device):
            tree.reserve(device)
    for device in devices:
        if not _given(device):
            tree.assign(device)


def _add_hub(config: DomainConfig) -> None:
    node = element(config.devices)
    if node is not None:
        etree.SubElement(node, "hub", {"type": "usb"})


def _devices(config: DomainConfig, family: Family) -> list[Device]:
    """The USB devices, in the order in which they are given ports: hubs first."""
    found: dict[str, list[Device]] = {kind: [] for kind in _ORDER}
    for device in config.devices.all():
        if is_usb_device(device, family):
            found.setdefault(device.kind, []).append(device)
    return [device for each in found.values() for device in each]


def _given(device: Device) -> bool:
    address = device.address
    return isinstance(address, UsbAddress) and address.port is not None


class _Hub:
    """Ports, and the hubs at them; a port that something else is at has None."""

    def __init__(self, ports: int) -> None:
        self.ports = ports
        self.taken: dict[int, _Hub | None] = {}

    def free(self, depth: int = 1) -> tuple[int, ...] | None:
        """The path to the lowest free port, first here, then at the hubs."""
        port = next((p for p in range(1, self.ports + 1) if p not in self.taken), None)
        if port is not None:
            return (port,)
        if depth == _DEPTH:
            return None
        for number, hub in sorted(self.taken.items()):
            path = hub.free(depth + 1) if hub else None
            if path is not None:
                return number, *path
        return None


class _Tree:
    """The USB buses of a domain."""

    def __init__(self, config: DomainConfig) -> None:
        self._buses = {
            controller.index or 0: _Hub(controller.ports or _ports(controller))
            for controller in controllers_of(config, "usb")
            if _ports(controller)
        }
        self.ports = sum(bus.ports for bus in self._buses.values())

    def reserve(self, device: Device) -> None:
        """Keep the port that a device was given."""
        address = device.address
        assert isinstance(address, UsbAddress)  # noqa: S101
        path = tuple(int(part, 0) for part in (address.port or "").split("."))
        try:
            self._take(device, address.bus, path)
        except ConfigError as error:
            raise Device.address.error(device, str(error)) from error

    def assign(self, device: Device) -> None:
        """Give a device the lowest port that is free, on its bus if it names one."""
        address = device.address
        buses = [address.bus] if isinstance(address, UsbAddress) else sorted(self._buses)
        for index in buses:
            bus = self._buses.get(index)
            path = bus.free() if bus else None
            if path is not None:
                self._take(device, index, path)
                device.address = UsbAddress(bus=index, port=".".join(map(str, path)))
                return
        raise Device.address.error(device, "no USB port is left for the device")

    def _take(self, device: Device, index: int, path: tuple[int, ...]) -> None:
        hub = self._hub_at(index, path)
        if path[-1] in hub.taken:
            raise ConfigError(f"another device has the USB port {'.'.join(map(str, path))}")
        hub.taken[path[-1]] = _Hub(_HUB_PORTS) if device.kind == "hub" else None

    def _hub_at(self, index: int, path: tuple[int, ...]) -> _Hub:
        hub = self._buses.get(index)
        if hub is None:
            raise ConfigError(f"there is no USB controller with index {index}")
        for port in path[:-1]:
            below = hub.taken.get(port)
            if below is None:
                raise ConfigError(f"there is no hub at port {port} of USB bus {index}")
            hub = below
        if path[-1] > hub.ports:
            raise ConfigError(f"USB bus {index} has no port {path[-1]} there")
        return hub


def _ports(controller: Controller) -> int:
    return _ROOT_PORTS.get(controller.model or "", 0)
