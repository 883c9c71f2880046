"""Commands that plug and unplug, and those that read and set properties of objects."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value

__all__ = [
    "AddFd",
    "AddFdInfo",
    "Chardev",
    "Closefd",
    "DeviceAdd",
    "DeviceDel",
    "Fdset",
    "FdsetMember",
    "Getfd",
    "NetdevAdd",
    "NetdevDel",
    "ObjectAdd",
    "ObjectDel",
    "PropertyInfo",
    "QomGet",
    "QomList",
    "QomSet",
    "QueryChardev",
    "QueryFdsets",
    "RemoveFd",
]


class DeviceAdd(Command[Empty], frozen=True):
    """Plug in a device; `properties` are the driver's, under QEMU's names."""

    qmp_name: ClassVar[str] = "device_add"
    driver: str
    id: str
    bus: str | None = None
    properties: dict[str, object] = msgspec.field(default_factory=dict)

    def arguments(self) -> dict[str, object]:
        """Return the properties with driver, id and bus among them."""
        bus = {} if self.bus is None else {"bus": self.bus}
        return {**self.properties, "driver": self.driver, "id": self.id, **bus}


class DeviceDel(Command[Empty], frozen=True):
    """Ask the guest to release a device; the event ``DEVICE_DELETED`` tells when it is gone."""

    qmp_name: ClassVar[str] = "device_del"
    id: str


class NetdevAdd(Command[Empty], frozen=True):
    """Add a network backend; `options` are the type's, under QMP's names."""

    qmp_name: ClassVar[str] = "netdev_add"
    type: str
    id: str
    options: dict[str, object] = msgspec.field(default_factory=dict)

    def arguments(self) -> dict[str, object]:
        """Return the options with type and id among them."""
        return {**self.options, "type": self.type, "id": self.id}


class NetdevDel(Command[Empty], frozen=True):
    """Remove a network backend."""

    qmp_name: ClassVar[str] = "netdev_del"
    id: str


class ObjectAdd(Command[Empty], frozen=True):
    """Create a user object; `properties` are the type's, under QEMU's names.

    They may hold a secret's data: the repr does not show them.
    """

    qmp_name: ClassVar[str] = "object-add"
    qom_type: str
    id: str
    properties: dict[str, object] = msgspec.field(default_factory=dict)

    def arguments(self) -> dict[str, object]:
        """Return the properties with type and id among them."""
        return {**self.properties, "qom-type": self.qom_type, "id": self.id}

    def __repr__(self) -> str:
        return f"ObjectAdd(qom_type={self.qom_type!r}, id={self.id!r}, properties=…)"


class ObjectDel(Command[Empty], frozen=True):
    """Remove a user object."""

    qmp_name: ClassVar[str] = "object-del"
    id: str


class PropertyInfo(Value, frozen=True):
    """A property of an object or of a device type."""

    name: str
    type: str
    description: str | None = None
    default_value: object = None


class QomList(Command[list[PropertyInfo]], frozen=True):
    """The properties of the object at `path`; children have types such as ``child<…>``."""

    qmp_name: ClassVar[str] = "qom-list"
    result: ClassVar[object] = list[PropertyInfo]
    path: str


class QomGet(Command[object], frozen=True):
    """The value of one property."""

    qmp_name: ClassVar[str] = "qom-get"
    result: ClassVar[object] = object
    path: str
    property: str


class QomSet(Command[Empty], frozen=True):
    """Set one property."""

    qmp_name: ClassVar[str] = "qom-set"
    path: str
    property: str
    value: object


class Chardev(Value, frozen=True):
    """A character device; `filename` is QEMU's description of its other end."""

    label: str
    filename: str
    frontend_open: bool


class QueryChardev(Command[list[Chardev]], frozen=True):
    """All character devices."""

    qmp_name: ClassVar[str] = "query-chardev"
    result: ClassVar[object] = list[Chardev]


class AddFdInfo(Value, frozen=True):
    """The result of `AddFd`: the set, and QEMU's number of the descriptor."""

    fdset_id: int
    fd: int


class AddFd(Command[AddFdInfo], frozen=True):
    """Put the descriptor passed along into a set, which files open as ``/dev/fdset/ID``."""

    qmp_name: ClassVar[str] = "add-fd"
    result: ClassVar[object] = AddFdInfo
    fdset_id: int | None = None
    opaque: str | None = None


class RemoveFd(Command[Empty], frozen=True):
    """Take a descriptor, or all, out of a set."""

    qmp_name: ClassVar[str] = "remove-fd"
    fdset_id: int
    fd: int | None = None


class FdsetMember(Value, frozen=True):
    """A descriptor in a set."""

    fd: int
    opaque: str | None = None


class Fdset(Value, frozen=True):
    """A set of descriptors."""

    fdset_id: int
    fds: list[FdsetMember]


class QueryFdsets(Command[list[Fdset]], frozen=True):
    """All sets of descriptors."""

    qmp_name: ClassVar[str] = "query-fdsets"
    result: ClassVar[object] = list[Fdset]


class Getfd(Command[Empty], frozen=True):
    """Keep the descriptor passed along under a name."""

    qmp_name: ClassVar[str] = "getfd"
    fdname: str


class Closefd(Command[Empty], frozen=True):
    """Close a descriptor that `Getfd` kept."""

    qmp_name: ClassVar[str] = "closefd"
    fdname: str
