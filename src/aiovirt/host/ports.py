"""TCP ports nobody listens on."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable

from aiovirt.errors import ResourceUnavailable

__all__ = ["free_port"]


def free_port(host: str, candidates: Iterable[int], taken: Collection[int] = ()) -> int:
    """The first port that can be listened on now.

    Another program may still take it before its user does.

    Args:
        host: The address to listen on.
        candidates: The ports to try, in this order.
        taken: Those that are promised to somebody already.

    Raises:
        ResourceUnavailable: All are taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in candidates:
        if port in taken:
            continue
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise ResourceUnavailable(f"no TCP port is free on {host}", hint="name a port instead")
