"""A TCP port for a server that is told where to listen, and that nobody else gets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"


@contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a port of the loopback for the length of the scope, whether a server listens or not.

    One that is only found free may be given to somebody else before the server listens, or while
    it is restarted.  A socket that is bound and does not listen prevents that.  Connections are
    refused as if it were not there, and a server that sets SO_REUSEADDR, as nearly all do, may
    listen beside it: socket(7).
    """
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind((HOST, 0))
        port: int = kept.getsockname()[1]
        yield port
