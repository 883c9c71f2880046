"""What of a machine's devices a definition changes: those that come, go, or are changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from aiovirt.config import Device, DomainConfig, Interface
from aiovirt.drivers.common.devices import parts_unlike
from aiovirt.drivers.common.vmx.cards import network_of
from aiovirt.drivers.esx.cabling import cable_to
from aiovirt.drivers.esx.devices import devices_of
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.plugging import Cable, Plan
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import Unsupported
from aiovirt.protocols.vsphere.tables.devices import VirtualDeviceConfigSpec

__all__ = ["PLUGGABLE", "device_changes"]

PLUGGABLE: Final = ("ethernet", "scsi", "sata", "nvme", "ide", "floppy", "serial")
"""How the keys of devices begin that are plugged one by one."""


async def device_changes(
    session: Session, machine: Machine, old: DomainConfig, new: DomainConfig
) -> tuple[VirtualDeviceConfigSpec, ...] | None:
    """What the server is told, so that the devices of one domain become those of another.

    Returns None where something cannot be said so.

    Raises:
        ConfigError: Something of a device is wrong.
        NotFound: There is no such network.
    """
    before, after = _known(old), _known(new)
    cards = [each for each in after.values() if isinstance(each, Interface)]
    cable = await _cables(session, machine, cards)
    plan = Plan(machine.name, await devices_of(session, machine), cable)
    try:
        for place, device in before.items():
            if place not in after:
                plan.detach(device)
        for place, device in after.items():
            if place not in before:
                plan.attach(device)
            elif parts_unlike(before[place], device):
                plan.update(device)
    except Unsupported:
        return None
    return tuple(plan.changes)


def _known(config: DomainConfig) -> Mapping[tuple[str, object], Device]:
    """The devices by what each is known by: a target, an address, a number."""
    found: dict[tuple[str, object], Device] = {}
    for disk in config.disks:
        found["disk", disk.target.dev] = disk
    for number, card in enumerate(config.interfaces):
        found["interface", str(card.mac) if card.mac else number] = card
    for number, port in enumerate(config.serials):
        found["serial", number if port.target.port is None else port.target.port] = port
    return found


async def _cables(session: Session, machine: Machine, cards: Iterable[Interface]) -> Cable:
    made = {}
    for card in cards:
        if card.type != "vds":
            name = network_of(card)
            if name is not None:
                made[name] = await cable_to(session, machine, card)
    return lambda name: made[name](name)
