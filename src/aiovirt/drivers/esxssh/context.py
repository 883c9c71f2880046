"""What the abilities of one open host share, and what they are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from aiovirt.drivers.common.turns import Turns
from aiovirt.drivers.esxssh.datastores import Datastores
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.inventory import Inventory, Machine
from aiovirt.drivers.esxssh.watcher import Watcher
from aiovirt.interfaces import Ability
from aiovirt.model.domain import DomainKey
from aiovirt.model.uri import URI

__all__ = ["DRIVER", "Context", "EsxAbility"]

DRIVER = "ESX"
"""The driver's name, which is libvirt's, too."""


@dataclass(slots=True)
class Context:
    """An open host.

    Attributes:
        uri: What it was opened with.
        host: Its commands.
        inventory: Its machines.
        datastores: Its datastores.
        watcher: What happens to its machines.
    """

    uri: URI
    host: EsxHost
    inventory: Inventory
    datastores: Datastores
    watcher: Watcher
    _turns: Turns[UUID] = field(default_factory=Turns)

    @asynccontextmanager
    async def turn(self, uuid: UUID) -> AsyncIterator[None]:
        """Wait until nobody else changes a machine, and let nobody else do so."""
        async with self._turns.of(uuid):
            with self.watcher.change(uuid):
                yield

    @asynccontextmanager
    async def changing(self, domain: DomainKey) -> AsyncIterator[Machine]:
        """Change a machine, after all others who want to; the machine as it is then.

        Raises:
            NotFound: It is not there.
        """
        async with self.turn(domain.uuid):
            yield await self.inventory.get(domain)


class EsxAbility(Ability):
    """An ability of this driver."""

    driver_name = DRIVER

    def __init__(self, context: Context) -> None:
        self.context = context
        self.host = context.host
        self.inventory = context.inventory
