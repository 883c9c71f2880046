"""Unix sockets by path, however long the path is."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from aiovirt.host.files import host_error
from aiovirt.streams.unix import short_path

__all__ = ["connect_unix", "listen_unix"]


def listen_unix(path: Path, *, backlog: int = 1) -> socket.socket:
    """A listening stream socket at `path`, for its owner alone; a stale one is removed.

    Raises:
        HostError: The folder is missing or not writable.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        with short_path(path) as name:
            listener.bind(name)
            os.chmod(name, 0o600)  # noqa: PTH101
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise host_error(error, f"cannot listen on {path}") from error
    return listener


def connect_unix(path: Path) -> socket.socket:
    """A stream socket connected to `path`, non-blocking. Connecting never waits for the peer.

    Raises:
        HostError: Nobody listens there, or the listener's queue is full.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(0)
    try:
        with short_path(path) as name:
            client.connect(name)
    except OSError as error:
        client.close()
        raise host_error(error, f"cannot connect to {path}") from error
    return client
