"""The calls of authentication on a client's connection."""

from __future__ import annotations

from aiovirt.clients.libvirt._authenticate import AuthCalls, Peer, authenticate
from aiovirt.clients.libvirt._client import LibvirtClient
from aiovirt.model.credentials import Credentials
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect
from aiovirt.protocols.libvirt.tables.connect import (
    AuthSaslStartArgs,
    AuthSaslStepArgs,
)

__all__ = ["ClientCalls", "authenticate_client"]


class ClientCalls(AuthCalls):
    """`AuthCalls` on a client."""

    def __init__(self, client: LibvirtClient) -> None:
        self._client = client

    async def types(self) -> list[int]:
        """AUTH_LIST: how the daemon wants to be shown who connects."""
        return (await self._client.call(connect.AUTH_LIST, Empty())).types

    async def sasl_init(self) -> str:
        """AUTH_SASL_INIT: the mechanisms, with commas between them."""
        return (await self._client.call(connect.AUTH_SASL_INIT, Empty())).mechlist

    async def sasl_start(self, mech: str, data: bytes | None) -> tuple[bool, bytes | None]:
        """AUTH_SASL_START; None sets ``nil``."""
        args = AuthSaslStartArgs(mech, int(data is None), data or b"")
        answer = await self._client.call(connect.AUTH_SASL_START, args)
        return bool(answer.complete), None if answer.nil else answer.data

    async def sasl_step(self, data: bytes | None) -> tuple[bool, bytes | None]:
        """AUTH_SASL_STEP; None sets ``nil``."""
        args = AuthSaslStepArgs(int(data is None), data or b"")
        answer = await self._client.call(connect.AUTH_SASL_STEP, args)
        return bool(answer.complete), None if answer.nil else answer.data

    async def polkit(self) -> None:
        """AUTH_POLKIT."""
        await self._client.call(connect.AUTH_POLKIT, Empty())


async def authenticate_client(
    client: LibvirtClient, *, want: str | None, peer: Peer, credentials: Credentials
) -> None:
    """Prove to the daemon who we are, and put the layer that was agreed on onto the line.

    It must be the connection's first call. Arguments, errors and cancellation as `authenticate`.
    """
    calls = ClientCalls(client)
    offered = await calls.types()
    layer = await authenticate(
        calls, offered=offered, want=want, peer=peer, credentials=credentials
    )
    if layer is not None:
        client.add_filter(layer)
