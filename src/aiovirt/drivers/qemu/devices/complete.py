"""Completing a configuration: the steps, in the order in which each needs the one before."""

from __future__ import annotations

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.devices.controllers import add_controllers, number_controllers
from aiovirt.drivers.qemu.devices.defaults import fill_devices
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.machine import settle_domain
from aiovirt.drivers.qemu.devices.pci_places import assign_pci
from aiovirt.drivers.qemu.devices.places import (
    assign_drives,
    assign_serial_ports,
    assign_usb_ports,
    check_transports,
)
from aiovirt.drivers.qemu.devices.refusals import refuse_unsupported

__all__ = ["complete"]


def complete(config: DomainConfig, binary: BinaryCapabilities) -> None:
    """Fill in everything libvirt would fill in when a domain is defined, in place.

    Afterwards each device has its place, and completing again changes nothing.  A configuration
    that is refused may be left half completed: hand in a copy.

    Raises:
        XMLError: Something in it cannot be done; the error names the element and its line.
    """
    config.check()
    refuse_unsupported(config)
    family = settle_domain(config, binary)
    fill_devices(config, family)
    assign_drives(config)
    assign_serial_ports(config)
    number_controllers(config)
    add_controllers(config, family)
    for controller in config.controllers:
        if controller.model is None and controller.type == "usb":
            controller.model = family.usb_model
    for device in config.devices.all():
        model_of(device, family)
    assign_usb_ports(config, family)
    assign_pci(config, family)
    check_transports(config, family)
