"""The certificates by which two QEMUs encrypt a move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio

from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.migration.parameters import End
from aiovirt.errors import AiovirtError, ConfigError
from aiovirt.protocols.qmp.commands import ObjectAdd, ObjectDel

__all__ = ["CREDENTIALS", "drop_credentials", "make_credentials", "with_credentials"]

CREDENTIALS: Final = "aiovirt-migrate-tls"
_ENDPOINTS: Final = {End.SOURCE: "client", End.DESTINATION: "server"}


async def make_credentials(monitor: BoundedMonitor, folder: Path | None, end: End) -> None:
    """Give a QEMU the host's certificates.

    Raises:
        ConfigError: The host has none.
        RemoteError: QEMU cannot use them.
    """
    if folder is None:
        raise ConfigError(
            "this host has no certificates for migrations",
            field="migration_tls",
            hint="name the folder that has ca-cert.pem, server-cert.pem and client-cert.pem",
        )
    words = {"dir": str(folder), "endpoint": _ENDPOINTS[end], "verify-peer": True}
    await drop_credentials(monitor)  # those of a move that was broken off
    await monitor.call(ObjectAdd("tls-creds-x509", CREDENTIALS, words))


async def drop_credentials(monitor: BoundedMonitor) -> None:
    """Take the certificates from a QEMU; one that has none is no error."""
    with suppress(AiovirtError):
        await monitor.call(ObjectDel(CREDENTIALS))


@asynccontextmanager
async def with_credentials(
    monitor: BoundedMonitor, folder: Path | None, *, wanted: bool
) -> AsyncIterator[None]:
    """A block in which a source's QEMU has the certificates, if they are wanted."""
    if not wanted:
        yield
        return
    await make_credentials(monitor, folder, End.SOURCE)
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await drop_credentials(monitor)
