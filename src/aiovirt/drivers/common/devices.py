"""Devices of a domain's document: reading one, finding the one that is meant, adding, removing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar, cast

from lxml import etree

from aiovirt.config import (
    Controller,
    Device,
    Disk,
    DomainConfig,
    Graphics,
    Interface,
    MemoryDevice,
    Node,
    View,
)
from aiovirt.drivers.common.tree import node_of
from aiovirt.errors import (
    AlreadyExists,
    ConfigError,
    InvalidState,
    NotFound,
    Unsupported,
    XMLError,
    with_number,
)
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.units import Bytes

__all__ = [
    "add_device",
    "alias_of",
    "check_new",
    "check_one_configuration",
    "device_of",
    "find_alias",
    "find_device",
    "missing",
    "parts_unlike",
    "remove_device",
    "replace_device",
]

D = TypeVar("D", bound=Device)
_KEPT: Final = ("address", "alias")
"""Parts of a device that stay when it is changed, unless the change names them."""


def device_of(device: View | str, kind: str = "qemu") -> Device:
    """A device, from a view or from its XML, as one of a domain of that type.

    Raises:
        ConfigError: It is none.
    """
    xml = device if isinstance(device, str) else device.to_xml(secure=True)
    try:
        alone = DomainConfig.parse(
            f"<domain type='{kind}'><devices>{_without_declaration(xml)}</devices></domain>"
        )
    except XMLError as error:
        raise XMLError(f"the device cannot be read: {error}", line=error.line) from error
    found = list(alone.devices.all())
    if len(found) != 1:
        raise ConfigError("one device is wanted", field="device", hint="give one element")
    return found[0]


def _without_declaration(xml: str) -> str:
    """A document without its declaration, which may stand only at the beginning."""
    text = xml.lstrip()
    return text.partition("?>")[2] if text.startswith("<?xml") else text


def alias_of(device: Device) -> str | None:
    """The name of a device, or None: some kinds have none."""
    return cast("str | None", getattr(device, "alias", None))


def add_device(config: DomainConfig, device: Device) -> Device:
    """Put a copy of a device behind the others of its kind; gives it as it stands there now.

    Raises:
        ConfigError: It is no device of a domain.
    """
    devices = node_of(config.devices)
    node = node_of(device.copy())
    same = devices.findall(node.tag)
    if same:
        same[-1].addnext(node)
    else:
        devices.append(node)
    for each in config.devices.all(device.kind):
        if node_of(each) is node:
            return each
    raise ConfigError(f"<{device.kind}> is no device", field="device")


def check_one_configuration(
    driver: str, domain: str, *, active: bool, live: bool, config: bool
) -> None:
    """See that what is wanted can be told apart, where domains have one configuration each.

    Args:
        driver: The driver's name.
        domain: The domain's.
        active: Whether it is not off.
        live: What runs is meant.
        config: What will be from the next start on is meant.

    Raises:
        InvalidState: It is off, and what runs is meant.
        Unsupported: Only what will be from the next start on is meant, of one that runs.
    """
    if live and not active:
        hint = "start it, or mean its configuration: --config, or neither"
        raise InvalidState(f"domain {domain!r} does not run", hint=hint)
    if config and not live and active:
        raise Unsupported(
            driver,
            "changing only the configuration of a domain that runs",
            "both are changed together: say neither, or both",
        )


def check_new(config: DomainConfig, device: Device) -> None:
    """See that there is no device yet that a guest would take for this one.

    Raises:
        AlreadyExists: There is.
    """
    if isinstance(device, Disk) and device.target.dev in {d.target.dev for d in config.disks}:
        raise AlreadyExists(f"domain {config.name!r} has a disk {device.target.dev!r} already")
    mac = device.mac if isinstance(device, Interface) else None
    if mac is not None and mac in {card.mac for card in config.interfaces}:
        raise AlreadyExists(f"domain {config.name!r} has an interface {mac} already")


def remove_device(config: DomainConfig, device: Device) -> None:
    """Take a device out; the console that is the same serial port goes with it."""
    for node in [node_of(device), *_mirrors(config, device)]:
        parent = node.getparent()
        if parent is not None:
            parent.remove(node)


def _mirrors(config: DomainConfig, device: Device) -> Iterator[Node]:
    serials, consoles = config.serials, config.consoles
    if serials and consoles and node_of(serials[0]) is node_of(device):
        first = consoles[0]
        if first.target.type == "serial":
            yield node_of(first)


def replace_device(config: DomainConfig, old: Device, new: D) -> D:
    """Put a copy of a device in the place of one, whose address and name stay; gives it.

    Raises:
        ConfigError: The old one is in no document.
    """
    there = node_of(old)
    node = node_of(new.copy())
    for tag in _KEPT:
        kept = there.find(tag)
        if kept is not None and node.find(tag) is None:
            node.append(kept)
    parent = there.getparent()
    if parent is None:
        raise ConfigError("the domain has no such device", field="device")
    parent.replace(there, node)
    return cast("D", next(each for each in config.devices.all(new.kind) if node_of(each) is node))


# --- finding --------------------------------------------------------------------------------------


def find_device(config: DomainConfig, wanted: Device) -> Device:
    """The device of a document that a description means.

    Raises:
        NotFound: There is none, or more than one.
    """
    same = _MATCHES.get(wanted.kind, _looks_like)
    found = [each for each in config.devices.all(wanted.kind) if same(each, wanted)]
    if len(found) != 1:
        many = f"{len(found)} devices" if found else "no device"
        raise missing(f"domain {config.name!r} has {many} like this {wanted.kind}")
    return found[0]


def find_alias(config: DomainConfig, alias: str) -> Device:
    """The device of that name.

    Raises:
        NotFound: There is none.
    """
    found = config.devices.with_alias(alias)
    if found is None:
        raise missing(f"domain {config.name!r} has no device with the alias {alias!r}")
    return found


def missing(text: str) -> NotFound:
    """The error for a device that is not there."""
    return with_number(NotFound(text), ErrorNumber.ERR_DEVICE_MISSING, ErrorDomain.DOMAIN)


def _same_disk(there: Device, wanted: Device) -> bool:
    assert isinstance(there, Disk)  # noqa: S101 - for the type checker
    assert isinstance(wanted, Disk)  # noqa: S101
    if wanted.target.dev:
        return there.target.dev == wanted.target.dev
    return wanted.path is not None and there.path == wanted.path


def _same_card(there: Device, wanted: Device) -> bool:
    assert isinstance(there, Interface)  # noqa: S101
    assert isinstance(wanted, Interface)  # noqa: S101
    if wanted.mac is not None and there.mac != wanted.mac:
        return False
    return wanted.address is None or there.address == wanted.address


def _same_display(there: Device, wanted: Device) -> bool:
    assert isinstance(there, Graphics)  # noqa: S101
    assert isinstance(wanted, Graphics)  # noqa: S101
    return there.type == wanted.type


def _same_controller(there: Device, wanted: Device) -> bool:
    assert isinstance(there, Controller)  # noqa: S101
    assert isinstance(wanted, Controller)  # noqa: S101
    return there.type == wanted.type and wanted.index in {None, there.index}


def _same_memory(there: Device, wanted: Device) -> bool:
    """How much the guest is asked to have of it is what changes."""
    assert isinstance(there, MemoryDevice)  # noqa: S101
    assert isinstance(wanted, MemoryDevice)  # noqa: S101
    if wanted.address is not None and wanted.address != there.address:
        return False
    if wanted.alias and there.alias and wanted.alias != there.alias:
        return False
    told = [(m.model, m.target.size, m.target.node) for m in (there, wanted)]
    return told[0] == told[1]


_MATCHES: Final[dict[str, Callable[[Device, Device], bool]]] = {
    "disk": _same_disk,
    "interface": _same_card,
    "graphics": _same_display,
    "controller": _same_controller,
    "memory": _same_memory,
}


def _looks_like(there: Device, wanted: Device) -> bool:
    if wanted.address is not None and wanted.address != there.address:
        return False
    theirs, ours = node_of(there), node_of(wanted)
    skipped: set[str] = {"address"} if theirs.find("alias") is not None else {*_KEPT}
    return _holds(theirs, ours, skipped)


def parts_unlike(there: Device, wanted: Device) -> list[str]:
    """The tags of the elements in which a description says of a device what is not so of it."""
    return [
        str(part.tag)
        for part in node_of(wanted).iterchildren(etree.Element)
        if not any(_holds(each, part) for each in node_of(there).iterchildren(part.tag))
    ]


def _holds(there: Node, wanted: Node, skipped: set[str] | None = None) -> bool:
    """Whether all that is said of one is so of the other, too, but for some parts."""
    if _is_amount(wanted) or _is_amount(there):
        return _size(there) == _size(wanted)
    if any(there.get(name) != value for name, value in wanted.attrib.items()):
        return False
    if (wanted.text or "").strip() and (wanted.text or "").strip() != (there.text or "").strip():
        return False
    return all(
        any(_holds(candidate, part) for candidate in there.iterchildren(part.tag))
        for part in wanted.iterchildren(etree.Element)
        if part.tag not in (skipped or ())
    )


def _is_amount(node: Node) -> bool:
    """Whether a node has a unit that is none of an address."""
    return node.get("unit", "").isalpha()


def _size(node: Node) -> Bytes:
    return Bytes.parse(f"{(node.text or '0').strip()} {node.get('unit') or 'KiB'}")
