"""An open test driver: a world, and the abilities over it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from aiovirt._tasks import open_task_group
from aiovirt.config import Document, DomainConfig
from aiovirt.drivers.test import domains, resources
from aiovirt.drivers.test.document import HostDocument, read_document
from aiovirt.drivers.test.domains.loading import load_domain
from aiovirt.drivers.test.domains.room import Domains
from aiovirt.drivers.test.faults import Faults
from aiovirt.drivers.test.hooks import TestAbility, hooked
from aiovirt.drivers.test.initial import DEFAULT
from aiovirt.drivers.test.reading import reading
from aiovirt.drivers.test.world import Tasks, World
from aiovirt.errors import Closed, ConfigError, XMLError
from aiovirt.interfaces import Ability, OpenOptions
from aiovirt.model.uri import URI

__all__ = ["IMPLEMENTATIONS", "TestDriver", "make_driver", "open_driver", "open_world"]

A = TypeVar("A", bound=Ability)

NO_OPTIONS = OpenOptions()

IMPLEMENTATIONS: Mapping[type[Ability], type[TestAbility]] = {
    **domains.IMPLEMENTATIONS,
    **resources.IMPLEMENTATIONS,
}
"""The abilities the driver has, and by what."""

LOADERS: Mapping[type[Document], Callable[[World, Document], None]] = {
    DomainConfig: load_domain,
    **resources.LOADERS,
}
"""What puts a part of a host's document into the world."""

DEFAULT_PATH = "/default"


class TestDriver:
    """An open host in memory; `open_driver` makes it.

    Attributes:
        world: The host itself, for tests that look behind the abilities.
    """

    __test__ = False
    name = "TEST"

    def __init__(self, uri: URI, world: World, *, readonly: bool = False) -> None:
        self.uri = uri
        self.world = world
        self._abilities = {
            kind: (reading(kind, make) if readonly else make)(world)
            for kind, make in IMPLEMENTATIONS.items()
        }
        self._hooked: dict[type[Ability], TestAbility] = {}

    def ability(self, kind: type[A]) -> A:
        """See `aiovirt.interfaces.Driver.ability`.

        Raises:
            Closed: The driver was closed.
        """
        if self.world.events.closed:
            raise Closed("the host was closed: its `async with` block has ended")
        found = self._abilities.get(kind)
        if found is not None and self.world.watched:
            found = self._with_faults(kind, type(found))
        if isinstance(found, kind):
            return found
        lacking = kind()
        lacking.driver_name = self.name
        return lacking

    def _with_faults(self, kind: type[Ability], implementation: type[TestAbility]) -> TestAbility:
        if kind not in self._hooked:
            self._hooked[kind] = hooked(kind, implementation)(self.world)
        return self._hooked[kind]


@asynccontextmanager
async def open_driver(uri: URI, options: OpenOptions = NO_OPTIONS) -> AsyncIterator[TestDriver]:
    """Open ``test:///default`` or ``test:///PATH`` inside this process, a host of its own.

    Raises:
        ConfigError: The document is wrong: its line is named.

    Cancellation: what goes on by itself there ends.
    """
    if not uri.path.strip("/"):
        raise ConfigError(
            f"the connection URI {uri} names no host",
            field="path",
            hint="test:///default, or test:///PATH of a document",
        )
    given = None if uri.path == DEFAULT_PATH else await read_document(uri.path)
    async with open_world(uri, given) as driver:
        yield TestDriver(uri, driver.world, readonly=True) if options.readonly else driver


@asynccontextmanager
async def open_world(
    uri: URI,
    document: HostDocument | None = None,
    *,
    faults: Faults | None = None,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[TestDriver]:
    """Open a host in memory.

    Args:
        uri: What it is known by.
        document: What there is; the default host's if None.
        faults: What shall go wrong, when calls are to be counted or to fail; only with it.
        now: The clock.
    """
    async with open_task_group() as tasks:
        driver = make_driver(uri, tasks, document, faults=faults, now=now)
        try:
            yield driver
        finally:
            driver.world.room(Domains).close()
            driver.world.events.close()
            tasks.cancel_scope.cancel()


def make_driver(
    uri: URI,
    tasks: Tasks,
    document: HostDocument | None = None,
    *,
    faults: Faults | None = None,
    now: Callable[[], float] = time.time,
) -> TestDriver:
    """Make a host in memory for somebody else's tasks; for the rest see `open_world`.

    It is closed by closing the events of its world, before the tasks end.
    """
    world = World(tasks, now=now, faults=faults)
    _furnish(world, HostDocument.parse(DEFAULT) if document is None else document)
    return TestDriver(uri, world)


def _furnish(world: World, document: HostDocument) -> None:
    """Put what a document says into the world.

    Raises:
        ConfigError: Some of it is wrong; the file is named.
    """
    for part, origin in document.parts:
        try:
            LOADERS[type(part)](world, part)
        except XMLError as error:
            raise (error.within(origin) if origin else error) from None
