"""A machine's snapshots as the server has them: a tree in memory, and as libvirt's documents.

It asks nobody.  Names need not be unique there: of several of one name all but the first have
their number added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from lxml import etree

from aiovirt.config import SnapshotConfig
from aiovirt.drivers.common.points import PointKind, fits_snapshot, members
from aiovirt.drivers.common.tree import node_of, put_parent
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.errors import Unsupported
from aiovirt.model.constants import DomainSnapshotListFlags, ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import SnapshotKey
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineSnapshotTree

__all__ = ["KIND", "Snapshot", "Snapshots", "check_plain", "listed", "named", "snapshots_of"]

_STATES: Final[Mapping[str, str]] = {ON: "running", OFF: "shutoff", SUSPENDED: "paused"}
"""Power states in libvirt's words."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as the server tells of it.

    Attributes:
        ref: Its reference.
        name: Its name, which no other of the machine has here.
        description: What its maker said of it.
        created: When it was made, by the server's clock.
        state: The state that the machine had, in libvirt's word.
        parent: The name of the one that it was made from.
        current: Whether the machine's disks come from it.
    """

    ref: Ref
    name: str
    description: str
    created: datetime
    state: str
    parent: str | None
    current: bool

    def config(self, domain: DomainKey) -> SnapshotConfig:
        """As a document."""
        # libvirt tells an empty description, too.
        config = SnapshotConfig(name=self.name, description=self.description, state=self.state)
        config.created = self.created.replace(microsecond=0)
        put_parent(config, self.parent)
        whose = etree.SubElement(node_of(config), "domain")
        etree.SubElement(whose, "uuid").text = str(domain.uuid)
        return config


Snapshots: TypeAlias = Mapping[str, Snapshot]
"""All of a machine's, by name; each stands behind the one that it was made from."""


def snapshots_of(machine: Machine) -> Snapshots:
    """The snapshots of a machine, as the inventory has them."""
    return {each.name: each for each in _walk(machine)}


def _walk(machine: Machine) -> Iterator[Snapshot]:
    info = machine.snapshot
    waiting: list[tuple[str | None, VirtualMachineSnapshotTree]] = []
    if info is not None:
        waiting += [(None, each) for each in info.root_snapshot_list]
    seen: set[str] = set()
    while waiting:
        parent, node = waiting.pop(0)
        name = f"{node.name}#{node.id}" if node.name in seen else node.name
        seen.add(name)
        yield Snapshot(
            ref=node.snapshot,
            name=name,
            description=node.description,
            created=node.create_time,
            state=_STATES.get(node.state, "shutoff"),
            parent=parent,
            current=info is not None and info.current_snapshot == node.snapshot,
        )
        waiting += [(name, each) for each in node.child_snapshot_list]


KIND: Final = PointKind(
    "snapshot", SnapshotKey, ErrorNumber.ERR_NO_DOMAIN_SNAPSHOT, ErrorDomain.ESX
)
"""How snapshots are told, and where they are missing."""


def named(tree: Snapshots, snapshot: SnapshotKey) -> Snapshot:
    """The snapshot of a key.

    Raises:
        NotFound: It is not there.
    """
    return KIND.known(tree, snapshot)


def listed(
    domain: DomainKey, tree: Snapshots, top: str | None, flags: int
) -> Sequence[SnapshotKey]:
    """Those that libvirt's flags mean, of all or of those from one.

    Args:
        domain: Whose they are.
        tree: All of them.
        top: Those from this one; None for all.
        flags: `DomainSnapshotListFlags`.
    """
    sort = bool(flags & DomainSnapshotListFlags.TOPOLOGICAL)
    names = members(tree, top, flags, sort=sort)
    return [
        SnapshotKey(domain, name)
        for name in names
        if fits_snapshot(tree[name].config(domain), flags)
    ]


def check_plain(config: SnapshotConfig) -> None:
    """See that a snapshot asks for nothing but what the server does anyway.

    Raises:
        Unsupported: It does.
    """
    if config.memory.snapshot == "external":
        raise Unsupported(DRIVER, "create_snapshot", "the host keeps the memory where it wants")
    if any(disk.snapshot not in {None, "internal"} for disk in config.disks):
        raise Unsupported(
            DRIVER, "create_snapshot", "the host takes all disks, in files of its own"
        )
