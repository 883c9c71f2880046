"""The datastores of a host: where they are mounted, and how much room they have.

A path in a datastore, ``[datastore1] web1/web1.vmx``, becomes one of the host's file system by
where ``esxcli`` says that the datastore is mounted.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.errors import NotFound, ProtocolError, ResourceUnavailable
from aiovirt.protocols.esxcli import DatastorePath

__all__ = ["Datastore", "Datastores"]

_OWN = frozenset({"vfat", "VFFS", "VMFS-L", "VMFSOS"})
"""Types of the host's own file systems, in which no machines are."""


@dataclass(frozen=True, slots=True)
class Datastore:
    """A file system for machines.

    Attributes:
        name: Its name.
        identity: The host's own UUID of it, which is none of RFC 4122.
        mount: Where it is on the host.
        kind: Such as ``VMFS-6``, ``NFS`` or ``vsan``.
        mounted: Whether it can be used.
        size: All room, in bytes.
        free: Room that is left, in bytes.
    """

    name: str
    identity: str
    mount: str
    kind: str
    mounted: bool
    size: int
    free: int


class Datastores:
    """Asks for datastores; remembers where they are mounted."""

    def __init__(self, host: EsxHost) -> None:
        self._host = host
        self._mounts: dict[str, str] = {}

    async def all(self) -> list[Datastore]:
        """All datastores, sorted by name."""
        rows = await self._host.table("storage", "filesystem", "list", what="list its datastores")
        found = [_read(row) for row in rows if row.get("Type") not in _OWN]
        named = sorted((each for each in found if each.name), key=lambda each: each.name)
        self._mounts = {each.name: each.mount for each in named if each.mounted}
        return named

    async def get(self, name: str) -> Datastore:
        """The datastore of that name.

        Raises:
            NotFound: There is none.
        """
        for each in await self.all():
            if each.name == name:
                return each
        known = ", ".join(self._mounts) or "none"
        raise NotFound(f"{self._host.where} has no datastore {name!r}", hint=f"there are: {known}")

    async def first(self) -> Datastore:
        """The first by name that can be used.

        Raises:
            ResourceUnavailable: There is none.
        """
        for each in await self.all():
            if each.mounted:
                return each
        raise ResourceUnavailable(
            f"{self._host.where} has no datastore that is mounted",
            hint="esxcli storage filesystem list shows them there",
        )

    async def mounts(self) -> Mapping[str, str]:
        """Where each is mounted, by its name."""
        if not self._mounts:
            await self.all()
        return self._mounts

    async def locate(self, path: DatastorePath) -> str:
        """The host's path of a file.

        Raises:
            NotFound: There is no such datastore.
        """
        mount = self._mounts.get(path.datastore)
        if mount is None:
            mount = (await self.get(path.datastore)).mount
        return posixpath.join(mount, path.path) if path.path else mount


def _read(row: Mapping[str, str]) -> Datastore:
    try:
        return Datastore(
            name=row["VolumeName"],
            identity=row["UUID"],
            mount=row["MountPoint"].rstrip("/"),
            kind=row["Type"],
            mounted=row["Mounted"].lower() == "true",
            size=int(row["Size"]),
            free=int(row["Free"]),
        )
    except (KeyError, ValueError) as error:
        raise ProtocolError(f"esxcli printed a file system that is none: {error}") from error
