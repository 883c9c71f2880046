"""Unix sockets by path, however long the path is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiovirt.host.files import host_error

__all__ = ["connect_unix", "listen_unix"]


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of the path that fits the 108 bytes of `sun_path`: by a descriptor of its folder.

    Linux resolves it as any path; source: proc(5), /proc/self/fd.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen_unix(path: Path, *, backlog: int = 1) -> socket.socket:
    """A listening stream socket at `path`, for its owner alone; a stale one is removed.

    Raises:
        HostError: The folder is missing or not writable.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        with _short(path) as name:
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
        with _short(path) as name:
            client.connect(name)
    except OSError as error:
        client.close()
        raise host_error(error, f"cannot connect to {path}") from error
    return client
