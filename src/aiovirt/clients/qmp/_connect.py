"""Connecting to a QMP server."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from aiovirt.clients.qmp._client import QMPClient
from aiovirt.errors import Unresponsive
from aiovirt.protocols.qmp import DEFAULT_MAX_MESSAGE, Connection, Role
from aiovirt.protocols.qmp.commands import QueryQmpSchema
from aiovirt.protocols.qmp.schema import Schema
from aiovirt.streams.unix import connect_unix

__all__ = ["CHECK_VARIABLE", "NEGOTIATE_TIMEOUT_S", "connect_qmp"]

NEGOTIATE_TIMEOUT_S = 30.0
"""Seconds that a server has to take the connection, and then for greeting and negotiation."""

CHECK_VARIABLE = "AIOVIRT_CHECK_QMP"
"""The environment variable that makes every connection check its commands."""


@asynccontextmanager
async def connect_qmp(
    peer: str | os.PathLike[str] | socket.socket,
    *,
    name: str = "QEMU",
    negotiate_timeout_s: float = NEGOTIATE_TIMEOUT_S,
    max_message: int = DEFAULT_MAX_MESSAGE,
    check_schema: bool | None = None,
) -> AsyncGenerator[QMPClient, None]:
    """Connect to a QMP server, negotiate, and close at the end of the ``async with``.

    Args:
        peer: The path of its Unix socket, or a connected socket, which then belongs to the client.
        name: Whose monitor this is, for messages.
        negotiate_timeout_s: Seconds that the server has to take the connection, then to greet and
            to negotiate, then to tell its schema if it is asked.
        max_message: How many bytes a message of the server has at most.
        check_schema: Whether to fetch the server's schema first, and to refuse with `CallerError`
            what does not fit it.  None goes by the environment variable ``AIOVIRT_CHECK_QMP``,
            which aiovirt's own tests set.

    Raises:
        NotFound: There is no such path.
        PermissionDenied: The path may not be used.
        ResourceUnavailable: Nobody listens there.
        Unresponsive: The server did not do one of these in time.
        ProtocolError: What answers is no QMP server.
        ConnectionLost: It ended the connection at once.
    """
    if isinstance(peer, socket.socket):
        sock = peer
    else:
        sock = await connect_unix(peer, timeout_s=negotiate_timeout_s)
    with sock:
        client = QMPClient(name, Connection(Role.CLIENT, peer=name, max_message=max_message))
        async with client.running(sock, negotiate_timeout_s):
            if CHECK_VARIABLE in os.environ if check_schema is None else check_schema:
                client.check_against(await _schema(client, negotiate_timeout_s))
            yield client


async def _schema(client: QMPClient, timeout_s: float) -> Schema:
    with anyio.move_on_after(timeout_s):
        return Schema(await client.call(QueryQmpSchema()))
    raise Unresponsive(f"{client.name}: its QMP schema did not come within {timeout_s:g} s")
