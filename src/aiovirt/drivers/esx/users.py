"""Which machines use a file of a datastore: as a disk, below a disk, or as a medium."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiovirt.drivers.esx.datastores import Datastore
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import InvalidState
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Ref

__all__ = ["check_unused", "users_of"]

_DEVICES: Final = "config.hardware.device"
_AT_ONCE: Final = 100
"""Machines whose devices are asked for at once."""

_DEEPEST: Final = 256
"""Images that one image may be built on; more is a circle."""


async def users_of(session: Session, store: Datastore, path: DatastorePath) -> list[str]:
    """The names of the machines that use a file, or something in a folder, sorted."""
    known = await session.get(store.ref, "vm", what=f"tell who uses {path}")
    refs: Sequence[Ref] = tuple(known.get("vm") or ())
    users: list[str] = []
    for first in range(0, len(refs), _AT_ONCE):
        batch = refs[first : first + _AT_ONCE]
        found = await session.get_many(batch, [_DEVICES], what=f"tell who uses {path}")
        users += [
            session.tree.name(ref)
            for ref, known in found.items()
            if any(_is_at(file, str(path)) for file in _files(known.get(_DEVICES) or ()))
        ]
    return sorted(users)


def _is_at(file: str, path: str) -> bool:
    return file == path or file.startswith(f"{path.rstrip('/')}/")


def _files(devices: Sequence[Any]) -> Iterator[str]:
    """The files of devices, and those that they are built on."""
    for device in devices:
        backing = device.backing
        for _ in range(_DEEPEST):
            file = getattr(backing, "file_name", None)
            if not file:
                break
            yield file
            backing = getattr(backing, "parent", None)


async def check_unused(session: Session, store: Datastore, path: DatastorePath, what: str) -> None:
    """See that no machine uses a file.

    Args:
        session: The connection.
        store: The datastore.
        path: The file, or a folder.
        what: What is to be done with it, for the error: ``delete``.

    Raises:
        InvalidState: Some do; the hint says what to do.
    """
    users = await users_of(session, store, path)
    if users:
        names = ", ".join(repr(name) for name in users)
        raise InvalidState(
            f"{session.where} does not {what} {path}: used by domain {names}",
            hint="take it out of the domain first: aiovirt detach-disk or change-media",
        )
