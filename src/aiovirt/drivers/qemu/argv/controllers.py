"""Controllers: PCI bridges and ports first, then what devices sit on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from aiovirt.config import Controller
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.drivers.qemu.devices.controllers import is_companion
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.models import PCI_CONTROLLERS
from aiovirt.model.addresses import PciAddress

__all__ = ["controllers"]

_KINDS: Final = ("usb", "scsi", "sata", "virtio-serial", "fdc")


def controllers(guest: Guest) -> Iterator[str]:
    """All controllers that the machine does not bring along, each after what it is plugged into.

    Raises:
        XMLError: A PCI controller is plugged into none that is there.
    """
    for bridge, address in _plugged_in_order(guest):
        yield from ("-device", _bridge(guest, bridge, address))
    for kind in _KINDS:
        for controller in _masters_first(guest.controllers.get(kind, ())):
            if model_of(controller, guest.family).driver:
                yield from ("-device", guest.device(controller, _props(guest, controller)))


def _plugged_in_order(guest: Guest) -> Iterator[tuple[Controller, PciAddress]]:
    waiting = {
        index: (controller, address)
        for index, controller in guest.controllers.get("pci", ())
        if index and isinstance(address := controller.address, PciAddress)
    }
    there = {0}
    while waiting:
        ready = [index for index, (_, address) in waiting.items() if address.bus in there]
        if not ready:
            lost = next(iter(waiting.values()))[0]
            raise Controller.address.error(
                lost, "the PCI controller is plugged into itself, or into none that is there"
            )
        yield from (waiting.pop(index) for index in ready)
        there.update(ready)


def _bridge(guest: Guest, bridge: Controller, address: PciAddress) -> str:
    target, model = bridge.target, bridge.model or ""
    props: dict[str, object] = {"driver": PCI_CONTROLLERS[model]}
    if model == "pcie-root-port":
        port = target.port
        props |= {"port": int(port, 0) if port else None, "chassis": target.chassis}
        props["hotplug"] = target.hotplug
    elif model == "pci-bridge":
        props["chassis_nr"] = target.chassis_nr
    return as_json({**props, "id": bridge.alias, **guest.pci_place(address)})


def _masters_first(found: Sequence[tuple[int, Controller]]) -> list[Controller]:
    """Companions of a USB 2 controller name it, so it must be there before them."""
    ordered = sorted(found, key=lambda each: (each[0], is_companion(each[1])))
    return [controller for _, controller in ordered]


def _props(guest: Guest, controller: Controller) -> dict[str, object]:
    build = _PROPS.get(controller.type or "")
    return build(guest, controller) if build else {}


def _usb(guest: Guest, controller: Controller) -> dict[str, object]:
    ports = controller.ports if "xhci" in (controller.model or "") else None
    props: dict[str, object] = {"p2": ports, "p3": ports}
    if is_companion(controller):
        master = guest.bus_of("usb", controller.index or 0)
        props |= {"masterbus": f"{master}.0", "firstport": controller.startport or 0}
    return props


def _scsi(_guest: Guest, controller: Controller) -> dict[str, object]:
    driver = controller.driver
    return {
        "num_queues": driver.queues,
        "cmd_per_lun": driver.cmd_per_lun,
        "max_sectors": driver.max_sectors,
        "ioeventfd": driver.ioeventfd,
        "iothread": f"iothread{driver.iothread}" if driver.iothread else None,
        "packed": driver.packed,
    }


def _virtio_serial(guest: Guest, controller: Controller) -> dict[str, object]:
    vectors = None if guest.mmio else controller.vectors
    return {"max_ports": controller.ports, "vectors": vectors}


_PROPS: Final = {"usb": _usb, "scsi": _scsi, "virtio-serial": _virtio_serial}
