"""Controllers: PCI bridges and ports first, then what devices sit on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from aiovirt.config import Controller
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.virtio import virtio_props
from aiovirt.drivers.qemu.argv.words import as_json, on_off
from aiovirt.drivers.qemu.devices.controllers import is_companion
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.naming import alias_of
from aiovirt.drivers.qemu.devices.zpci import ZPCI, numbered
from aiovirt.model.addresses import PciAddress, SpaprVioAddress

__all__ = ["controllers", "functions"]

_KINDS: Final = ("usb", "scsi", "sata", "virtio-serial", "ccid")


def functions(guest: Guest) -> Iterator[str]:
    """The numbers of all PCI devices of S/390, each told before the device itself is there."""
    for device in numbered(guest.config, guest.family):
        uid, alias = device.zpci_uid, alias_of(device)
        said = {"driver": ZPCI, "uid": uid, "fid": device.zpci_fid, "target": alias}
        yield from ("-device", as_json({**said, "id": f"zpci{uid}"}))


def controllers(guest: Guest) -> Iterator[str]:
    """All controllers that the machine does not bring along, each after what it is plugged into.

    Raises:
        XMLError: A PCI controller is plugged into none that is there.
    """
    for _, root in _roots(guest):
        yield from ("-device", _root(guest, root))
    for bridge, address in _plugged_in_order(guest):
        yield from ("-device", _bridge(guest, bridge, address))
    for kind in _KINDS:
        for controller in _masters_first(guest.controllers.get(kind, ())):
            if model_of(controller, guest.family).driver:
                yield from ("-device", guest.device(controller, _props(guest, controller)))
    yield from _chipset(guest)


def _chipset(guest: Guest) -> Iterator[str]:
    """What the machine's own controllers are told: room for large devices, hot-plug, SMM."""
    root = next((c for index, c in guest.controllers.get("pci", ()) if not index), None)
    host = _HOSTS.get(guest.family.name)
    if root is not None and host is not None:
        if root.pcihole64 is not None:
            size = -(-root.pcihole64 // 1024)
            yield from ("-global", f"{host}.pci-hole64-size={int(size)}K")
        if root.target.hotplug is not None and guest.family.name == "pc":
            word = on_off(root.target.hotplug)
            yield from ("-global", f"PIIX4_PM.acpi-root-pci-hotplug={word}")
    segment = guest.config.features.smm_tseg
    if segment is not None and guest.family.name == "q35":
        yield from ("-global", f"mch.extended-tseg-mbytes={int(segment) // 1024**2}")


_HOSTS: Final = {"pc": "i440FX-pcihost", "q35": "q35-pcihost"}


def _plugged_in_order(guest: Guest) -> Iterator[tuple[Controller, PciAddress]]:
    waiting = {
        index: (controller, address)
        for index, controller in guest.controllers.get("pci", ())
        if index and isinstance(address := controller.address, PciAddress)
    }
    there = {0, *(index for index, _ in _roots(guest))}
    while waiting:
        ready = [index for index, (_, address) in waiting.items() if address.bus in there]
        if not ready:
            lost = next(iter(waiting.values()))[0]
            raise Controller.address.error(
                lost, "the PCI controller is plugged into itself, or into none that is there"
            )
        yield from (waiting.pop(index) for index in ready)
        there.update(ready)


def _roots(guest: Guest) -> list[tuple[int, Controller]]:
    """The roots of PCI beside the machine's own."""
    found = guest.controllers.get("pci", ())
    return [(index, each) for index, each in found if index and each.model == "pci-root"]


def _root(guest: Guest, root: Controller) -> str:
    driver, target = model_of(root, guest.family).driver, root.target
    props = {"driver": driver, "index": target.index, "id": root.alias, "numa_node": target.node}
    return as_json(props)


def _bridge(guest: Guest, bridge: Controller, address: PciAddress) -> str:
    build = _BRIDGES.get(bridge.model or "")
    own = build(bridge) if build else {}
    driver = model_of(bridge, guest.family).driver
    return as_json({"driver": driver, **own, "id": bridge.alias, **guest.pci_place(address)})


def _port(bridge: Controller) -> dict[str, object]:
    target = bridge.target
    port = int(target.port, 0) if target.port else None
    return {"port": port, "chassis": target.chassis, "hotplug": target.hotplug}


def _expander(bridge: Controller) -> dict[str, object]:
    return {"bus_nr": bridge.target.bus_nr, "numa_node": bridge.target.node}


_BRIDGES: Final[dict[str, Callable[[Controller], dict[str, object]]]] = {
    "pcie-root-port": _port,
    "pcie-switch-downstream-port": _port,
    "pci-bridge": lambda bridge: {"chassis_nr": bridge.target.chassis_nr},
    "pci-expander-bus": _expander,
    "pcie-expander-bus": _expander,
}


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
        first = _FIRST_PORTS.get(controller.model or "", 0)
        start = controller.startport
        # its name is that of the whole controller
        props |= {
            "id": None,
            "masterbus": f"{master}.0",
            "firstport": first if start is None else start,
        }
    return props


_FIRST_PORTS: Final = {"ich9-uhci1": 0, "ich9-uhci2": 2, "ich9-uhci3": 4}


def _scsi(guest: Guest, controller: Controller) -> dict[str, object]:
    driver = controller.driver
    return {
        **_usual_place(guest, controller),
        "num_queues": driver.queues,
        "cmd_per_lun": driver.cmd_per_lun,
        "max_sectors": driver.max_sectors,
        "ioeventfd": driver.ioeventfd,
        "iothread": f"iothread{driver.iothread}" if driver.iothread else None,
        **virtio_props(driver),
    }


def _ccid(guest: Guest, controller: Controller) -> dict[str, object]:
    return usb_place(guest, controller)


def _usual_place(_guest: Guest, controller: Controller) -> dict[str, object]:
    address = controller.address
    return {"reg": address.reg} if isinstance(address, SpaprVioAddress) else {}


def _virtio_serial(guest: Guest, controller: Controller) -> dict[str, object]:
    vectors = None if guest.mmio else controller.vectors
    front_end = virtio_props(controller.driver)
    return {"max_ports": controller.ports, "vectors": vectors, **front_end}


_PROPS: Final = {"ccid": _ccid, "usb": _usb, "scsi": _scsi, "virtio-serial": _virtio_serial}
