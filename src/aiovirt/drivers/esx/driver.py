"""An open ESX host or vCenter, as the objects hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from aiovirt.drivers.esx.abilities import IMPLEMENTATIONS, MODULES
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.opening import open_session
from aiovirt.drivers.esx.session import EsxAbility, Session
from aiovirt.errors import Closed
from aiovirt.interfaces import Ability, OpenOptions
from aiovirt.model.uri import URI

__all__ = ["IMPLEMENTATIONS", "EsxDriver", "open_driver"]

A = TypeVar("A", bound=Ability)

NO_OPTIONS = OpenOptions()


class EsxDriver:
    """The driver; `open_driver` makes it.

    Attributes:
        session: The connection, for what no ability offers.
    """

    name = DRIVER

    def __init__(self, session: Session) -> None:
        self.session = session
        self._abilities: dict[type[Ability], EsxAbility] = {}

    @property
    def uri(self) -> URI:
        """The URI it was opened with."""
        return self.session.uri

    def ability(self, kind: type[A]) -> A:
        """See `aiovirt.interfaces.Driver.ability`.

        Raises:
            Closed: The driver was closed.
        """
        if self.session.closed:
            raise Closed(f"the connection to {self.session.where} was closed")
        found = self._abilities.get(kind)
        if found is None and kind in MODULES:
            found = self._abilities[kind] = IMPLEMENTATIONS[kind](self.session)
        if isinstance(found, kind):
            return found
        lacking = kind()
        lacking.driver_name = self.name
        return lacking


@asynccontextmanager
async def open_driver(uri: URI, options: OpenOptions = NO_OPTIONS) -> AsyncIterator[EsxDriver]:
    """Open ``esx://user@host`` or ``vpx://user@vcenter/…`` for the length of the ``async with``.

    Raises:
        ConfigError: The URI is wrong; the hint says what would be right.
        AuthenticationFailed: The server does not let us in, or its certificate does not hold.
        AiovirtError: It cannot be reached.

    Cancellation: tasks that were begun are cancelled on the server where they can be.
    """
    async with open_session(uri, options) as session:
        yield EsxDriver(session)
