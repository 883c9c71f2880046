"""A daemon inside the test's own process, on a socket in a folder of the test's."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from aiovirt.daemon.daemon import Daemon, open_daemon
from aiovirt.daemon.hosts import Opener
from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import Settings
from aiovirt.daemon.sockets import open_sockets

__all__ = ["RunningDaemon", "open_test_daemon"]


@dataclass(frozen=True, slots=True)
class RunningDaemon:
    """A daemon that runs.

    Attributes:
        daemon: It.
        socket: Its read-write socket.
        readonly: Its socket for readers.
        admin: Its socket for virt-admin.
    """

    daemon: Daemon
    socket: Path
    readonly: Path
    admin: Path

    def uri(self, name: str = "test:///default") -> str:
        """The URI by which a client in whichever language reaches one of its hosts."""
        scheme, _, rest = name.partition(":")
        return f"{scheme}+unix:{rest}?socket={quote(str(self.socket))}"


@asynccontextmanager
async def open_test_daemon(
    folder: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    openers: Mapping[str, Opener] | None = None,
) -> AsyncGenerator[RunningDaemon, None]:
    """Run a daemon that serves a host in memory, for the length of the ``async with``.

        async with open_test_daemon(tmp_path) as running, aiovirt.open(running.uri()) as host: ...

    Args:
        folder: Where its sockets and its state are; nothing is written elsewhere.
        settings: Its settings; by default it serves ``test:///default`` alone.
        openers: What opens its hosts, instead of those of the settings, by URI.
    """
    path = Path(folder)
    chosen = settings or Settings()
    if settings is None:
        chosen = replace(chosen, hosts=replace(chosen.hosts, qemu=False, autostart=()))
    sockets = replace(chosen.sockets, folder=chosen.sockets.folder or path)
    state = replace(chosen.state, folder=chosen.state.folder or path / "state")
    chosen = replace(chosen, sockets=sockets, state=state)
    places = Places.of(chosen)
    async with (
        open_sockets(chosen, places) as listeners,
        open_daemon(chosen, listeners=listeners, openers=openers) as daemon,
    ):
        yield RunningDaemon(daemon, places.main, places.readonly, places.admin)
