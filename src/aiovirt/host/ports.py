"""Addresses to listen on, and TCP ports nobody listens on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterable
from functools import partial
from ipaddress import IPv6Address, ip_address

import anyio
from anyio import to_thread

from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.files import host_error

__all__ = ["LOOKUP_BOUND_S", "free_port", "numeric_address"]

LOOKUP_BOUND_S = 5.0
"""How long looking a name up may take."""


_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})  # another port may do


async def numeric_address(host: str) -> str:
    """The numeric address of a host, looked up if it is a name.

    Raises:
        ConfigError: Nobody knows that name, or not in time.
    """
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        with anyio.fail_after(LOOKUP_BOUND_S):
            # in a thread on every loop: trio looks at numbers on the loop first
            look_up = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
            found = await to_thread.run_sync(look_up, abandon_on_cancel=True)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise ConfigError(
            f"no address of {host!r} to listen on is known",
            field="listen",
            hint="give a numeric address, such as 127.0.0.1",
        ) from error
    return str(found[0][4][0])


def free_port(host: str, candidates: Iterable[int], taken: Collection[int] = ()) -> int:
    """The first port that can be listened on now.

    Another program may still take it before its user does.

    Args:
        host: The numeric address to listen on: see `numeric_address`.
        candidates: The ports to try, in this order.
        taken: Those that are promised to somebody already.

    Raises:
        ConfigError: That is no address.
        ResourceUnavailable: All are taken, the host has no such address, or no descriptor is left.
    """
    family = _family(host)
    for port in candidates:
        if port in taken:
            continue
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
                return port
        except OSError as error:
            if error.errno not in _TAKEN:
                raise host_error(error, f"cannot listen on {host}") from error
    raise ResourceUnavailable(f"no TCP port is free on {host}", hint="name a port instead")


def _family(host: str) -> socket.AddressFamily:
    try:
        address = ip_address(host)
    except ValueError as error:
        raise ConfigError(
            f"{host!r} is no IP address to listen on",
            field="listen",
            hint="give a numeric address, such as 127.0.0.1, or the port",
        ) from error
    return socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
