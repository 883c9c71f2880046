"""Parameters of tuning: libvirt's names, where they stand in the document, what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from aiovirt.config import DomainConfig, Interface, Node
from aiovirt.drivers.common.tree import node_of, put, put_node, remove_all
from aiovirt.errors import CallerError, NotFound, with_number
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.params import ParamType, ParamValue, Typed, TypedParams, plain
from aiovirt.model.units import unit_factor

__all__ = [
    "BLKIO",
    "MEMORY",
    "SCHEDULER",
    "UNLIMITED",
    "Setting",
    "card_of",
    "read",
    "read_bandwidth",
    "read_numa",
    "write",
    "write_bandwidth",
    "write_numa",
]

UNLIMITED: Final = 9007199254740991
"""libvirt's number for no limit of memory, in KiB: VIR_DOMAIN_MEMORY_PARAM_UNLIMITED."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter.

    Attributes:
        path: Where it stands in the document.
        type: How it is sent.
        unset: What it is when nothing is said; a value like this is not written.
        high: The highest that it may be; numbers only.
        unit: The unit that is written beside it, or None.
        attribute: For one a device: the element of each device's that has it.
    """

    path: str
    type: ParamType
    unset: int | str
    high: int = 2**64 - 1
    unit: str | None = None
    attribute: str | None = None


_ULLONG, _LLONG, _UINT = ParamType.ULLONG, ParamType.LLONG, ParamType.UINT

SCHEDULER: Final[Mapping[str, Setting]] = {
    "cpu_shares": Setting("cputune/shares", _ULLONG, 1024, 262144),
    "vcpu_period": Setting("cputune/period", _ULLONG, 100000, 1000000),
    "vcpu_quota": Setting("cputune/quota", _LLONG, -1),
    "emulator_period": Setting("cputune/emulator_period", _ULLONG, 100000, 1000000),
    "emulator_quota": Setting("cputune/emulator_quota", _LLONG, -1),
    "global_period": Setting("cputune/global_period", _ULLONG, 100000, 1000000),
    "global_quota": Setting("cputune/global_quota", _LLONG, -1),
    "iothread_period": Setting("cputune/iothread_period", _ULLONG, 100000, 1000000),
    "iothread_quota": Setting("cputune/iothread_quota", _LLONG, -1),
}
MEMORY: Final[Mapping[str, Setting]] = {
    name: Setting(f"memtune/{path}", _ULLONG, UNLIMITED, unit="KiB")
    for name, path in (
        ("hard_limit", "hard_limit"),
        ("soft_limit", "soft_limit"),
        ("swap_hard_limit", "swap_hard_limit"),
    )
}


def _device(word: str) -> Setting:
    return Setting("blkiotune/device", ParamType.STRING, "", attribute=word)


BLKIO: Final[Mapping[str, Setting]] = {
    "weight": Setting("blkiotune/weight", _UINT, 0, 1000),
    "device_weight": _device("weight"),
    "device_read_iops_sec": _device("read_iops_sec"),
    "device_write_iops_sec": _device("write_iops_sec"),
    "device_read_bytes_sec": _device("read_bytes_sec"),
    "device_write_bytes_sec": _device("write_bytes_sec"),
}


def read(config: DomainConfig, table: Mapping[str, Setting]) -> dict[str, ParamValue]:
    """The parameters of a table, by libvirt's names."""
    return {name: Typed(each.type, _value(config, each)) for name, each in table.items()}


def _value(config: DomainConfig, setting: Setting) -> int | str:
    if setting.attribute is not None:
        return _devices(config, setting.attribute)
    node = node_of(config).find(setting.path)
    if node is None:
        return setting.unset
    count = int(node.text or 0)
    unit = node.get("unit", setting.unit) if setting.unit else None
    return count if not unit else count * unit_factor(unit) // unit_factor(setting.unit or unit)


def write(config: DomainConfig, params: TypedParams, table: Mapping[str, Setting]) -> None:
    """Change parameters.

    Raises:
        CallerError: There is no such one, or a value is too high.
    """
    for name, given in params.items():
        setting, value = table.get(name), plain(given)
        if setting is None:
            raise CallerError(f"there is no parameter {name!r}", hint=f"known: {', '.join(table)}")
        if setting.attribute is not None:
            _write_devices(config, setting.attribute, str(value))
            continue
        if not isinstance(value, int) or value > setting.high:
            raise CallerError(f"{name} is {value!r}, but a number up to {setting.high} at most")
        unit = {"unit": setting.unit} if setting.unit else {}
        nothing = value == setting.unset or (setting.type is _LLONG and value < 0)
        put(config, setting.path, None if nothing else str(value), **unit)


def _devices(config: DomainConfig, word: str) -> str:
    """A device's path and its value, and so on, with commas between."""
    found = []
    for node in node_of(config).findall("blkiotune/device"):
        value = node.findtext(word)
        if value is not None:
            found += [node.findtext("path") or "", value]
    return ",".join(found)


def _write_devices(config: DomainConfig, word: str, text: str) -> None:
    parts = text.split(",") if text else []
    if len(parts) % 2:
        raise CallerError(f"{word} of devices is a path and a number, and so on: not {text!r}")
    for path, value in zip(parts[::2], parts[1::2], strict=True):
        if not value.isdigit():
            raise CallerError(f"{word} of the device {path} is {value!r}, but a number")
        node = next(
            (
                each
                for each in node_of(config).findall("blkiotune/device")
                if each.findtext("path") == path
            ),
            None,
        )
        if node is None:
            node = etree.Element("device")
            etree.SubElement(node, "path").text = path
            put_node(config, "blkiotune", node)
        _set_child(node, word, value if int(value) else None)


def _set_child(node: Node, word: str, value: str | None) -> None:
    found = node.find(word)
    if value is None:
        if found is not None:
            node.remove(found)
        return
    if found is None:
        found = etree.SubElement(node, word)
    found.text = value


# --- NUMA ---------------------------------------------------------------------------------------

_MODES: Final = ("strict", "preferred", "interleave", "restrictive")


def read_numa(config: DomainConfig) -> dict[str, ParamValue]:
    """On which of the host's nodes memory is."""
    node = node_of(config).find("numatune/memory")
    mode = "strict" if node is None else node.get("mode", "strict")
    number = _MODES.index(mode) if mode in _MODES else 0
    return {
        "numa_mode": Typed(ParamType.INT, number),
        "numa_nodeset": Typed(ParamType.STRING, "" if node is None else node.get("nodeset", "")),
    }


def write_numa(config: DomainConfig, params: TypedParams) -> None:
    """Change on which of the host's nodes memory is.

    Raises:
        CallerError: There is no such mode.
    """
    known = {name: plain(value) for name, value in read_numa(config).items()}
    known |= {name: plain(value) for name, value in params.items()}
    number = known["numa_mode"]
    if not isinstance(number, int) or not 0 <= number < len(_MODES):
        raise CallerError(f"there is no mode {number!r} of memory on nodes")
    nodeset = str(known["numa_nodeset"])
    if not nodeset:
        remove_all(config, "numatune/memory")
        return
    put(config, "numatune/memory", "", mode=_MODES[number], nodeset=nodeset)
    config.numatune.placement = None  # no longer where somebody advises


# --- bandwidth of an interface ------------------------------------------------------------------

_WAYS: Final[tuple[Literal["inbound"], Literal["outbound"]]] = ("inbound", "outbound")
_WORDS: Final = ("average", "peak", "burst", "floor")


def card_of(config: DomainConfig, name: str) -> Interface:
    """The interface with that name on the host, or that address.

    Raises:
        NotFound: There is none.
    """
    for card in config.interfaces:
        if name in {card.target_dev, str(card.mac)}:
            return card
    error = NotFound(f"domain {config.name!r} has no interface {name!r}")
    # Clients must not take the domain itself for gone.
    raise with_number(error, ErrorNumber.ERR_INVALID_ARG, ErrorDomain.DOM)


def read_bandwidth(config: DomainConfig, interface: str) -> dict[str, ParamValue]:
    """How fast an interface may be."""
    node = node_of(card_of(config, interface))
    found: dict[str, ParamValue] = {}
    for way in _WAYS:
        limits = node.find(f"bandwidth/{way}")
        for word in _WORDS if way == "inbound" else _WORDS[:3]:
            text = None if limits is None else limits.get(word)
            found[f"{way}.{word}"] = Typed(ParamType.UINT, int(text or 0))
    return found


def write_bandwidth(config: DomainConfig, interface: str, params: TypedParams) -> None:
    """Change how fast an interface may be; an average of 0 takes the limit away.

    Raises:
        NotFound: There is no such interface.
        CallerError: There is no such parameter.
    """
    card = card_of(config, interface)
    known = read_bandwidth(config, interface)
    for name in params:
        if name not in known:
            raise CallerError(f"an interface has no parameter {name!r}")
    known |= dict(params)
    node = node_of(card)
    old = node.find("bandwidth")
    if old is not None:
        node.remove(old)
    new = etree.Element("bandwidth")
    for way in _WAYS:
        values = {word: plain(known.get(f"{way}.{word}", 0)) for word in _WORDS}
        if values["average"] or values["floor"]:
            etree.SubElement(
                new, way, {word: str(value) for word, value in values.items() if value}
            )
    if len(new):
        source = node.find("source")
        node.insert(1 if source is None else list(node).index(source) + 1, new)
