"""What a configuration may say that this driver cannot do: refused by name, never passed over.

A document may hold more than the views know, and the views know more than the driver builds.
What changes nothing for the guest or the host (a title, metadata, a hint) passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from aiovirt.config import (
    DomainConfig,
    Node,
    OtherDevice,
    View,
    element,
    error_at,
)
from aiovirt.drivers.qemu.devices.kinds import KINDS

__all__ = ["refuse_unsupported"]

_QEMU: Final = ("capabilities", "deprecation", "override")

# Elements of <domain> that the driver does, or that ask nothing of it.
_DOMAIN: Final = frozenset(
    {
        *("name", "uuid", "title", "description", "metadata", "resource"),
        *("memory", "currentMemory", "maxMemory", "memoryBacking", "vcpu", "iothreads", "cpu"),
        *("cputune", "memtune", "blkiotune", "numatune"),
        *("os", "features", "clock", "pm", "devices"),
        *("on_poweroff", "on_reboot", "on_crash"),
        *("iothreadids", "numatune", "genid", "sysinfo", "idmap", "seclabel", "defaultiothread"),
        *("memtune", "blkiotune", "vcpus", "launchSecurity", "perf", "keywrap"),
        *(f"{{http://libvirt.org/schemas/domain/qemu/1.0}}{word}" for word in _QEMU),
        "{http://libvirt.org/schemas/domain/qemu/1.0}commandline",
    }
)

# Kinds of device that are built without a view.
_HARMLESS: Final = frozenset({"audio", "lease", "redirfilter", *KINDS})

# Parts of an element that would otherwise be passed over, by the element's tag.
_PARTS: Final[dict[str, frozenset[str]]] = {
    "cputune": frozenset({"cachetune", "memorytune"}),
    "interface": frozenset({"filterref", "teaming", "virtualport", "vlan"}),
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


def _unsupported(config: DomainConfig) -> Iterator[tuple[Node, str]]:
    yield from ((node, "for domains") for node in _children(config) if node.tag not in _DOMAIN)
    for section in _children(config):
        if section.tag == "cputune":
            refused = _PARTS["cputune"]
            yield from ((each, "of <cputune>") for each in section if each.tag in refused)
    for device in config.devices.all():
        node = element(device)
        if node is None:
            continue
        if isinstance(device, OtherDevice) and device.kind not in _HARMLESS:
            yield node, "devices"
        for part in node.iter(*_PARTS):
            names = _PARTS[str(part.tag)]
            yield from ((each, f"of a {device.kind}") for each in part if each.tag in names)
        for driver in node.iterchildren("driver") if device.kind == "video" else ():
            if driver.get("name") == "vhostuser":
                yield driver, "name='vhostuser' of a video: no program draws for it here"


def _children(view: View) -> list[Node]:
    node = element(view)
    return [] if node is None else list(node.iterchildren(etree.Element))
