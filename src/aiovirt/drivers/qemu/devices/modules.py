"""Slots of memory modules, and places of smartcards and SCSI devices of the host."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from lxml import etree

from aiovirt.config import Device, DomainConfig, Node, element
from aiovirt.model.addresses import CcidAddress, DriveAddress

__all__ = ["IN_SLOTS", "assign_cards", "assign_host_drives", "assign_slots"]

IN_SLOTS: Final = ("dimm", "nvdimm")
"""The models of memory that sits in a slot, of which ACPI tells the guest."""
_UNITS = 7


def _devices(config: DomainConfig, kind: str) -> Iterator[tuple[Device, Node]]:
    for device in config.devices.all():
        node = element(device)
        if device.kind == kind and node is not None:
            yield device, node


def assign_slots(config: DomainConfig) -> None:
    """Give each memory module a slot."""
    modules = [node for _, node in _devices(config, "memory") if node.get("model") in IN_SLOTS]
    taken = {int(slot, 0) for node in modules if (slot := _slot(node)) is not None}
    free = (number for number in itertools.count() if number not in taken)
    for node in modules:
        if _slot(node) is None:
            address = node.find("address")
            if address is None:
                address = etree.SubElement(node, "address", {"type": "dimm"})
            address.set("slot", str(next(free)))


def _slot(node: Node) -> str | None:
    address = node.find("address")
    return None if address is None else address.get("slot")


def assign_cards(config: DomainConfig) -> None:
    """Give each smartcard a slot of a reader."""
    taken = {device.address for device, _ in _devices(config, "smartcard")}
    free = (p for n in itertools.count() if (p := CcidAddress(slot=n)) not in taken)
    for device, _ in _devices(config, "smartcard"):
        if not isinstance(device.address, CcidAddress):
            device.address = next(free)


def assign_host_drives(config: DomainConfig) -> None:
    """Give each SCSI device of the host a unit; those of the disks are taken."""
    taken = {disk.address for disk in config.disks if disk.target.bus == "scsi" and disk.address}
    found = [d for d, node in _devices(config, "hostdev") if node.get("type") == "scsi"]
    taken |= {device.address for device in found if device.address}
    free = (
        place
        for controller in itertools.count()
        for unit in range(_UNITS)
        if (place := DriveAddress(controller=controller, unit=unit)) not in taken
    )
    for device in found:
        if not isinstance(device.address, DriveAddress):
            device.address = next(free)
