"""PCI controllers: QEMU's name of each, and the numbers by which the guest tells them apart."""

from __future__ import annotations

import itertools
from typing import Final

from aiovirt.config import Controller, DomainConfig
from aiovirt.drivers.qemu.devices.controllers import controllers_of
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.model.addresses import PciAddress

__all__ = ["finish_bridges"]

_BUSES: Final = 256


def finish_bridges(config: DomainConfig, family: Family) -> None:
    """Say of each PCI controller what it leaves open.

    Chassis and port numbers must differ between bridges: they follow index and place.

    Raises:
        XMLError: A bridge has a lower index than the bus it is plugged into.
    """
    bridges = [bridge for bridge in controllers_of(config, "pci") if bridge.index]
    _number_roots(config)
    for bridge in bridges:
        if bridge.model_name is None:
            bridge.model_name = model_of(bridge, family).driver
        if bridge.model == "pci-bridge":
            _check_above(bridge)
        finish = _FINISHES.get(bridge.model or "")
        if finish is not None:
            finish(bridge, bridges)


def _number_roots(config: DomainConfig) -> None:
    """Number the roots of PCI that are no bridges, in the order in which they are written."""
    roots = [c for c in config.controllers if c.type == "pci" and c.model == "pci-root" and c.index]
    taken = {root.target.index for root in roots}
    free = (number for number in itertools.count(1) if number not in taken)
    for root in roots:
        if root.target.index is None:
            root.target.index = next(free)


def _check_above(bridge: Controller) -> None:
    address = bridge.address
    if isinstance(address, PciAddress) and (bridge.index or 0) <= address.bus:
        raise Controller.address.error(
            bridge,
            f"the PCI controller {bridge.index} is on bus {address.bus}",
            expected="a bus with a lower index",
        )


def _number_chassis(bridge: Controller, _bridges: list[Controller]) -> None:
    if bridge.target.chassis_nr is None:
        bridge.target.chassis_nr = bridge.index


def _number_port(bridge: Controller, _bridges: list[Controller]) -> None:
    target, address = bridge.target, bridge.address
    if target.chassis is None:
        target.chassis = bridge.index
    if target.port is None and isinstance(address, PciAddress):
        on_switch = bridge.model == "pcie-switch-downstream-port"
        target.port = hex(address.slot if on_switch else address.slot << 3 | address.function)


def _number_bus(bridge: Controller, bridges: list[Controller]) -> None:
    """Two less than the lowest: an expander needs a number itself, and one for its bridge."""
    if bridge.target.bus_nr is None:
        taken = (other.target.bus_nr for other in bridges)
        lowest = min((number for number in taken if number is not None), default=_BUSES)
        bridge.target.bus_nr = lowest - 2


_FINISHES: Final = {
    "pci-bridge": _number_chassis,
    "pcie-root-port": _number_port,
    "pcie-switch-downstream-port": _number_port,
    "pci-expander-bus": _number_bus,
    "pcie-expander-bus": _number_bus,
}
