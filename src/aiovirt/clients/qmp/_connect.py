"""Connecting to a QMP server."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiovirt.clients.qmp._client import QMPClient
from aiovirt.protocols.qmp import DEFAULT_MAX_MESSAGE, Connection, Role
from aiovirt.protocols.qmp.commands import QueryQmpSchema
from aiovirt.protocols.qmp.schema import Schema
from aiovirt.streams.unix import connect_unix

__all__ = ["CHECK_VARIABLE", "NEGOTIATE_TIMEOUT_S", "connect_qmp"]

NEGOTIATE_TIMEOUT_S = 30.0
"""Seconds that a server has for its greeting and for the negotiation."""

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
        negotiate_timeout_s: Seconds that the server has to greet and to negotiate.
        max_message: How many bytes a message of the server has at most.
        check_schema: Whether to fetch the server's schema first, and to refuse with `CallerError`
            what does not fit it.  None goes by the environment variable ``AIOVIRT_CHECK_QMP``,
            which aiovirt's own tests set.

    Raises:
        NotFound: There is no such path.
        PermissionDenied: The path may not be used.
        ResourceUnavailable: Nobody listens there.
        Unresponsive: The server did not greet in time.
        ProtocolError: What answers is no QMP server.
        ConnectionLost: It ended the connection at once.
    """
    sock = peer if isinstance(peer, socket.socket) else await connect_unix(peer)
    with sock:
        client = QMPClient(name, Connection(Role.CLIENT, peer=name, max_message=max_message))
        async with client.running(sock, negotiate_timeout_s):
            if CHECK_VARIABLE in os.environ if check_schema is None else check_schema:
                client.check_against(Schema(await client.call(QueryQmpSchema())))
            yield client
