"""An open connection to a libvirt daemon, as the objects hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any, TypeVar

from aiovirt.drivers.libvirt.abilities import LibvirtAbility, implementation
from aiovirt.drivers.libvirt.link import Link, open_link
from aiovirt.interfaces import Ability, OpenOptions
from aiovirt.model.uri import URI

__all__ = ["LibvirtDriver", "open_driver"]

A = TypeVar("A", bound=Ability)


class LibvirtDriver:
    """The driver; `open_driver` makes it.

    Attributes:
        link: The connection, for what no ability offers.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._abilities: dict[type[Ability], Any] = {}  # each of its own type

    @property
    def name(self) -> str:
        """The name of the daemon's driver, such as ``QEMU``."""
        return self.link.driver_name

    @property
    def uri(self) -> URI:
        """The URI it was opened with."""
        return self.link.uri

    def ability(self, kind: type[A]) -> A:
        """See `aiovirt.interfaces.Driver.ability`.

        Raises:
            Closed: The driver was closed.
        """
        found: A | None = self._abilities.get(kind)
        if found is not None:
            return found
        self.link.check_open()
        made_by = implementation(kind)
        if not issubclass(made_by, LibvirtAbility):
            raise TypeError(f"{made_by.__name__} is no ability of this driver")
        made = made_by(self.link)
        self._abilities[kind] = made
        return made

    def close(self) -> None:
        """Give no abilities any more."""
        self.link.close()
        self._abilities.clear()


@asynccontextmanager
async def open_driver(uri: URI, options: OpenOptions) -> AsyncIterator[LibvirtDriver]:
    """Connect to the daemon that a URI names, for the length of the ``async with``.

    Raises:
        ConfigError: The URI is wrong.
        AuthenticationFailed: The daemon does not let us in.
        AiovirtError: The daemon cannot be reached; the hint says what to do.

    Cancellation: the daemon goes on with what it was asked.
    """
    async with open_link(uri, options) as link:
        with closing(LibvirtDriver(link)) as driver:
            yield driver
