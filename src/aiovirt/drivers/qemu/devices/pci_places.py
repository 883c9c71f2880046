"""PCI addresses of a domain's devices, and the bridges and ports they need.

The order in which places are given is libvirt's (qemuDomainAssignDevicePCISlots), so that a
domain looks alike under both.  What the configuration says is kept.  There are two rounds: the
first finds out which buses there must be, the second gives each device its place on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NamedTuple

from aiovirt.config import Controller, Device, Disk, DomainConfig, Video
from aiovirt.drivers.qemu.devices.controllers import is_usb2
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import is_builtin, model_of
from aiovirt.drivers.qemu.devices.models import Model
from aiovirt.drivers.qemu.devices.order import disks_in_order
from aiovirt.drivers.qemu.devices.pci import Connector, Topology
from aiovirt.errors import ConfigError
from aiovirt.model.addresses import CcwAddress, DeviceAddress, MmioAddress, PciAddress

__all__ = ["assign_pci"]

# Places that a model has by custom, tried first, in a machine's family.
_CUSTOMARY: Final[dict[tuple[str, str], tuple[PciAddress, ...]]] = {
    ("pc", "piix3-usb-uhci"): (PciAddress(slot=1, function=2),),
    ("q35", "ich9-usb-uhci1"): (PciAddress(slot=0x1D), PciAddress(slot=0x1A)),
    ("q35", "i82801b11-bridge"): (PciAddress(slot=0x1E),),
    ("q35", "ich9-intel-hda"): (PciAddress(slot=0x1B),),
}
_ICH9_FUNCTIONS: Final = {
    "ich9-ehci1": 7,
    "ich9-uhci1": 0,
    "ich9-uhci2": 1,
    "ich9-uhci3": 2,
}
_BUILTIN_PLACES: Final = {
    ("pc", "ide"): PciAddress(slot=1, function=1),
    ("q35", "sata"): PciAddress(slot=0x1F, function=2),
}
_ORDER: Final = (
    *("filesystem", "interface", "sound", "controller", "disk", "hostdev", "memballoon", "rng"),
    *("watchdog", "video", "shmem", "input", "serial", "iommu", "vsock", "memory", "crypto"),
    "panic",
)
"""The kinds of device in the order in which they are given places."""


def assign_pci(config: DomainConfig, family: Family) -> None:
    """Give each PCI device its address.

    Raises:
        XMLError: Two devices have the same place, or a place does not exist.
    """
    if family.pci_root is None:
        return
    layout = _layout(config, family)
    first = _Round(layout, family, grows=True)
    missing = list(_missing(first))
    last = first
    if missing or first.keeps_slot:
        config.controllers.extend(missing)
        last = _Round(_layout(config, family) if missing else layout, family, grows=False)
        last.run()
    last.write(config.controllers)


def _missing(first: _Round) -> Iterator[Controller]:
    """The controllers that a round has added."""
    for index, model in first.run().items():
        if index and index not in first.known:
            yield Controller(type="pci", index=index, model=model)


class _Sitting(NamedTuple):
    """A device of PCI, what it is, and the place that the configuration gives it, if any."""

    device: Device
    model: Model
    given: PciAddress | None


class _Layout(NamedTuple):
    """What a configuration says of PCI, read once.

    Attributes:
        bridges: The controllers that bring a bus, each with its number and its model's word.
        sitting: The devices in the order in which they are given places.
    """

    bridges: Sequence[tuple[Controller, int, str]]
    sitting: Sequence[_Sitting]


def _layout(config: DomainConfig, family: Family) -> _Layout:
    controllers = list(config.controllers)
    bridges = [
        (each, index, each.model or "")
        for each in controllers
        if each.type == "pci" and (index := each.index)
    ]
    sitting: list[_Sitting] = []
    for device in _in_order(config, controllers):
        model = model_of(device, family)
        address = device.address if model.needs is not None else None
        if model.needs is not None and not isinstance(address, MmioAddress | CcwAddress):
            sitting.append(_Sitting(device, model, _given(address)))
    return _Layout(bridges, sitting)


class _Round:
    """One round over the devices of one domain; nothing is written before `write`."""

    def __init__(self, layout: _Layout, family: Family, *, grows: bool) -> None:
        self._family = family
        self._grows = grows
        self._topology = Topology(family.pci_root or "", grows=grows, bridge=family.pci_grows)
        self._bridges, self._sitting = layout
        self._places: dict[int, tuple[Device, PciAddress]] = {}
        self.known = {index for _, index, _ in self._bridges}
        self.keeps_slot = grows and not self._topology.express
        """Whether what it places may have to make room for what is plugged in later."""

    def run(self) -> dict[int, str]:
        """Reserve what is given, then place the rest; the models of all buses by index."""
        for bridge, index, word in self._bridges:
            with _blaming(bridge):
                self._topology.add_bus(index, word)
        self._topology.fill_gaps()
        for place, what in self._family.builtin.items():
            self._topology.reserve(place, what)
        for each in self._sitting:
            self._keep(each)
        free = [each for each in self._sitting if each.given is None]
        for device, model, _ in free:
            self._place_by_custom(device, model)
        if self.keeps_slot:
            self._topology.keep_slot()
        for device, model, _ in free:
            self._place(device, model)
        if self._grows and self._topology.express and self._has_grown_at_will():
            self._topology.keep_slot()
        return self._topology.models

    def _has_grown_at_will(self) -> bool:
        """Whether ports were added to a domain that names none: then one more is for hot-plug."""
        return not self.known and len(self._topology.models) > 1

    def _keep(self, sitting: _Sitting) -> None:
        device, model, address = sitting
        if address is not None:
            with _blaming(device):
                shared = model.needs is Connector.ROOT_PORT
                self._topology.reserve(address, _name(device), root_port=shared)
            self._places[id(device)] = device, address

    def _place_by_custom(self, device: Device, model: Model) -> None:
        for place in self._customary(device, model):
            free = self._topology.has_room if place.function else self._topology.is_free
            if free(place):
                self._take(device, place)
                return
        if isinstance(device, Video) and self._is_primary(device):
            self._place(device, model)  # wherever, but before all others

    def _customary(self, device: Device, model: Model) -> tuple[PciAddress, ...]:
        if isinstance(device, Video) and self._is_primary(device):
            place = self._family.video_place
            return () if place is None else (place,)
        return _CUSTOMARY.get((self._family.name, model.driver), ())

    def _is_primary(self, video: Video) -> bool:
        return bool(video.model.primary) and self._family.video_place is not None

    def _place(self, device: Device, model: Model) -> None:
        if id(device) in self._places:
            return
        with _blaming(device):
            needs, function = model.needs or Connector.CONVENTIONAL, 0
            if isinstance(device, Controller) and is_usb2(device):
                function = _ICH9_FUNCTIONS[device.model or ""]
                slot = self._slot_of_companions(device)
                if slot is not None:
                    self._take(device, replace(slot, function=function))
                    return
            place = self._topology.allocate(needs, _name(device), function=function)
            self._places[id(device)] = device, place

    def _slot_of_companions(self, controller: Controller) -> PciAddress | None:
        places = (
            replace(place, multifunction=None)
            for device, place in self._places.values()
            if isinstance(device, Controller)
            and is_usb2(device)
            and device.index == controller.index
        )
        return next(places, None)

    def _take(self, device: Device, place: PciAddress) -> None:
        with _blaming(device):
            self._topology.reserve(place, _name(device))
        self._places[id(device)] = device, place

    def write(self, controllers: Iterable[Controller]) -> None:
        """Write each device's place down, and where the machine has its own disk controller."""
        by_slot = {
            (place.bus, place.slot, place.function): (device, place)
            for device, place in self._places.values()
        }
        for bus, slot, function in list(by_slot):
            first = by_slot.get((bus, slot, 0))
            if function and first is not None and first[1].multifunction is None:
                # function 0 of a slot with further functions must say so, or QEMU refuses them
                by_slot[bus, slot, 0] = first[0], replace(first[1], multifunction=True)
        given = {id(each.device): each.given for each in self._sitting}
        for device, place in by_slot.values():
            if given[id(device)] != place:
                device.address = place
        self._refuse_orphans()
        for controller in controllers:
            own = _BUILTIN_PLACES.get((self._family.name, controller.type or ""))
            if own and is_builtin(controller, self._family) and controller.address is None:
                controller.address = own

    def _refuse_orphans(self) -> None:
        for orphan, who in self._topology.orphans():
            raise ConfigError(
                f"{who} has the PCI address {orphan}, but nothing has function 0 of that slot",
                field="address",
            )


def _in_order(config: DomainConfig, controllers: list[Controller]) -> Iterator[Device]:
    """The devices in the order in which they are given places: PCI's own controllers first."""
    yield from (c for c in controllers if c.type == "pci")
    found: dict[str, list[Device]] = {kind: [] for kind in _ORDER}
    for device in config.devices.all():
        if device.kind in found and not isinstance(device, Controller | Disk):
            found[device.kind].append(device)
    found["disk"] += disks_in_order(config.disks)
    found["controller"] += [c for c in controllers if c.type != "pci"]
    for devices in found.values():
        yield from devices


def _given(address: DeviceAddress | None) -> PciAddress | None:
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
