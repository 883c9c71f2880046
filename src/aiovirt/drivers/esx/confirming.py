"""Asks for machines anew whose states are assumed: each assumption is confirmed, or given up.

What a task of ours has done is known at once, and the stream of the inventory tells it later.  It
does not when somebody else has undone it before the server looked, and what it tells meanwhile may
be older than the task.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import anyio

from aiovirt.clients.vsphere import Inventory, VSphereClient
from aiovirt.drivers.esx.watcher import Assumption, Watcher
from aiovirt.errors import AiovirtError
from aiovirt.protocols.vsphere import Ref

__all__ = ["PATIENCE_S", "confirm"]

log = logging.getLogger("aiovirt.esx")

PATIENCE_S: Final = 1.0
"""Seconds that the stream has to tell what a task has done, before it is asked for."""


def confirm(client: VSphereClient, inventory: Inventory, watcher: Watcher) -> None:
    """See to it, as long as the client is open, that nothing stays assumed."""
    confirming = _Confirming(client, inventory, watcher)
    watcher.on_assume = confirming.assumed
    client.start_soon(confirming.run)


class _Confirming:
    """Asks beside all else."""

    def __init__(self, client: VSphereClient, inventory: Inventory, watcher: Watcher) -> None:
        self._where = client.where
        self._inventory = inventory
        self._watcher = watcher
        self._something = anyio.Event()

    def assumed(self) -> None:
        """Something is assumed: in a while nothing of it shall be left."""
        self._something.set()

    async def run(self) -> None:
        """Give up what has been assumed for too long; it waits while nothing is."""
        while True:
            await self._something.wait()
            before = dict(self._watcher.assumed)
            await anyio.sleep(PATIENCE_S)
            left = {ref: one for ref, one in before.items() if self._is_still(ref, one)}
            if left:
                await self._ask(left)
            if not self._watcher.assumed:
                self._something = anyio.Event()

    def _is_still(self, ref: Ref, assumption: Assumption) -> bool:
        return self._watcher.assumed.get(ref) is assumption

    async def _ask(self, assumptions: Mapping[Ref, Assumption]) -> None:
        try:
            await self._inventory.refresh(*assumptions)
        except AiovirtError as error:
            log.info("%s does not tell how its machines are: %s", self._where, error)
        for ref, assumption in assumptions.items():
            if self._is_still(ref, assumption):  # else it is newer than the answer
                self._watcher.settle(ref)
