"""What a configuration may say that this driver cannot do: refused by name, never passed over.

A document may hold more than the views know, and the views know more than the driver builds.
What changes nothing for the guest or the host (a title, metadata, a hint) passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from aiovirt.config import (
    VCPU,
    DomainConfig,
    Node,
    OperatingSystem,
    OtherDevice,
    View,
    element,
    error_at,
)

__all__ = ["refuse_unsupported"]

# Elements of <domain> that the driver does, or that ask nothing of it.
_DOMAIN: Final = frozenset(
    {
        *("name", "uuid", "title", "description", "metadata", "resource"),
        *("memory", "currentMemory", "maxMemory", "memoryBacking", "vcpu", "iothreads", "cpu"),
        *("os", "features", "clock", "pm", "devices"),
        *("on_poweroff", "on_reboot", "on_crash"),
        "{http://libvirt.org/schemas/domain/qemu/1.0}commandline",
    }
)

# Kinds of device without a view that ask nothing of the host: where sound would be heard.
_HARMLESS: Final = frozenset({"audio"})

# Parts of an element that would otherwise be passed over, by the element's tag.
_PARTS: Final[dict[str, frozenset[str]]] = {
    "disk": frozenset({"auth", "encryption", "mirror", "transient"}),
    "source": frozenset({"auth", "cookies", "encryption", "reservations", "slices"}),
    "interface": frozenset({"bandwidth", "filterref", "teaming", "virtualport", "vlan"}),
}


def refuse_unsupported(config: DomainConfig) -> None:
    """Refuse what the driver would otherwise pass over.

    Raises:
        XMLError: The first such element, with its line.
    """
    for node, what in _unsupported(config):
        raise error_at(
            node,
            f"the QEMU driver cannot do <{etree.QName(node).localname}> {what}",
            hint="take it out of the configuration, or run the domain with libvirt",
        )
    if config.vcpu.cpuset or config.vcpu.placement == "auto":
        raise VCPU.cpuset.error(config.vcpu, "the QEMU driver pins no virtual CPUs")
    if config.os.smbios not in {None, "emulate"}:
        raise OperatingSystem.smbios.error(
            config.os, f"no SMBIOS from {config.os.smbios!r}", expected="emulate"
        )


def _unsupported(config: DomainConfig) -> Iterator[tuple[Node, str]]:
    yield from ((node, "for domains") for node in _children(config) if node.tag not in _DOMAIN)
    for device in config.devices.all():
        node = element(device)
        if node is None:
            continue
        if isinstance(device, OtherDevice) and device.kind not in _HARMLESS:
            yield node, "devices"
        for part in node.iter(*_PARTS):
            names = _PARTS[str(part.tag)]
            yield from ((each, f"of a {device.kind}") for each in part if each.tag in names)


def _children(view: View) -> list[Node]:
    node = element(view)
    return [] if node is None else list(node.iterchildren(etree.Element))
