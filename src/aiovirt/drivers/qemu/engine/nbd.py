"""QEMU's NBD server: what others read of a domain's disks while a pull backup is under way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiovirt.config import BackupConfig
from aiovirt.config.snapshot import BackupServer
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.argv.storage.secrets import tls_object
from aiovirt.drivers.qemu.argv.words import drop_none
from aiovirt.drivers.qemu.engine.backupplan import Part
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.overlays import remove_files
from aiovirt.errors import AiovirtError, AlreadyExists

__all__ = ["open_exports", "stop_exports"]

_PORT: Final = 10809
"""NBD's (IANA), where the document names none."""
_CREDENTIALS: Final = "aiovirt-backup-tls"


async def open_exports(
    engine: Engine, monitor: BoundedMonitor, config: BackupConfig, parts: Sequence[Part]
) -> None:
    """Let others read what is backed up.

    Raises:
        AlreadyExists: There is a file where the socket is to be.
        RemoteError: QEMU cannot listen there, or cannot read the certificates.
    """
    server = config.server
    if server.transport == "unix" and _is_there(server.socket or ""):
        raise AlreadyExists(f"there is a file {server.socket} already: nobody can listen there")
    secured: dict[str, object] = {}
    if server.tls:
        options = tls_object(_CREDENTIALS, endpoint="server")
        folder = engine.settings.backup_tls
        await monitor.execute("object-add", drop_none({**options, "dir": str(folder)}))
        secured = {"tls-creds": _CREDENTIALS}
    await monitor.execute("nbd-server-start", {"addr": _address(server), **secured})
    for part in parts:
        bitmaps = [] if part.since is None else [part.bitmap]
        arguments: dict[str, object] = {
            "type": "nbd",
            "id": f"backup-{part.target}",
            "node-name": format_node(part.number),
            "name": part.export,
            "writable": False,
            "bitmaps": bitmaps,
        }
        await monitor.execute("block-export-add", arguments)


def _is_there(path: str) -> bool:
    return Path(path).exists()


def _address(server: BackupServer) -> dict[str, object]:
    if server.transport == "unix":
        return {"type": "unix", "data": {"path": server.socket}}
    if server.port is None:
        server.port = _PORT
    return {"type": "inet", "data": {"host": server.name, "port": str(server.port)}}


async def stop_exports(monitor: BoundedMonitor, config: BackupConfig) -> None:
    """Let nobody read any more; who reads just then is cut off. Doing it twice is no error."""
    with suppress(AiovirtError):
        await monitor.execute("nbd-server-stop")
    with suppress(AiovirtError):
        await monitor.execute("object-del", {"id": _CREDENTIALS})
    if config.server.transport == "unix":
        await remove_files([config.server.socket or ""])
