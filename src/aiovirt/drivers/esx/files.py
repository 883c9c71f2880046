"""Files of datastores by the server's ``/folder`` URLs, and where hosts have mounted datastores."""

from __future__ import annotations

from typing import Final

from aiovirt.clients.vsphere import DatastoreFile
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import LimitExceeded, NotFound
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.storage_methods import (
    DELETE_DATASTORE_FILE_TASK,
    DeleteDatastoreFileTaskArgs,
)

__all__ = ["datacenter_of", "delete_file", "file_of", "mounts", "read_file", "write_file"]

_VOLUMES: Final = "/vmfs/volumes/"
_URL: Final = "ds://"


def datacenter_of(session: Session, machine: Machine | None = None) -> Ref:
    """The datacenter of a machine; without one that of the connection.

    Raises:
        NotFound: There is none, or several from which one must be chosen.
    """
    known = session.scope.datacenter
    found = known if machine is None else session.tree.datacenter(machine.ref) or known
    if found is None:
        names = ", ".join(map(session.tree.path, session.tree.of_kind("Datacenter")))
        raise NotFound(
            f"it is not said which datacenter of {session.where} is meant",
            hint=f"name it in the URI's path, as vpx://{session.uri.host}/DATACENTER; "
            f"there are: {names or 'none'}",
        )
    return found


def mounts(session: Session, datacenter: Ref) -> dict[str, str]:
    """Where hosts have each datastore of a datacenter, by its name: ``/vmfs/volumes/5f3e…``."""
    tree = session.tree
    return {
        tree.name(ref): _mount(tree.name(ref), tree.get(ref).get("summary.url") or "")
        for ref in tree.of_kind("Datastore")
        if datacenter in tree.above(ref)
    }


def _mount(name: str, url: str) -> str:
    """The path that a datastore's URL names; each is there by its name as well."""
    path = url.removeprefix(_URL).rstrip("/")
    return path if path.startswith(_VOLUMES) else f"{_VOLUMES}{name}"


def file_of(session: Session, path: DatastorePath, datacenter: Ref) -> DatastoreFile:
    """A file as the client names it."""
    return DatastoreFile(
        path.path, datastore=path.datastore, datacenter=session.tree.path(datacenter)
    )


async def read_file(session: Session, path: DatastorePath, datacenter: Ref, *, limit: int) -> bytes:
    """Read a small file whole.

    Raises:
        LimitExceeded: It is longer than `limit` bytes.
        NotFound: There is none.
        AiovirtError: The server does not give it.
    """
    data = bytearray()
    async with session.client.download(file_of(session, path, datacenter)) as parts:
        async for part in parts:
            data += part
            if len(data) > limit:
                raise LimitExceeded(f"{path} is longer than {limit} bytes", limit=limit)
    return bytes(data)


async def write_file(session: Session, path: DatastorePath, datacenter: Ref, data: bytes) -> None:
    """Write a small file; one that is there is replaced.

    Raises:
        AiovirtError: The server does not take it.
    """
    await session.client.upload(file_of(session, path, datacenter), data, len(data))


async def delete_file(session: Session, path: DatastorePath, datacenter: Ref) -> None:
    """Remove a file or a folder.

    Raises:
        NotFound: There is none.
        AiovirtError: The server does not.
    """
    manager = session.content.file_manager
    if manager is None:
        raise NotFound(f"{session.where} has no file manager")
    args = DeleteDatastoreFileTaskArgs(name=str(path), datacenter=datacenter)
    await session.run(DELETE_DATASTORE_FILE_TASK, manager, args, what=f"remove {path}")
