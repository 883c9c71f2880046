"""PCI addresses of a domain's devices, and the bridges and ports they need.

The order in which places are given is libvirt's (qemuDomainAssignDevicePCISlots), so that a
domain looks alike under both.  What the configuration says is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from aiovirt.config import Controller, Device, DomainConfig, Video
from aiovirt.drivers.qemu.devices.controllers import controllers_of
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import is_builtin, model_of
from aiovirt.drivers.qemu.devices.models import PCI_CONTROLLERS
from aiovirt.drivers.qemu.devices.pci import AddedBus, Connector, Topology
from aiovirt.errors import ConfigError
from aiovirt.model.addresses import PciAddress

__all__ = ["assign_pci"]

_BRIDGE_NEEDS: Final = {
    "pcie-root-port": Connector.ROOT_PORT,
    "pcie-to-pci-bridge": Connector.EXPRESS,
    "dmi-to-pci-bridge": Connector.INTEGRATED,
    "pci-bridge": Connector.CONVENTIONAL,
}

# Places that a model has by custom, tried first: by the family's PCI root.
_CUSTOMARY: Final[dict[tuple[str, str], PciAddress]] = {
    ("pci-root", "piix3-usb-uhci"): PciAddress(slot=1, function=2),
    ("pcie-root", "ich9-intel-hda"): PciAddress(slot=0x1B),
}
_ICH9_SLOT: Final = 0x1D
_ICH9_FUNCTIONS: Final = {
    "ich9-ehci1": 7,
    "ich9-uhci1": 0,
    "ich9-uhci2": 1,
    "ich9-uhci3": 2,
}

_ORDER: Final[tuple[Callable[[DomainConfig], list[Device]], ...]] = (
    lambda config: list(config.interfaces),
    lambda config: list(config.devices.sounds),
    lambda config: [c for c in config.controllers if c.type != "pci"],
    lambda config: list(config.disks),
    lambda config: [config.memballoon] if config.memballoon else [],
    lambda config: list(config.rngs),
    lambda config: list(config.devices.watchdogs),
    lambda config: list(config.videos),
    lambda config: list(config.inputs),
    lambda config: list(config.serials),
    lambda config: list(config.devices.panics),
)


def assign_pci(config: DomainConfig, family: Family) -> None:
    """Give each PCI device its address.

    Raises:
        XMLError: Two devices have the same place, or a place does not exist.
    """
    if family.pci_root is None:
        return
    _Assignment(config, family, Topology(family.pci_root)).run()


class _Assignment:
    """One run over the devices of one domain."""

    def __init__(self, config: DomainConfig, family: Family, topology: Topology) -> None:
        self._config = config
        self._family = family
        self._topology = topology
        self._bridges = [c for c in controllers_of(config, "pci") if c.index]
        self._devices = [
            (device, model)
            for devices in _ORDER
            for device in devices(config)
            if (model := model_of(device, family)).needs is not None
        ]

    def run(self) -> None:
        """Reserve what is given, then place the rest."""
        for bridge in self._bridges:
            self._add_bus(bridge)
        for place, what in self._family.builtin.items():
            self._topology.reserve(place, what)
        for device in (*self._bridges, *(device for device, _ in self._devices)):
            self._keep(device)
        self._keep_builtin_controllers()
        self._place_video()
        for bridge in self._bridges:
            self._place(bridge, _BRIDGE_NEEDS[bridge.model or ""])
        for device, model in self._devices:
            self._place(device, model.needs or Connector.CONVENTIONAL, model.driver)
        self._topology.ensure_free_port()
        for added in self._topology.added:
            self._config.controllers.append(_controller(added))
        self._finish_bridges()
        self._announce_functions()

    def _add_bus(self, bridge: Controller) -> None:
        model_of(bridge, self._family)
        with _blaming(bridge):
            self._topology.add_bus(bridge.index or 0, bridge.model or "")

    def _keep(self, device: Device) -> None:
        address = _given(device)
        if address is not None:
            port = isinstance(device, Controller) and device.model == "pcie-root-port"
            shared = port and bool(address.multifunction)
            with _blaming(device):
                self._topology.reserve(address, _name(device), root_port=shared)

    def _keep_builtin_controllers(self) -> None:
        """Write down where the machine has its own disk controller, as libvirt does."""
        for controller in self._config.controllers:
            place = _BUILTIN_PLACES.get((self._family.name, controller.type or ""))
            if place and is_builtin(controller, self._family) and controller.address is None:
                controller.address = place

    def _place_video(self) -> None:
        """The primary display has a place of its own, kept free when there is none."""
        place = self._family.video_place
        if place is None or not self._topology.is_free(place):
            return
        primary = next((v for v in self._config.videos if v.model.primary), None)
        if primary is not None and self._wants_place(primary):
            primary.address = place
        self._topology.reserve(place, "the primary display")

    def _wants_place(self, device: Device) -> bool:
        return model_of(device, self._family).needs is not None and _given(device) is None

    def _place(self, device: Device, needs: Connector, driver: str = "") -> None:
        if _given(device) is None:
            with _blaming(device):
                place = self._customary(device, driver)
                device.address = place or self._topology.allocate(needs, _name(device))

    def _customary(self, device: Device, driver: str) -> PciAddress | None:
        root = self._family.pci_root or ""
        place = _CUSTOMARY.get((root, driver))
        if isinstance(device, Controller) and device.model in _ICH9_FUNCTIONS:
            place = PciAddress(slot=_ICH9_SLOT, function=_ICH9_FUNCTIONS[device.model])
        if place is None or not self._topology.has_room(place):
            return None
        self._topology.reserve(place, _name(device))
        return place

    def _finish_bridges(self) -> None:
        for bridge in controllers_of(self._config, "pci"):
            if bridge.index:
                _finish_bridge(bridge)

    def _announce_functions(self) -> None:
        """Function 0 of a slot with further functions must say so, or QEMU refuses them."""
        placed = {
            (address.bus, address.slot, address.function): (device, address)
            for device in self._config.devices.all()
            if isinstance(address := device.address, PciAddress)
        }
        for bus, slot, function in placed:
            first = placed.get((bus, slot, 0))
            if function and first is not None:
                device, address = first
                device.address = replace(address, multifunction=True)
        for orphan, who in self._topology.orphans():
            raise ConfigError(
                f"{who} has the PCI address {orphan}, but nothing has function 0 of that slot",
                field="address",
            )


_BUILTIN_PLACES: Final = {
    ("pc", "ide"): PciAddress(slot=1, function=1),
    ("q35", "sata"): PciAddress(slot=0x1F, function=2),
}


def _given(device: Device) -> PciAddress | None:
    address = device.address
    return address if isinstance(address, PciAddress) and not address.is_unassigned else None


@contextmanager
def _blaming(device: Device) -> Iterator[None]:
    """What the topology finds wrong is told with the device's place in the document."""
    try:
        yield
    except ConfigError as error:
        raise Device.address.error(device, str(error)) from error


def _name(device: Device) -> str:
    if isinstance(device, Controller):
        return f"the {device.type} controller {device.index}"
    if isinstance(device, Video):
        return f"the {device.model.type} display"
    return f"a {device.kind}"


def _controller(added: AddedBus) -> Controller:
    return Controller(type="pci", index=added.index, model=added.model, address=added.address)


def _finish_bridge(bridge: Controller) -> None:
    """Chassis and port numbers must differ between bridges: they follow index and place."""
    model, target = bridge.model or "", bridge.target
    if bridge.model_name is None:
        bridge.model_name = PCI_CONTROLLERS[model]
    address = bridge.address
    if model == "pcie-root-port" and isinstance(address, PciAddress):
        if target.chassis is None:
            target.chassis = bridge.index
        if target.port is None:
            target.port = hex(address.slot << 3 | address.function)
    elif model == "pci-bridge" and target.chassis_nr is None:
        target.chassis_nr = bridge.index
