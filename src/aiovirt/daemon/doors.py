"""Finding out who has connected: what each kind of socket says of its peers."""

from __future__ import annotations

import socket
from functools import partial

from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.peers import Peers, network_identity
from aiovirt.daemon.access.tls import TlsDoor
from aiovirt.daemon.listener import Accepted, Greet, GreetAtOnce, Role
from aiovirt.daemon.settings import Settings
from aiovirt.errors import ConfigError
from aiovirt.streams.line import Line

__all__ = ["Doors"]

_TCP = (
    (socket.TCP_NODELAY, 1),
    (socket.TCP_KEEPIDLE, 60),
    (socket.TCP_KEEPINTVL, 15),
    (socket.TCP_KEEPCNT, 4),
)
"""Options of clients' sockets; the times are in seconds."""


class Doors:
    """One for a daemon.

    Args:
        settings: The settings; certificates are read where TLS is listened for.

    Raises:
        ConfigError: A certificate is wrong.
        NotFound: A file of one is missing.
    """

    def __init__(self, settings: Settings) -> None:
        self._peers = Peers(processes=_asks_polkit(settings))
        self._tls = _door(settings) if settings.tls.listen else None

    def greeting(self, role: Role) -> Greet:
        """How clients of a socket are greeted.

        Raises:
            ConfigError: It is one for TLS, which is not set up.
        """
        if role == "tls":
            if self._tls is None:
                raise ConfigError(
                    "a socket for TLS was handed over, and TLS is off",
                    field="tls.listen",
                    hint="set it, or end the socket: systemctl disable --now aiovirtd-tls.socket",
                )
            return partial(_greet_tls, self._tls)
        if role == "tcp":
            return _greet_tcp
        return partial(_greet_unix, self._peers, role == "readonly")

    def greeting_at_once(self, role: Role) -> GreetAtOnce | None:
        """How they are greeted where nobody need be waited for; None where somebody must be."""
        if role in {"tls", "tcp"}:
            return None
        return partial(_greet_unix_at_once, self._peers, role == "readonly")

    async def reload(self, settings: Settings) -> None:
        """Read the certificates anew, and forget what is known of users. Raises as the class."""
        self._peers.forget()
        self._peers.processes = _asks_polkit(settings)
        if self._tls is not None:
            await self._tls.reload(settings.tls, settings.access.tls_allowed_names)

    async def reload_certificates(self) -> None:
        """Read the certificates anew. Raises as the class."""
        if self._tls is not None:
            await self._tls.reload()


def _asks_polkit(settings: Settings) -> bool:
    access = settings.access
    return access.polkit_objects or "polkit" in {access.auth_unix_rw, access.auth_unix_ro}


def _door(settings: Settings) -> TlsDoor:
    return TlsDoor(settings.tls, settings.access.tls_allowed_names)


async def _greet_unix(peers: Peers, readonly: bool, sock: socket.socket) -> Accepted:  # noqa: FBT001
    return _local(sock, await peers.identify(sock, readonly=readonly))


def _greet_unix_at_once(
    peers: Peers,
    readonly: bool,  # noqa: FBT001
    sock: socket.socket,
) -> Accepted | None:
    identity = peers.identify_at_once(sock, readonly=readonly)
    return None if identity is None else _local(sock, identity)


def _local(sock: socket.socket, identity: Identity) -> Accepted:
    return Accepted(Line(sock, passes_descriptors=True, local=True, peer="a client"), identity)


async def _greet_tcp(sock: socket.socket) -> Accepted:
    _set_up(sock)
    identity = network_identity(sock)
    return Accepted(Line(sock, peer=identity.address), identity)


async def _greet_tls(door: TlsDoor, sock: socket.socket) -> Accepted:
    _set_up(sock)
    tls, identity = await door.accept(sock)
    early = tls.decode(b"")  # what came with the end of the handshake
    line = Line(sock, filter=tls, early=early, encrypted=True, peer=identity.address)
    return Accepted(line, identity)


def _set_up(sock: socket.socket) -> None:
    """Send what there is at once, since answers are short; find out when the peer is gone.

    Not all clients answer the protocol's own pings, nor are all always read (tcp(7)).
    """
    for option, value in _TCP:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
