"""A host in memory that no ``async with`` holds: for a fixture, which does not know the loop.

Whether a test runs under pytest-asyncio, under anyio's plugin or calls `asyncio.run` itself, the
host is made before its loop and outlives it.  What goes on by itself on the host runs on the loop
that began it, and ends with that loop at the latest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVarTuple, Unpack

import sniffio

from aiovirt.drivers.test.document import HostDocument
from aiovirt.drivers.test.driver import make_driver
from aiovirt.drivers.test.faults import Faults
from aiovirt.model.uri import URI
from aiovirt.testing.test_host import DEFAULT_URI, TestHost

__all__ = ["loose_host"]

Args = TypeVarTuple("Args")


class _LooseTasks:
    """Tasks of whichever loop runs; the one place where tasks have no group, and why: see above."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start_soon(
        self,
        func: Callable[[Unpack[Args]], Coroutine[Any, Any, Any]],
        *args: *Args,
        name: object = None,
    ) -> None:
        """Start a task on the loop that runs."""

        async def run() -> None:
            await func(*args)

        if sniffio.current_async_library() == "trio":
            import_module("trio").lowlevel.spawn_system_task(run, name=name)
            return
        task = asyncio.get_running_loop().create_task(
            run(), name=None if name is None else str(name)
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def end(self) -> None:
        """Cancel what runs on a loop that is still there."""
        for task in tuple(self._running):
            if not task.get_loop().is_closed():
                task.cancel()


@contextmanager
def loose_host(document: str | None, faults: Faults) -> Iterator[TestHost]:
    """Make a host in memory for the length of a ``with``; see `open_test_host`."""
    tasks = _LooseTasks()
    given = None if document is None else HostDocument.parse(document)
    driver = make_driver(URI.parse(DEFAULT_URI), tasks, given, faults=faults)
    try:
        yield TestHost(driver)
    finally:
        driver.world.events.close()
        tasks.end()
