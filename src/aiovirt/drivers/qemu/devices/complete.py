"""Completing a configuration: the steps, in the order in which each needs the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.config import Controller, Device, DomainConfig
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.devices.bridges import finish_bridges
from aiovirt.drivers.qemu.devices.channels import assign_channels
from aiovirt.drivers.qemu.devices.controllers import (
    add_controllers,
    number_controllers,
    settle_controllers,
    sort_controllers,
)
from aiovirt.drivers.qemu.devices.defaults import fill_devices
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.machine import settle_domain
from aiovirt.drivers.qemu.devices.modules import (
    assign_cards,
    assign_host_drives,
    assign_slots,
)
from aiovirt.drivers.qemu.devices.pci_places import assign_pci
from aiovirt.drivers.qemu.devices.places import assign_drives, check_transports
from aiovirt.drivers.qemu.devices.refusals import refuse_unsupported
from aiovirt.drivers.qemu.devices.serial_places import assign_serial_ports
from aiovirt.drivers.qemu.devices.spapr import assign_registers
from aiovirt.drivers.qemu.devices.usb_places import assign_usb_ports
from aiovirt.drivers.qemu.devices.zpci import given_functions, number_functions

__all__ = ["complete", "settle_devices"]


_UNITS_OF: Final = (
    (assign_drives, "disk"),
    (assign_host_drives, "hostdev"),
    (assign_cards, "smartcard"),
    (assign_slots, "memory"),
)
"""What gives places on controllers, and the kind of devices that it gives them to."""


def complete(config: DomainConfig, binary: BinaryCapabilities) -> None:
    """Fill in everything libvirt would fill in when a domain is defined, in place.

    Afterwards each device has its place, and completing again changes nothing.  A configuration
    that is refused may be left half completed: hand in a copy.

    Raises:
        XMLError: Something in it cannot be done; the error names the element and its line.
    """
    config.check()
    refuse_unsupported(config)
    _settle(config, binary)


def _settle(config: DomainConfig, binary: BinaryCapabilities) -> None:
    """Fill in the same where all is known to be right but what has no place yet.

    Raises:
        XMLError: There is no place for it.
    """
    settle_devices(config, settle_domain(config, binary))


def settle_devices(
    config: DomainConfig, family: Family, fresh: Sequence[Device] | None = None
) -> None:
    """Fill in what devices leave open where the domain itself leaves nothing; as `complete`.

    Args:
        config: The configuration.
        family: What its machine is.
        fresh: Those of its devices that have come to it when it was complete; None for all.
    """
    changed = fresh is None or any(isinstance(each, Controller) for each in fresh)
    before = len(config.controllers)
    kinds = None if fresh is None else {each.kind for each in fresh}
    fill_devices(config, family, kinds)
    if changed:
        number_controllers(config)
        sort_controllers(config)
        settle_controllers(config, family)
    for assign, kind in _UNITS_OF:
        if kinds is None or kind in kinds:
            assign(config)
    devices = list(config.devices.all()) if fresh is None else fresh
    add_controllers(config, family, devices)
    assign_serial_ports(config)
    assign_registers(config)
    assign_channels(config, family)
    for device in devices:
        model_of(device, family)
    assign_usb_ports(config, family)
    given = given_functions(config, family)
    assign_pci(config, family)
    changed = changed or len(config.controllers) != before
    if changed:
        finish_bridges(config, family)
    number_functions(config, family, given)
    check_transports(config, family)
    if changed:
        sort_controllers(config)
