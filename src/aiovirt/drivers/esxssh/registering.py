"""Putting a machine whose files are there onto the host's list."""

from __future__ import annotations

import posixpath

from aiovirt.drivers.esxssh.context import Context
from aiovirt.drivers.esxssh.inventory import Machine
from aiovirt.errors import NotFound
from aiovirt.protocols.esxcli import DatastorePath

__all__ = ["register"]


async def register(context: Context, path: DatastorePath) -> Machine:
    """Register a machine by its ``.vmx`` file.

    Raises:
        NotFound: The file is not there, or is none that the host can read.
        AlreadyExists: It is registered.
    """
    place = posixpath.normpath(await context.datastores.locate(path))
    what = f"register the machine {path}"
    await context.host.run(["vim-cmd", "solo/registervm", place], what)
    for machine in await context.inventory.machines():
        if machine.path == path:
            return machine
    raise NotFound(
        f"{context.host.where} registered the machine {path}, and cannot read its file",
        hint="tail /var/log/hostd.log there says why",
    )
