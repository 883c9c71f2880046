"""Devices in a domain's document: as on all hosts, and filled in as this one does it."""

from __future__ import annotations

from aiovirt.config import Device, DomainConfig, View
from aiovirt.drivers.common import devices
from aiovirt.drivers.common.devices import find_device as find
from aiovirt.drivers.common.devices import remove_device as remove
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.test.domains.completing import settle_devices
from aiovirt.drivers.test.domains.living import by_alias

__all__ = ["add", "find", "find_alias", "parsed", "remove", "replace"]


def parsed(config: DomainConfig, device: View | str) -> Device:
    """The device that a view or an XML is, as one of a domain of this type.

    Raises:
        ConfigError: It is wrong, or no device.
    """
    return devices.device_of(device, config.type or "")


def add(config: DomainConfig, device: Device) -> Device:
    """Add a device, and fill in what it leaves open; it is that of the document then.

    Raises:
        AlreadyExists: There is one at its place.
        XMLError: It is wrong.
    """
    devices.check_new(config, device)
    return _settled(config, devices.add_device(config, device))


def find_alias(config: DomainConfig, alias: str) -> Device:
    """The device of that name.

    Raises:
        NotFound: There is none.
    """
    found = by_alias(config, alias)
    if found is None:
        raise devices.missing(f"domain {config.name!r} has no device {alias!r}")
    return found


def replace(config: DomainConfig, old: Device, new: Device) -> Device:
    """Put a device in the place of one; its address and its name stay.

    Raises:
        XMLError: The new one is wrong.
    """
    return _settled(config, devices.replace_device(config, old, new))


def _settled(config: DomainConfig, device: Device) -> Device:
    node = node_of(device)
    settle_devices(config)
    config.check()
    return next(each for each in config.devices.all() if node_of(each) is node)
