"""Objects of an inventory that are read out of turn, and what their reading does to updates.

The stream of updates may bring what was so before an object was read.  It would be told as changes
that there were not, so what differs from what was read is read again instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.clients.backoff import Backoff
from aiovirt.clients.vsphere._batch import Batches
from aiovirt.clients.vsphere._retrieve import Calls, get_many
from aiovirt.clients.vsphere._store import Properties, Store
from aiovirt.clients.vsphere.faults import is_passing
from aiovirt.errors import AiovirtError
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.collector import ObjectUpdate

__all__ = ["Refreshing"]

Key: TypeAlias = tuple[Ref, tuple[str, ...]]
"""An object, and what is read of it."""

AGAIN = 3
"""How often an object is read that changes while it is read."""


class Refreshing:
    """Reads objects into a store; who makes it has `run` run beside.

    Args:
        client: The session.
        store: Where what was read goes.
        paths_of: What is kept of objects of a kind.
    """

    def __init__(
        self, client: Calls, store: Store, paths_of: Callable[[str], tuple[str, ...]]
    ) -> None:
        self._client = client
        self._store = store
        self._paths_of = paths_of
        self._reads: Batches[Key, Properties] = Batches(self._read)
        self._read_lately: set[Ref] = set()
        self._doubted: dict[Ref, None] = {}
        self._doubting = anyio.Event()

    async def run(self) -> None:
        """Read what is asked for and what is doubted, until this is cancelled."""
        async with open_task_group() as tasks:
            tasks.start_soon(self._reads.run)
            while True:
                await self._doubting.wait()
                self._doubting = anyio.Event()
                await self._read_again()

    async def refresh(self, refs: Sequence[Ref], paths: tuple[str, ...]) -> None:
        """See `Inventory.refresh`."""
        left = list(dict.fromkeys(refs))
        for again in range(AGAIN, 0, -1):
            before = {ref: self._store.objects.get(ref) for ref in left}
            keys = {ref: (ref, paths or self._paths_of(ref.kind)) for ref in left}
            found = await self._reads.get(*keys.values())
            left = []
            for ref, key in keys.items():
                now = self._store.objects.get(ref)
                if now is not before[ref] and now is not None and again > 1:
                    left.append(ref)  # told meanwhile: which is newer cannot be known
                elif now is not None or before[ref] is None:
                    self._put(ref, key[1], found.get(key), now)
            if not left:
                return

    def _put(
        self, ref: Ref, paths: tuple[str, ...], found: Properties | None, now: Properties | None
    ) -> None:
        if found is not None and now is not None:
            kept = {path: value for path, value in now.items() if path not in paths}
            found = {**kept, **found}
        self._read_lately.add(ref)
        self._store.put(ref, found)

    async def _read(self, keys: tuple[Key, ...]) -> Mapping[Key, Properties]:
        by_paths: dict[tuple[str, ...], list[Ref]] = {}
        for ref, paths in keys:
            by_paths.setdefault(paths, []).append(ref)
        found: dict[Key, Properties] = {}
        for paths, refs in by_paths.items():
            told = await get_many(self._client, refs, paths)
            found |= {(ref, paths): known for ref, known in told.items()}
        return found

    # --- what the stream of updates brings ----------------------------------------------------

    def doubts(self, update: ObjectUpdate) -> bool:
        """Whether an update may be older than what was read, and is to be read again instead."""
        if update.obj not in self._read_lately or self._store.listing or update.kind == "leave":
            return False
        if self._store.would_change(update):
            self._doubted[update.obj] = None
        return True

    def settle_doubts(self) -> None:
        """Read again what was doubted. It does not wait."""
        if self._doubted:
            self._doubting.set()

    def trust(self) -> None:
        """What is asked of the stream from now on is newer than what was read."""
        self._read_lately.clear()

    async def _read_again(self) -> None:
        doubted, self._doubted = self._doubted, {}
        backoff = Backoff()
        while doubted:
            try:
                await self.refresh(tuple(doubted), ())
            except AiovirtError as error:
                if not is_passing(error):
                    return  # whoever calls next is told
                await anyio.sleep(backoff.next())
            else:
                return
