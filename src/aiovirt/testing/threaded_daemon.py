"""A daemon in a thread of its own, for tests that know no event loop: libvirt-python, virsh, ….

It serves a host in memory on sockets in a folder of the test's.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

from anyio.from_thread import BlockingPortal, start_blocking_portal

from aiovirt.drivers.test.driver import open_world
from aiovirt.drivers.test.faults import Faults
from aiovirt.interfaces import Driver
from aiovirt.model.uri import URI
from aiovirt.testing.daemon import RunningDaemon, open_test_daemon
from aiovirt.testing.test_host import DEFAULT_URI, read_host

__all__ = ["ThreadedDaemon", "run_test_daemon"]

Args = TypeVarTuple("Args")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ThreadedDaemon:
    """A daemon that runs in another thread.

    Attributes:
        running: The daemon and its sockets; it belongs to the other thread.
        faults: What is to go wrong on its host. They are made from any thread, and ended by
            `call`: ``daemon.call(fault.remove)``.
    """

    running: RunningDaemon
    faults: Faults
    _portal: BlockingPortal

    @property
    def uri(self) -> str:
        """The URI of its host, for clients in whichever language."""
        return self.running.uri()

    @property
    def socket(self) -> Path:
        """Its read-write socket."""
        return self.running.socket

    def call(
        self,
        function: Callable[[Unpack[Args]], R],
        *args: *Args,
    ) -> R:
        """Call a function in the daemon's thread; its result."""
        return self._portal.call(function, *args)

    def run(
        self,
        function: Callable[[Unpack[Args]], Awaitable[R]],
        *args: *Args,
    ) -> R:
        """Run a coroutine function in the daemon's thread; its result."""
        return self._portal.call(function, *args)


@contextmanager
def run_test_daemon(
    folder: str | os.PathLike[str],
    *,
    document: str | os.PathLike[str] | None = None,
    faults: Faults | None = None,
) -> Iterator[ThreadedDaemon]:
    """Run a daemon that serves a host in memory, for the length of a ``with``.

        with run_test_daemon(tmp_path) as daemon:
            connection = libvirt.open(daemon.uri)

    Args:
        folder: Where its sockets and its state are. The path must be short: that of a socket has
            at most 107 bytes.
        document: What is on the host; see `aiovirt.testing.open_test_host`.
        faults: What is to go wrong on it.
    """
    chosen = Faults() if faults is None else faults

    def opener() -> AbstractAsyncContextManager[Driver]:
        return _open(document, chosen)

    with start_blocking_portal() as portal:
        opened = open_test_daemon(folder, openers={DEFAULT_URI: opener})
        with portal.wrap_async_context_manager(opened) as running:
            try:
                yield ThreadedDaemon(running, chosen, portal)
            finally:
                portal.call(chosen.clear)


@asynccontextmanager
async def _open(document: str | os.PathLike[str] | None, faults: Faults) -> AsyncIterator[Driver]:
    given = await read_host(document)
    async with open_world(URI.parse(DEFAULT_URI), given, faults=faults) as driver:
        yield driver
