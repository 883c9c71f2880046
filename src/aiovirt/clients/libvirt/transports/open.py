"""Opens the line that a URI describes: one row for each transport."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from aiovirt.clients.libvirt.transports.external import open_external
from aiovirt.clients.libvirt.transports.network import open_tcp, open_tls
from aiovirt.clients.libvirt.transports.parameters import Parameters, Transport, read_parameters
from aiovirt.clients.libvirt.transports.unix import open_unix
from aiovirt.model.credentials import Credentials
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line

__all__ = ["TIMEOUT_S", "open_line"]

TIMEOUT_S = 30.0
"""Seconds for each step on the way to a daemon, unless another bound is named."""


@dataclass(frozen=True, slots=True)
class _Wish:
    uri: URI
    parameters: Parameters
    readonly: bool
    credentials: Credentials | None
    timeout_s: float


def open_line(
    uri: URI,
    *,
    readonly: bool = False,
    credentials: Credentials | None = None,
    timeout_s: float = TIMEOUT_S,
) -> AbstractAsyncContextManager[Line]:
    """Open the way to the daemon that `uri` means, for the length of the ``async with``.

    All that was opened belongs to it: sockets, programs, SSH connections.  A daemon of the user
    that had to be started goes on.

    Args:
        uri: libvirt's connection URI; `remote_name` says what the daemon is then asked to open.
        readonly: Whether a local socket for readers will do.
        credentials: Asks for passwords of SSH and passphrases of its keys.
        timeout_s: Seconds for each step; while the user is asked, none are counted.

    Raises:
        ConfigError: The URI, a certificate, a key or the configuration of SSH is wrong.
        NotFound: There is no such host, socket or file: the message says what to start or do.
        PermissionDenied: A socket or a file may not be used.
        ResourceUnavailable: Nobody listens, or no way leads there.
        AuthenticationFailed: The server is not the one that it should be, or does not let us in.
        Unresponsive: A step took longer than `timeout_s`.
        ConnectionLost: The other side ended the connection meanwhile.
        ProtocolError: What answers speaks something else.
        SpawnError: A program could not be started.

    Cancellation: leaves nothing open.
    """
    parameters = read_parameters(uri)
    wish = _Wish(uri, parameters, readonly, credentials, timeout_s)
    return _OPENERS[parameters.transport](wish)


def _unix(wish: _Wish) -> AbstractAsyncContextManager[Line]:
    return open_unix(wish.uri, wish.parameters, readonly=wish.readonly, timeout_s=wish.timeout_s)


def _tcp(wish: _Wish) -> AbstractAsyncContextManager[Line]:
    return open_tcp(wish.uri, wish.parameters, timeout_s=wish.timeout_s)


def _tls(wish: _Wish) -> AbstractAsyncContextManager[Line]:
    return open_tls(wish.uri, wish.parameters, timeout_s=wish.timeout_s)


def _ssh(wish: _Wish) -> AbstractAsyncContextManager[Line]:
    from aiovirt.clients.libvirt.transports.shell import open_ssh  # noqa: PLC0415 - loads asyncssh

    return open_ssh(
        wish.uri,
        wish.parameters,
        readonly=wish.readonly,
        credentials=wish.credentials,
        timeout_s=wish.timeout_s,
    )


def _ext(wish: _Wish) -> AbstractAsyncContextManager[Line]:
    return open_external(wish.parameters)


_OPENERS: dict[Transport, Callable[[_Wish], AbstractAsyncContextManager[Line]]] = {
    Transport.UNIX: _unix,
    Transport.TCP: _tcp,
    Transport.TLS: _tls,
    Transport.SSH: _ssh,
    Transport.EXT: _ext,
}
