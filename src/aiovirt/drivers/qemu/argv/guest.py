"""What every part of the command line is made from, and the names of buses in QEMU's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from aiovirt.config import BootDevice, Controller, Device, DomainConfig, Hostdev, Interface
from aiovirt.drivers.qemu.argv.overrides import overridden
from aiovirt.drivers.qemu.argv.resources import Resources
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.devices.controllers import is_companion
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.models import Model, driver_of
from aiovirt.drivers.qemu.devices.naming import alias_of
from aiovirt.drivers.qemu.devices.order import disks_in_order
from aiovirt.drivers.qemu.devices.places import transports
from aiovirt.model.addresses import CcwAddress, MmioAddress, PciAddress

__all__ = ["Guest"]


@dataclass(frozen=True)
class Guest:
    """A completed configuration with aliases, the binary that runs it, and its resources.

    Attributes:
        config: The configuration.
        binary: What QEMU can do.
        resources: What the host has made for it.
        family: What its machine is.
        runs: Whether it runs already: who comes now has no place in the boot order of kinds.
    """

    config: DomainConfig
    binary: BinaryCapabilities
    resources: Resources
    family: Family
    runs: bool = False

    @cached_property
    def mmio(self) -> bool:
        """Whether virtio devices are on virtio-mmio instead of PCI."""
        return self.family.transport == "mmio"

    @cached_property
    def controllers(self) -> Mapping[str, Sequence[tuple[int, Controller]]]:
        """The controllers of each type, each with its index, in the order of the indexes."""
        found: defaultdict[str, list[tuple[int, Controller]]] = defaultdict(list)
        for controller in self.config.controllers:
            found[controller.type or ""].append((controller.index or 0, controller))
        return {kind: sorted(each, key=itemgetter(0)) for kind, each in found.items()}

    @cached_property
    def _buses(self) -> Mapping[tuple[str, int], str | None]:
        own = {("pci", 0): self.family.root_bus}
        own |= {(kind, 0): bus for kind, bus in self.family.builtin_controllers.items() if bus}
        own |= {
            ("pci", index): f"{root.alias}.0"
            for index, root in self.controllers.get("pci", ())
            if index and root.model == "pci-root"
        }
        return {
            (kind, index): own.get((kind, index), controller.alias)
            for kind, found in self.controllers.items()
            for index, controller in found
            if not is_companion(controller)
        }

    @cached_property
    def _mmio_buses(self) -> Mapping[str, int]:
        """The transport of each virtio device, by alias, in the order of the document."""
        if not self.mmio:
            return {}
        virtio = (d for d in self.config.devices.all() if model_of(d, self.family).virtio)
        places = transports(self.config)
        return {device.alias or "": place for place, device in zip(places, virtio, strict=False)}

    def bus_of(self, kind: str, index: int) -> str:
        """The alias of a controller, which is the stem of its buses' names in QEMU.

        Raises:
            XMLError: There is no such controller.
        """
        if (kind, index) not in self._buses:
            raise DomainConfig.controllers.error(
                self.config, f"there is no {kind} controller with index {index}"
            )
        return self._buses[kind, index] or f"{kind}{index}"

    def device(
        self,
        device: Device,
        props: Mapping[str, object],
        *,
        bus: bool = True,
        boot: bool = True,
    ) -> str:
        """The JSON of a ``-device`` with its driver, id, place and boot order.

        Args:
            device: The configured device; its model says the driver.
            props: Further properties, those that are None left out.
            bus: Whether the place on PCI or virtio-mmio is to be told.
            boot: Whether its place in the boot order is.
        """
        model = model_of(device, self.family)
        place = self.place(device, model) if bus else {}
        named = {
            "driver": driver_of(model, self._transport(device)),
            "id": alias_of(device),
            **place,
            "bootindex": self.boot_index(device) if boot else None,
        }
        said = {**named, **props, **_firmware_of(device)}
        return as_json(overridden(self.config, alias_of(device) or "", said))

    def _transport(self, device: Device) -> str:
        """What a virtio device is on: as all of the machine, unless its address says otherwise."""
        said = {MmioAddress: "mmio", PciAddress: "pci"}
        return said.get(type(device.address), self.family.transport)

    def place(self, device: Device, model: Model) -> dict[str, object]:
        """The properties ``bus`` and ``addr`` of a device on PCI or virtio-mmio."""
        if model.virtio and self.mmio:
            return {"bus": f"virtio-mmio-bus.{self._mmio_buses[device.alias or '']}"}
        address = device.address
        if isinstance(address, CcwAddress):
            numbers = (address.cssid or 0, address.ssid or 0, address.devno or 0)
            return {"devno": "{:x}.{:x}.{:04x}".format(*numbers)}
        if model.virtio and isinstance(address, MmioAddress):
            return {}
        if model.needs is None and not isinstance(address, PciAddress):
            return {}
        if not isinstance(address, PciAddress):
            raise Device.address.error(device, "the device has no PCI address")
        return self.pci_place(address)

    def pci_place(self, address: PciAddress) -> dict[str, object]:
        """A PCI address as properties."""
        function = f".{address.function:#x}" if address.function else ""
        return {
            "bus": self.bus_of("pci", address.bus),
            "multifunction": address.multifunction,
            "addr": f"{address.slot:#x}{function}",
        }

    @cached_property
    def _boot_by_kind(self) -> Mapping[str, int]:
        """The boot index of the first device of each kind, when no device has its own order.

        Only the first device of a kind is booted from, as in libvirt (qemuBuildBootIndexes).
        """
        if self.runs or any(_order(device) is not None for device in self.config.devices.all()):
            return {}
        order = {kind: place for place, kind in enumerate(self.config.os.boot, start=1)}
        found: dict[str, int] = {}
        for kind, device in _boot_devices(self.config):
            if kind in order:
                found.setdefault(device.alias or "", order.pop(kind))
        return found

    def boot_index(self, device: Device) -> int | None:
        """The device's place in the boot order, or None."""
        order = _order(device)
        return self._boot_by_kind.get(device.alias or "") if order is None else order


def _firmware_of(device: Device) -> dict[str, object]:
    """Whether the guest finds a ROM on a device, which, and its number in ACPI's tables."""
    said: dict[str, object] = {}
    if isinstance(device, Hostdev | Interface) and device.rom:
        rom = device.rom
        bar = None if rom.bar is None else int(rom.bar)
        said = {"rombar": bar, "romfile": "" if rom.enabled is False else rom.file}
    return {**said, "acpi-index": device.acpi_index}


def _order(device: Device) -> int | None:
    return device.boot_order if isinstance(device, BootDevice) else None


_BOOT_KINDS = {"disk": "hd", "lun": "hd", "cdrom": "cdrom", "floppy": "fd"}


def _boot_devices(config: DomainConfig) -> list[tuple[str, Device]]:
    found: list[tuple[str, Device]] = []
    disks = disks_in_order(config.disks)
    found += [(_BOOT_KINDS.get(disk.device or "disk", ""), disk) for disk in disks]
    found += [("network", interface) for interface in config.interfaces]
    return found
