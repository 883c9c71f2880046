"""Placeholder of the unix transport."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiovirt.model.credentials import Credentials
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line
from aiovirt.streams.unix import connect_unix

__all__ = ["open_line", "remote_name"]


@asynccontextmanager
async def open_line(
    uri: URI, *, readonly: bool = False, credentials: Credentials | None = None
) -> AsyncIterator[Line]:
    """Connect."""
    del credentials, readonly
    path = uri.parameters.get("socket", "/run/libvirt/libvirt-sock")
    sock = await connect_unix(path)
    with sock:
        yield Line(sock, passes_descriptors=True, local=True, peer=f"libvirtd at {path}")


def remote_name(uri: URI) -> str:
    """The daemon's URI."""
    return f"{uri.driver}://{uri.path}"
