"""Controllers: PCI bridges and ports first, then what devices sit on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import Controller
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.drivers.qemu.devices.controllers import controllers_of, is_companion
from aiovirt.drivers.qemu.devices.lookup import is_builtin, model_of
from aiovirt.drivers.qemu.devices.models import PCI_CONTROLLERS
from aiovirt.model.addresses import PciAddress

__all__ = ["controllers"]

_KINDS: Final = ("usb", "scsi", "sata", "virtio-serial", "fdc")
_MASTERS: Final = "ich9-ehci1"


def controllers(guest: Guest) -> Iterator[str]:
    """All controllers that the machine does not bring along, each after what it is plugged into.

    A bridge is always plugged into one with a lower bus, or with one that was added before it.
    """
    for bridge in _plugged_in_order(guest):
        yield from ("-device", _bridge(guest, bridge))
    for kind in _KINDS:
        for controller in _masters_first(controllers_of(guest.config, kind)):
            if model_of(controller, guest.family).driver:
                yield from ("-device", guest.device(controller, _props(guest, controller)))


def _plugged_in_order(guest: Guest) -> list[Controller]:
    waiting = [c for c in controllers_of(guest.config, "pci") if not is_builtin(c, guest.family)]
    there, ordered = {0}, []
    while waiting:
        ready = [c for c in waiting if isinstance(c.address, PciAddress) and c.address.bus in there]
        if not ready:
            raise Controller.address.error(
                waiting[0], "the PCI controller is plugged into itself, or into none that is there"
            )
        ordered += ready
        there |= {c.index or 0 for c in ready}
        waiting = [c for c in waiting if c.index not in there]
    return ordered


def _bridge(guest: Guest, bridge: Controller) -> str:
    address, target = bridge.address, bridge.target
    place = guest.pci_place(address) if isinstance(address, PciAddress) else {}
    port = int(target.port, 0) if target.port else None
    on_port = bridge.model == "pcie-root-port"
    return as_json(
        {
            "driver": PCI_CONTROLLERS[bridge.model or ""],
            "port": port if on_port else None,
            "chassis": target.chassis if on_port else None,
            "chassis_nr": target.chassis_nr,
            "hotplug": target.hotplug,
            "id": bridge.alias,
            **place,
        }
    )


def _masters_first(found: list[Controller]) -> list[Controller]:
    """Companions of a USB 2 controller name it, so it must be there before them."""
    return sorted(found, key=lambda c: (c.index or 0, c.model != _MASTERS))


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
