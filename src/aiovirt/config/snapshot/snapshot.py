"""`SnapshotConfig`: a snapshot of a domain, libvirt's ``<domainsnapshot>``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Self

from aiovirt.config import _rules
from aiovirt.config._children import Child, Many, One, child, children
from aiovirt.config._codecs import absolute
from aiovirt.config._document import Document
from aiovirt.config._forms import ABSOLUTE_PATH, DISK_TARGET, either
from aiovirt.config._laws import Fits, Needed, Never, Only
from aiovirt.config._scalars import (
    Number,
    PathText,
    Size,
    Text,
    Uuid,
    file_path,
    number,
    size,
    text,
    uuid,
)
from aiovirt.config._tree import Node
from aiovirt.config._values import WHOLE_SECONDS, Moment, moment
from aiovirt.config._view import View, element
from aiovirt.config.devices.sources import OF_SERVERS, DiskSource
from aiovirt.config.domain import DomainConfig
from aiovirt.errors import XMLError

__all__ = ["InactiveDomain", "SavedDomain", "SnapshotConfig", "SnapshotDisk", "SnapshotMemory"]

DISK_NAME = either(DISK_TARGET, ABSOLUTE_PATH)
STATES = ("running", "blocked", "paused", "shutdown", "shutoff", "crashed", "disk-snapshot")
_FOREIGN = (
    "type",
    "fdgroup",
    "dir",
    "path",
    "pool",
    "volume",
    "mode",
    "managed",
    "namespace",
    "startup_policy",
    "address",
    "reservations",
    "reconnect_enabled",
    "reconnect_timeout",
)
"""What sources of a domain's disks have, and those of a snapshot do not."""

_EXTERNAL = ("type", "source", "format", "metadata_cache")


class SnapshotMemory(View, tag="memory"):
    """Whether the guest's memory is in the snapshot, and in which file of the host."""

    snapshot: Text = text("@snapshot", known=("no", "internal", "external"))
    file: PathText = file_path("@file")

    _laws_ = (
        Only(("external",), ("file",), by="snapshot"),
        Needed(("external",), ("file",), by="snapshot", default="external"),
    )


class SnapshotDisk(View, tag="disk"):
    """What the snapshot does about one disk.

    Attributes:
        name: The disk's target, such as ``vda``, or the path of its image.
        snapshot: ``external``: the guest goes on in a new image, `source`; ``internal``: the
            image keeps it itself; ``no``; ``manual``: somebody else sees to it.
        type: What kind of source the new image has.
        format: The format of the new image.
        metadata_cache: How much of its tables is kept in memory.
    """

    name: Text = text("@name", form=DISK_NAME, required=True)
    snapshot: Text = text("@snapshot", known=("no", "internal", "external", "manual"))
    type: Text = text("@type", known=("file", "block", "network"))
    format: Text = text("driver/@type", known=("cow", "qcow", "qcow2", "qed", "vmdk"))
    metadata_cache: Size = size("driver/metadata_cache/max_size", unit="bytes")
    source: One[DiskSource] = child("source", DiskSource)

    _laws_ = (
        Only(("external",), _EXTERNAL, by="snapshot", default="external"),
        Only(("file",), ("source.file",), default="file"),
        Only(("block",), ("source.dev",), default="file"),
        Fits(("file",), ("source.file",), default="file", form=ABSOLUTE_PATH),
        Fits(("block",), ("source.dev",), form=ABSOLUTE_PATH),
        Needed(("block",), ("source.dev",), beside="source"),
        Only(("network",), tuple(f"source.{name}" for name in OF_SERVERS), default="file"),
        Only(("file", "block"), ("format", "metadata_cache", "source.labels"), default="file"),
        Never(tuple(f"source.{name}" for name in _FOREIGN)),
        Needed(("network",), ("source.protocol",)),
    )

    @classmethod
    def external(
        cls,
        name: str,
        path: str | PathLike[str] | None = None,
        *,
        format: str = "qcow2",  # noqa: A002 - libvirt's own word for it
    ) -> Self:
        """The guest goes on in a new image; None leaves its path to the driver."""
        source = None if path is None else DiskSource(file=absolute(path))
        kind = None if path is None else "file"
        return cls(name=name, snapshot="external", type=kind, format=format, source=source)

    @classmethod
    def internal(cls, name: str) -> Self:
        """The image, which must be qcow2, keeps the snapshot itself."""
        return cls(name=name, snapshot="internal")

    @classmethod
    def excluded(cls, name: str) -> Self:
        """The disk is not in the snapshot."""
        return cls(name=name, snapshot="no")


class SavedDomain(View, tag="domain"):
    """All that an old libvirt kept of the domain: its UUID."""

    uuid: Uuid = uuid("uuid", required=True)


class InactiveDomain(DomainConfig, tag="inactiveDomain"):
    """The domain as it was stored, of a snapshot of one that ran."""

    @classmethod
    def of(cls, config: DomainConfig) -> Self:
        """A copy of a domain's stored configuration."""
        return cls._wrap_(_renamed(config, cls._tag_))

    def plain(self) -> DomainConfig:
        """A copy that is a domain's configuration again."""
        return DomainConfig._wrap_(_renamed(self, DomainConfig._tag_))


def _renamed(config: DomainConfig, tag: str) -> Node:
    node = config.copy()._make_()
    node.tag = tag
    return node


class _Kept(Child[DomainConfig]):
    """The domain that a snapshot keeps: whole, or of an old libvirt its UUID only."""

    def fitting(self, view: View, value: object) -> DomainConfig:
        """The domain, as far as it was kept."""
        if isinstance(value, SavedDomain):
            return DomainConfig._wrap_(value.copy()._make_())
        return super().fitting(view, value)

    def parts(self, view: View) -> Iterator[View]:
        """The domain, as far as it was kept."""
        for part in super().parts(view):
            node = element(part)
            alone = node is not None and not node.attrib and [each.tag for each in node] == ["uuid"]
            yield SavedDomain._wrap_(node) if alone and node is not None else part


def naming(name: str | None, view: View) -> Iterator[XMLError]:
    """The rules for names of snapshots, which are those of domains."""
    field = type(view)._fields_["name"]
    yield from _rules.naming(name, lambda *what: field.error(view, *what))


class SnapshotConfig(Document, tag="domainsnapshot"):
    """A snapshot of a domain.

    Attributes:
        name: Its name; None lets the driver take the time.
        state: The domain's state when it was taken; said by the driver.
        created: When it was taken; said by the driver.
        parent: The name of the snapshot that it follows; said by the driver.
        memory: What becomes of the memory.
        disks: What becomes of each disk; of those that are not named the driver decides.
        active: Whether it is the domain's current one.
        domain: The domain's configuration at that time; said by the driver.
        inactive: The stored one beside it, of a persistent domain that ran.
    """

    _shown_ = ("name", "description", "state", "created", "parent", "memory", "disks")

    name: Text = text("name")
    description: Text = text("description")
    state: Text = text("state", known=STATES)
    parent: Text = text("parent/name", required=True)
    created: Moment = moment("creationTime", form=WHOLE_SECONDS)
    memory: One[SnapshotMemory] = child("memory", SnapshotMemory)
    disks: Many[SnapshotDisk] = children("disks/disk", SnapshotDisk)
    active: Number = number("active", high=1)
    domain: One[DomainConfig] = _Kept("domain", DomainConfig)
    inactive: One[InactiveDomain] = child("inactiveDomain", InactiveDomain)

    @classmethod
    def external(
        cls,
        name: str | None = None,
        *,
        disks: Iterable[SnapshotDisk] | None = None,
        memory: str | PathLike[str] | None = None,
    ) -> Self:
        """A snapshot outside of the images: the guest goes on in new ones.

        Args:
            name: Its name.
            disks: What becomes of the disks, see `SnapshotDisk.external`.
            memory: The file to keep the memory of a running guest in; None keeps none.
        """
        kept = SnapshotMemory(snapshot="no")
        if memory is not None:
            kept = SnapshotMemory(snapshot="external", file=absolute(memory))
        return cls(name=name, disks=disks, memory=kept)

    def _rules_(self) -> Iterator[XMLError]:
        """The names."""
        yield from naming(self.name, self)
        yield from _rules.twins(self.disks, lambda each: each.name, "the name", "another disk")
