"""TCP connections: all addresses of a host are tried, and the first that answers is taken."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, zip_longest

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.errors import (
    AiovirtError,
    NotFound,
    PermissionDenied,
    ResourceUnavailable,
    Unresponsive,
)

__all__ = ["ATTEMPT_DELAY_S", "CONNECT_TIMEOUT_S", "connect_tcp", "no_such_name", "refusal"]

ATTEMPT_DELAY_S = 0.25
"""Seconds that one address has before the next is tried beside it (RFC 8305, section 5)."""

CONNECT_TIMEOUT_S = 30.0
"""Seconds for looking up the name and connecting, unless another bound is named."""

IPV4 = 4
_NO_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


@dataclass(frozen=True, slots=True)
class _Address:
    family: int
    sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


@dataclass(slots=True)
class _Race:
    """Attempts that run beside each other, and the one that came first."""

    scope: anyio.CancelScope
    winner: socket.socket | None = None
    failures: list[OSError] = field(default_factory=list)

    async def attempt(self, address: _Address, failed: anyio.Event) -> None:
        try:
            sock = await _connect(address)
        except OSError as error:
            self.failures.append(error)
            failed.set()
            return
        if self.winner is not None:
            sock.close()
            return
        self.winner = sock
        self.scope.cancel()


async def connect_tcp(
    host: str,
    port: int,
    *,
    timeout_s: float = CONNECT_TIMEOUT_S,
    listener: str = "a server",
    refused_hint: str | None = None,
) -> socket.socket:
    """Return a non-blocking socket that is connected to `host`, without Nagle's delay.

    Args:
        host: A name or an address; all its addresses are tried.
        port: 1 to 65535.
        timeout_s: Seconds for looking up the name and for connecting, together.
        listener: Who should listen there, for messages.
        refused_hint: What may be done when nobody listens there.

    Raises:
        NotFound: There is no host of that name.
        ResourceUnavailable: Nobody listens there, or no way leads there.
        PermissionDenied: This host does not let the connection out.
        Unresponsive: No answer came within `timeout_s`.

    Cancellation: leaves no socket open.
    """
    where = f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"
    found: list[_Address] = []
    sock: socket.socket | None = None
    with anyio.move_on_after(timeout_s):
        found = await _look_up(host, port)
        sock = await _first_of(found, f"{listener} at {where}", refused_hint)
    if sock is not None:
        return sock
    if not found:
        raise Unresponsive(
            f"the name {host} could not be looked up within {timeout_s:g} s",
            hint="the name servers of this host do not answer: try the address itself",
        )
    raise Unresponsive(
        f"{listener} at {where} does not answer within {timeout_s:g} s",
        hint="is the host up, is the port right, and does a firewall drop what is sent there?",
    )


async def _look_up(host: str, port: int) -> list[_Address]:
    try:
        found = await _addresses(host, port)
    except UnicodeError as error:
        raise NotFound(f"{host!r} is no name of a host: {error}") from error
    except socket.gaierror as error:
        raise no_such_name(error, host) from error
    return _mixed(found)


def no_such_name(error: OSError, host: str) -> AiovirtError:
    """Say why the name `host` could not be looked up; `error` is getaddrinfo's."""
    if error.errno in _NO_NAME:
        return NotFound(
            f"there is no host of the name {host}",
            hint="check its spelling, and DNS or /etc/hosts",
        )
    return ResourceUnavailable(
        f"the name {host} cannot be looked up: {error.strerror}",
        hint="check the name servers of this host, or use the address itself",
    )


async def _addresses(host: str, port: int) -> list[_Address]:
    """Look up a name in a thread, for there is no other way; an address needs none."""
    with suppress(ValueError):
        literal = ipaddress.ip_address(host)
        family = socket.AF_INET if literal.version == IPV4 else socket.AF_INET6
        return [_Address(family, (host, port))]
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await anyio.to_thread.run_sync(look_up, abandon_on_cancel=True)
    return [_Address(family, sockaddr) for family, _, _, _, sockaddr in found]


def _mixed(addresses: Sequence[_Address]) -> list[_Address]:
    """Let the families take turns, the preferred one first (RFC 8305, section 4)."""
    first = [one for one in addresses if one.family == addresses[0].family]
    others = [one for one in addresses if one.family != addresses[0].family]
    return [one for one in chain(*zip_longest(first, others)) if one is not None]


async def _first_of(
    addresses: Sequence[_Address], where: str, refused_hint: str | None
) -> socket.socket:
    race: _Race | None = None
    try:
        async with open_task_group() as group:
            race = _Race(group.cancel_scope)
            for address in addresses:
                failed = anyio.Event()
                group.start_soon(race.attempt, address, failed)
                with anyio.move_on_after(ATTEMPT_DELAY_S):
                    await failed.wait()
    except BaseException:
        if race is not None and race.winner is not None:
            race.winner.close()
        raise
    if race.winner is not None:
        return race.winner
    raise refusal(race.failures, where, refused_hint)


async def _connect(address: _Address) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address.sockaddr)
        if code == errno.EINPROGRESS:
            await anyio.wait_writable(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        _raise_for(code)
    except BaseException:
        sock.close()
        raise
    return sock


def _raise_for(code: int) -> None:
    if code:
        raise OSError(code, os.strerror(code))


_UP = "is the host up, and does a route lead there?"

# What an error of the operating system means: the class, what is said, what may be done.
_MEANINGS: dict[int, tuple[type[AiovirtError], str, str]] = {
    errno.EHOSTUNREACH: (ResourceUnavailable, "cannot be reached", _UP),
    errno.ENETUNREACH: (ResourceUnavailable, "cannot be reached", _UP),
    errno.EADDRNOTAVAIL: (ResourceUnavailable, "cannot be reached", _UP),
    errno.EACCES: (PermissionDenied, "may not be reached", "a firewall of this host forbids it"),
    errno.EPERM: (PermissionDenied, "may not be reached", "a firewall of this host forbids it"),
    errno.ETIMEDOUT: (Unresponsive, "does not answer", _UP),
}
_OTHER = (ResourceUnavailable, "cannot be reached", None)


def refusal(failures: Sequence[OSError], where: str, refused_hint: str | None) -> AiovirtError:
    """Say why no address could be reached; a refusal tells most, for something answered.

    Args:
        failures: What came of each address, at least one.
        where: Who was to be reached.
        refused_hint: What may be done when nobody listens there.
    """
    refused = [one for one in failures if one.errno == errno.ECONNREFUSED]
    cause = (refused or list(failures))[0]
    if refused:
        error: AiovirtError = ResourceUnavailable(
            f"{where} refuses the connection", hint=refused_hint
        )
    else:
        kind, words, hint = _MEANINGS.get(cause.errno or 0, _OTHER)
        error = kind(f"{where} {words}: {cause.strerror}", hint=hint)
    error.__cause__ = cause
    return error
