"""Whether the program has what a command line names, told before QEMU would.

That are devices with their properties, objects, and kinds of block nodes and networks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

import msgspec

from aiovirt.config import DomainConfig, Node, element, error_at
from aiovirt.drivers.qemu.argv.storage.images import chain_of, image_numbers, number_layers
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.devices.drivers import plain_of, type_of
from aiovirt.drivers.qemu.devices.naming import alias_of
from aiovirt.errors import ConfigError

__all__ = ["check_offered"]

_ANY: Final = frozenset({"driver", "id", "bus"})
"""What every device may be told (qdev-monitor.c of QEMU)."""

_Fault = tuple[str, str, Collection[str]]
"""What is lacking: in words, by its name, and among which names one that is alike may be."""


def check_offered(
    config: DomainConfig, binary: BinaryCapabilities, options: Iterable[tuple[str, str]]
) -> None:
    """See that a program has what some options name.

    Args:
        config: The configuration that the options were made of, with aliases.
        binary: What the program can do.
        options: The options, each with its value, as `itertools.pairwise` finds them too; none
            of the user's own (`own_words`).

    Raises:
        XMLError: It lacks something; the error names the element, and what it has that is alike.
        ConfigError: The same of what has no element.
    """
    for option, value in options:
        check = _CHECKS.get(option)
        if check is None or not value.startswith("{"):
            continue
        said = msgspec.json.decode(value)
        fault = check(binary, said)
        if fault is not None:
            name = said.get("id") or said.get("node-name") or ""
            raise _error(fault, binary, _node_of(config, str(name)))


def _error(fault: _Fault, binary: BinaryCapabilities, node: Node | None) -> ConfigError:
    message, name, known = fault
    message = f"{binary.path} has no {message}"
    alike = ", ".join(sorted(get_close_matches(name, known))) or None
    if node is not None:
        return error_at(node, message, expected=alike)
    return ConfigError(message, hint=f"it has {alike}" if alike else None)


def _device(binary: BinaryCapabilities, said: Mapping[str, Any]) -> _Fault | None:
    driver = str(said["driver"])
    if type_of(driver) not in binary.devices:
        return f"device {driver!r}", driver, binary.devices
    known = binary.properties.of(plain_of(driver))
    if known is None:
        return None
    lost = min(said.keys() - known - _ANY, default=None)
    return None if lost is None else (f"property {lost!r} of device {driver!r}", lost, known)


def _object(binary: BinaryCapabilities, said: Mapping[str, Any]) -> _Fault | None:
    return _kind("object", str(said["qom-type"]), binary.objects)


def _node(binary: BinaryCapabilities, said: Mapping[str, Any]) -> _Fault | None:
    inner = said.get("file")
    fault = _node(binary, inner) if isinstance(inner, Mapping) else None
    return fault or _kind("block driver", str(said["driver"]), binary.block_drivers)


def _network(binary: BinaryCapabilities, said: Mapping[str, Any]) -> _Fault | None:
    return _kind("network backend", str(said["type"]), binary.netdevs)


def _kind(what: str, name: str, known: Collection[str]) -> _Fault | None:
    """The fault, where it is known what there is at all."""
    return None if name in known or not known else (f"{what} {name!r}", name, known)


_CHECKS: Final[dict[str, Callable[[BinaryCapabilities, Mapping[str, Any]], _Fault | None]]] = {
    "-device": _device,
    "-object": _object,
    "-blockdev": _node,
    "-netdev": _network,
}


def _node_of(config: DomainConfig, name: str) -> Node | None:
    """The element that a thing of QEMU's is made for: of a disk's image, or named like it.

    What stands behind a device has its name after a word of its own, such as ``hostnet0``.
    """
    image = re.match(r"libvirt-(\d+)-", name)
    if image is not None:
        return _disk_of(config, int(image[1]))
    named = [(alias, each) for each in config.devices.all() if (alias := alias_of(each))]
    for matches in (str.__eq__, str.endswith):
        found = next((element(each) for alias, each in named if matches(name, alias)), None)
        if found is not None:
            return found
    return None


def _disk_of(config: DomainConfig, number: int) -> Node | None:
    free = number_layers(config)
    for first, disk in zip(image_numbers(config, free), config.disks, strict=True):
        if number in {image.number for image in chain_of(disk, first, free)}:
            return element(disk)
    return None
