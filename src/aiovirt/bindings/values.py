"""Single values: from what users hold to what is sent, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any, TypeVar
from uuid import UUID

from aiovirt.config import View
from aiovirt.errors import CallerError, ConfigError, ProtocolError
from aiovirt.model.cpusets import format_cpus, parse_cpus
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import (
    CheckpointKey,
    FilterBindingKey,
    HostInterfaceKey,
    NetworkFilterKey,
    NetworkKey,
    NetworkPortKey,
    NodeDeviceKey,
    SecretKey,
    SnapshotKey,
    StoragePoolKey,
    StorageVolumeKey,
)
from aiovirt.protocols.libvirt.tables import structs

__all__ = [
    "CHECKPOINT",
    "CPUS_TEXT",
    "CPU_MAP",
    "DEVICE",
    "DOMAIN",
    "FILTER",
    "FILTER_BINDING",
    "HOST_INTERFACE",
    "NETWORK",
    "NETWORK_PORT",
    "NODE_DEVICE",
    "NODE_DEVICE_NAME",
    "PLAIN",
    "POOL",
    "SECRET",
    "SNAPSHOT",
    "TRUTH",
    "UUID_BYTES",
    "UUID_TEXT",
    "VERSION",
    "VOLUME",
    "Value",
    "document",
    "each",
    "enumeration",
    "flag_set",
    "maybe",
    "number",
    "scaled",
    "terminated",
    "uuid_of",
]

V = TypeVar("V", bound=View)

MAX_CPUS = 2048 * 8
"""Processors of a map at most: those of 2048 bytes (REMOTE_CPUMAP_MAX)."""

NUMERAL = re.compile(r"-?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Value:
    """How a value is sent and read.

    Attributes:
        send: From the user's value to the wire's.
        read: From the wire's value to the user's.
    """

    send: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:  # noqa: ANN401 - it is for anything
    return value


def uuid_of(data: bytes) -> UUID:
    """The UUID of 16 bytes."""
    return UUID(bytes=data)


def _volume(wire: structs.StorageVol) -> StorageVolumeKey:
    return StorageVolumeKey(wire.pool, wire.name, wire.key)


PLAIN = Value(_same, _same)
"""A value that is the same on both sides."""

TRUTH = Value(int, bool)
"""A boolean that is sent as a number."""

UUID_BYTES = Value(lambda uuid: uuid.bytes, uuid_of)


def _uuid_of_text(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ProtocolError(f"{text!r} was sent for a UUID") from error


UUID_TEXT = Value(str, _uuid_of_text)


def terminated(size: int) -> Value:
    """A text that is sent as C keeps it: with a zero at its end, and cut to the room there is."""
    return Value(
        # Not within a character either: what has no room is left out.
        lambda text: text.encode()[: size - 1].decode(errors="ignore").encode() + b"\0",
        lambda wire: wire.partition(b"\0")[0].decode(errors="replace"),
    )


VERSION = Value(
    lambda version: version[0] * 1_000_000 + version[1] * 1000 + version[2],
    lambda wire: (wire // 1_000_000, wire // 1000 % 1000, wire % 1000),
)
"""A version of three numbers, sent as one."""

DOMAIN = Value(lambda key: structs.Domain(key.name, key.uuid_bytes, -1), DomainKey.from_wire)
"""A domain; its number is not sent, since a server looks it up by its UUID."""

NETWORK = Value(
    lambda key: structs.Network(key.name, key.uuid.bytes),
    lambda wire: NetworkKey(uuid_of(wire.uuid), wire.name),
)
NETWORK_PORT = Value(
    lambda key: structs.NetworkPort(NETWORK.send(key.network), key.uuid.bytes),
    lambda wire: NetworkPortKey(NETWORK.read(wire.net), uuid_of(wire.uuid)),
)
POOL = Value(
    lambda key: structs.StoragePool(key.name, key.uuid.bytes),
    lambda wire: StoragePoolKey(uuid_of(wire.uuid), wire.name),
)
VOLUME = Value(lambda key: structs.StorageVol(key.pool, key.name, key.key), _volume)
SECRET = Value(
    lambda key: structs.Secret(key.uuid.bytes, key.usage_type, key.usage_id),
    lambda wire: SecretKey(uuid_of(wire.uuid), wire.usage_type, wire.usage_id),
)
NODE_DEVICE = Value(lambda key: structs.NodeDevice(key.name), lambda wire: NodeDeviceKey(wire.name))
NODE_DEVICE_NAME = Value(lambda key: key.name, NodeDeviceKey)
HOST_INTERFACE = Value(
    lambda key: structs.Interface(key.name, key.mac),
    lambda wire: HostInterfaceKey(wire.name, wire.mac),
)
FILTER = Value(
    lambda key: structs.Nwfilter(key.name, key.uuid.bytes),
    lambda wire: NetworkFilterKey(uuid_of(wire.uuid), wire.name),
)
FILTER_BINDING = Value(
    lambda key: structs.NwfilterBinding(key.port_device, key.filter_name),
    lambda wire: FilterBindingKey(wire.portdev, wire.filtername),
)
SNAPSHOT = Value(
    lambda key: structs.DomainSnapshot(key.name, DOMAIN.send(key.domain)),
    lambda wire: SnapshotKey(DomainKey.from_wire(wire.dom), wire.name),
)
CHECKPOINT = Value(
    lambda key: structs.DomainCheckpoint(key.name, DOMAIN.send(key.domain)),
    lambda wire: CheckpointKey(DomainKey.from_wire(wire.dom), wire.name),
)


def _map_bytes(cpus: Iterable[int]) -> bytes:
    """A CPU map: bit n of byte n // 8 stands for processor n."""
    numbers = sorted(cpus)
    wrong = [cpu for cpu in numbers if not 0 <= cpu < MAX_CPUS]
    if wrong:
        raise CallerError(f"{wrong[0]} is no number of a processor, from 0 to {MAX_CPUS - 1}")
    data = bytearray((numbers[-1] if numbers else 0) // 8 + 1)
    for cpu in numbers:
        data[cpu // 8] |= 1 << cpu % 8
    return bytes(data)


def _map_cpus(data: bytes) -> frozenset[int]:
    return frozenset(
        8 * index + bit for index, byte in enumerate(data) for bit in range(8) if byte >> bit & 1
    )


CPU_MAP = Value(_map_bytes, _map_cpus)
"""A set of processor numbers, sent as a bitmap."""

CPUS_TEXT = Value(format_cpus, parse_cpus)
"""A set of processor numbers, sent as a text."""


def each(item: Value) -> Value:
    """A list of values."""
    return Value(
        lambda values: [item.send(value) for value in values],
        lambda wires: [item.read(wire) for wire in wires],
    )


def maybe(item: Value) -> Value:
    """A value that may be None on both sides."""
    return Value(
        lambda value: None if value is None else item.send(value),
        lambda wire: None if wire is None else item.read(wire),
    )


def flag_set(kind: type[IntFlag]) -> Value:
    """libvirt's flags."""
    return Value(int, kind)


def enumeration(kind: type[IntEnum]) -> Value:
    """One of libvirt's enumerations; a number that a newer server has stays a number."""
    known: dict[int, int] = {int(item): item for item in kind}
    return Value(int, lambda wire: known.get(wire, wire))


def document(kind: type[V]) -> Value:
    """A configuration, sent as its XML with passwords."""

    def send(config: V | str) -> str:
        return config if isinstance(config, str) else config.to_xml(secure=True)

    def read(text: str | None) -> V:
        if text is None:
            raise ConfigError("a document is missing", field=kind.__name__)
        return kind.parse(text)

    return Value(send, read)


DEVICE = Value(
    lambda device: device if isinstance(device, str) else device.to_xml(secure=True), _same
)
"""A device, sent as its XML with passwords; a server gets the XML, whose kind it must look up."""


def scaled(factor: int) -> Value:
    """A number that users hold in a finer unit: bytes that are sent as KiB, for one.

    A value between two of the wire's is refused, not rounded.
    """

    def send(value: int) -> int:
        whole, rest = divmod(value, factor)
        if rest:
            raise CallerError(f"{value} is no multiple of {factor}, as libvirt needs it here")
        return whole

    return Value(send, lambda wire: wire * factor)


def number(choices: Mapping[str, int]) -> Value:
    """A word that is sent as a number; one that only a newer libvirt has is the number's digits."""
    words = {value: word for word, value in choices.items()}

    def send(word: str) -> int:
        if word in choices:
            return choices[word]
        if NUMERAL.fullmatch(word):
            return int(word)
        raise CallerError(f"{word!r} is none of {', '.join(choices)}")

    return Value(send, lambda wire: words.get(wire, str(wire)))
