"""Unix sockets by path, however long the path is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from aiovirt.host.files import host_error
from aiovirt.streams.unix import short_path

__all__ = ["connect_unix", "listen_unix"]


def listen_unix(path: Path, *, backlog: int = 1) -> socket.socket:
    """A listening stream socket at `path`, for its owner alone; a stale one is removed.

    Raises:
        HostError: The folder is missing or not writable, or no descriptor is left.
    """
    with _socket(f"cannot listen on {path}") as listener:
        path.unlink(missing_ok=True)
        with short_path(path) as name:
            listener.bind(name)
            os.chmod(name, 0o600)  # noqa: PTH101
        listener.listen(backlog)
    return listener


def connect_unix(path: Path) -> socket.socket:
    """A stream socket connected to `path`, non-blocking. Connecting never waits for the peer.

    Raises:
        HostError: Nobody listens there, the listener's queue is full, or no descriptor is left.
    """
    with _socket(f"cannot connect to {path}") as client, short_path(path) as name:
        client.settimeout(0)
        client.connect(name)
    return client


@contextmanager
def _socket(what: str) -> Iterator[socket.socket]:
    """A new stream socket, which is closed if the block fails; `what` begins the error's text."""
    try:
        with ExitStack() as undo:
            yield undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            undo.pop_all()
    except OSError as error:
        raise host_error(error, what) from error
