"""The datastores of a connection: what they are, where they are mounted, how much room they have.

They are asked for each time, because their room changes without anybody's doing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from aiovirt.config import StoragePoolConfig
from aiovirt.config.making import Element, make, to_text
from aiovirt.drivers.esx.hosts import hosts_of
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import InvalidState, NotFound
from aiovirt.model.keys import StoragePoolKey
from aiovirt.model.storage import PoolState, StoragePoolInfo
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.storage import (
    DatastoreHostMount,
    DatastoreInfo,
    DatastoreSummary,
    NasDatastoreInfo,
    VmfsDatastoreInfo,
)

__all__ = ["Datastore", "find_datastore", "list_datastores", "uuid_of"]

_PATHS: Final = ("name", "parent", "summary", "info", "host", "browser")
_VOLUMES: Final = "/vmfs/volumes/"
_DISKS: Final = "/vmfs/devices/disks/"
_URL: Final = "ds://"


def uuid_of(text: str) -> UUID:
    """A UUID for what has none: of its name on the host, as libvirt makes it."""
    return UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest())


@dataclass(frozen=True, slots=True)
class Datastore:
    """A file system for machines, as lists of pools have it.

    Attributes:
        ref: The object of the server.
        name: Its name.
        datacenter: The datacenter that it is in.
        mount: Where hosts have it: ``/vmfs/volumes/5f3e…``.
        browser: What tells of its files.
        summary: Its room, and whether it can be reached.
        details: What it is made of.
    """

    ref: Ref
    name: str
    datacenter: Ref
    mount: str
    browser: Ref
    summary: DatastoreSummary
    details: DatastoreInfo | None
    persistent: bool = True
    autostart: bool = True

    @property
    def active(self) -> bool:
        """Whether it can be reached."""
        return self.summary.accessible

    @property
    def key(self) -> StoragePoolKey:
        """UUID and name; the UUID is made of where it is mounted."""
        return StoragePoolKey(uuid_of(self.mount), self.name)

    @property
    def info(self) -> StoragePoolInfo:
        """State and room."""
        if not self.active:
            return StoragePoolInfo(PoolState.INACCESSIBLE, 0, 0, 0)
        size, free = self.summary.capacity, self.summary.free_space
        return StoragePoolInfo(PoolState.RUNNING, size, size - free, free)

    @property
    def is_nfs(self) -> bool:
        """Whether it is a folder of a server."""
        return isinstance(self.details, NasDatastoreInfo)

    def check_active(self, where: str) -> None:
        """See that it can be reached.

        Raises:
            InvalidState: It cannot.
        """
        if not self.active:
            raise InvalidState(
                f"no host reaches the datastore {self.name!r} of {where} now",
                hint="aiovirt pool-refresh looks again",
            )

    def config(self) -> StoragePoolConfig:
        """It as libvirt's XML: ``netfs`` on NFS, ``fs`` on VMFS, else ``dir``."""
        info = self.info
        kind, source = _source(self.details)
        # As elements: the name of a datastore may be one that libvirt's grammar does not allow.
        document = make(
            "pool",
            make("name", self.name),
            make("uuid", str(self.key.uuid)),
            make("capacity", str(info.capacity), unit="bytes"),
            make("allocation", str(info.allocation), unit="bytes"),
            make("available", str(info.available), unit="bytes"),
            make("source", *source),
            make("target", make("path", self.mount)),
            type=kind,
        )
        return StoragePoolConfig.parse(to_text(document))


def _source(details: DatastoreInfo | None) -> tuple[str, list[Element]]:
    """The type of pool that a datastore is, and what it is made of."""
    if isinstance(details, NasDatastoreInfo):
        return "netfs", _share(details)
    if isinstance(details, VmfsDatastoreInfo):
        extents = details.vmfs.extent if details.vmfs else ()
        paths = [f"{_DISKS}{each.disk_name}:{each.partition}" for each in extents]
        return "fs", [make("device", path=path) for path in paths]
    return "dir", []


def _share(details: NasDatastoreInfo) -> list[Element]:
    nas = details.nas
    if nas is None:
        return []
    hosts = [make("host", name=name) for name in nas.remote_host_names or (nas.remote_host,)]
    form = "cifs" if nas.type.upper() == "CIFS" else "nfs"
    version = make("protocol", ver="4.1") if nas.type.upper() == "NFS41" else None
    parts = (*hosts, make("dir", path=nas.remote_path), make("format", type=form), version)
    return [each for each in parts if each is not None]


async def list_datastores(session: Session) -> list[Datastore]:
    """The datastores of the URI's host, cluster or datacenter, sorted by name."""
    refs = await _refs(session)
    found = await session.get_many(refs, _PATHS, what="list its datastores") if refs else {}
    read = [_read(session, ref, known) for ref, known in found.items()]
    return sorted((each for each in read if each is not None), key=lambda each: each.name)


async def _refs(session: Session) -> list[Ref]:
    """The datastores that the URI's hosts have, each once."""
    what = "list its datastores"
    hosts = await session.get_many(hosts_of(session), ["datastore"], what=what)
    found = (ref for known in hosts.values() for ref in known.get("datastore") or ())
    return list(dict.fromkeys(found))


def _read(session: Session, ref: Ref, known: Mapping[str, Any]) -> Datastore | None:
    """A datastore; None for one that is going away just now."""
    summary, parent, browser = known.get("summary"), known.get("parent"), known.get("browser")
    tree = session.tree
    datacenter = None if parent is None else tree.datacenter(parent)
    if summary is None or browser is None or datacenter is None:
        return None
    name = known.get("name") or summary.name
    mount = _mount(session, known.get("host") or ()) or _mount_of(name, summary.url)
    return Datastore(ref, name, datacenter, mount, browser, summary, known.get("info"))


def _mount(session: Session, mounts: Sequence[DatastoreHostMount]) -> str | None:
    """Where the URI's host has it, or any host."""
    paths = {each.key: each.mount_info.path for each in mounts if each.mount_info.path}
    host = session.scope.host
    found = paths.get(host) if host is not None else None
    return found or next(iter(paths.values()), None)


def _mount_of(name: str, url: str) -> str:
    """The path that a datastore's URL names; each is there by its name as well."""
    path = url.removeprefix(_URL).rstrip("/")
    return path if path.startswith(_VOLUMES) else f"{_VOLUMES}{name}"


async def find_datastore(session: Session, name: str) -> Datastore:
    """The datastore of a name.

    Raises:
        NotFound: There is none; the hint names those there are.
    """
    stores = await list_datastores(session)
    for each in stores:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in stores) or "none"
    raise NotFound(f"{session.where} has no datastore {name!r}", hint=f"there are: {known}")
