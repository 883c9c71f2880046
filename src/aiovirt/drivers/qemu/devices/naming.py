"""The names of devices, also of those whose view has none: libvirt names these all the same."""

from __future__ import annotations

from lxml import etree

from aiovirt.config import Device, element

__all__ = ["alias_of", "name_device"]


def alias_of(device: Device) -> str | None:
    """The name of a device, or None as long as it has none."""
    node = element(device)
    alias = None if node is None else node.find("alias")
    return None if alias is None else alias.get("name")


def name_device(device: Device, name: str) -> None:
    """Give a device its name."""
    node = element(device)
    if node is None or "alias" in type(device)._fields_:
        device.alias = name
        return
    alias = node.find("alias")
    if alias is None:
        alias = etree.SubElement(node, "alias")
    alias.set("name", name)
