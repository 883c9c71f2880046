"""A host in memory for the tests of programs that use aiovirt: everything is there, nothing real.

`open_test_host` is for an ``async with``; the fixtures of the pytest plugin are made of the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiovirt.drivers.test.document import HostDocument, read_document
from aiovirt.drivers.test.driver import TestDriver, open_world
from aiovirt.drivers.test.faults import Faults
from aiovirt.model.uri import URI
from aiovirt.objects import Connection

__all__ = ["DEFAULT_URI", "TestHost", "open_test_host", "read_host"]

DEFAULT_URI = "test:///default"


class TestHost(Connection):
    """A host in memory, as `aiovirt.open` would give it.

    Attributes:
        faults: What is to go wrong on it, and how often each operation was called.
    """

    __test__ = False

    def __init__(self, driver: TestDriver) -> None:
        super().__init__(driver)
        self.faults: Faults = driver.world.faults


@asynccontextmanager
async def open_test_host(
    document: str | os.PathLike[str] | None = None,
    *,
    faults: Faults | None = None,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[TestHost]:
    """Open a host in memory, a new one each time, for the length of an ``async with``.

        async with open_test_host() as host:
            host.faults.fail("Lifecycle.start", aiovirt.errors.HostError)
            ...

    Args:
        document: What there is, in the format of libvirt's test driver: a ``<node>`` as text, or
            the path of a file. None is the host of ``test:///default``: a domain ``test`` that
            runs, a network ``default``, a pool ``default-pool``, some devices. ``<node/>`` is a
            host with nothing.
        faults: What is to go wrong, when it is made before the host; see `TestHost.faults`.
        now: The host's clock: seconds since 1970.

    Raises:
        ConfigError: The document is wrong: its line is named.

    Cancellation: the host is closed.
    """
    given = await read_host(document)
    chosen = Faults() if faults is None else faults
    async with open_world(URI.parse(DEFAULT_URI), given, faults=chosen, now=now) as driver:
        yield TestHost(driver)


async def read_host(document: str | os.PathLike[str] | None) -> HostDocument | None:
    """The document of a host, from a text or from a file; see `open_test_host`."""
    if document is None:
        return None
    if isinstance(document, str):
        return HostDocument.parse(document)
    return await read_document(os.fspath(document))
