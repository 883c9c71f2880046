"""The machines of an inventory by UUID, name and number, kept up to date as changes come in.

Names need not be unique in vCenter, which has folders, nor are UUIDs where files were copied: the
first by reference is found then, unless the key names both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TypeVar
from uuid import UUID

import anyio

from aiovirt.drivers.esx.machine import Machine
from aiovirt.errors import NotFound
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere import Ref

__all__ = ["SETTLE_S", "Machines"]

K = TypeVar("K", bytes, str)

SETTLE_S = 5.0
"""Seconds that a change which the server has carried out may take to be told of."""


class Machines:
    """All machines; iterating gives them by name.

    Args:
        where: The server, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._all: dict[Ref, Machine] = {}
        self._by_uuid: dict[bytes, tuple[Ref, ...]] = {}
        self._by_name: dict[str, tuple[Ref, ...]] = {}
        self._waiting: dict[Ref, anyio.Event] = {}

    def __iter__(self) -> Iterator[Machine]:
        """All of them, sorted by name; templates are among them."""
        return iter(sorted(self._all.values(), key=_order))

    def __len__(self) -> int:
        return len(self._all)

    # --- told by the inventory ------------------------------------------------------------------

    def put(self, ref: Ref, machine: Machine | None) -> Machine | None:
        """Take a machine as it is now, None for one that is gone; what it was before."""
        old = self._all.pop(ref, None)
        if old is not None and (machine is None or machine.key != old.key):
            _drop(self._by_uuid, old.key.uuid_bytes, ref)
            _drop(self._by_name, old.name, ref)
        if machine is not None:
            self._all[ref] = machine
            if old is None or machine.key != old.key:
                _add(self._by_uuid, machine.key.uuid_bytes, ref)
                _add(self._by_name, machine.name, ref)
        event = self._waiting.pop(ref, None)
        if event is not None:
            event.set()
        return old

    # --- looking --------------------------------------------------------------------------------

    def find(self, ref: Ref) -> Machine | None:
        """The machine of a reference, or None."""
        return self._all.get(ref)

    def existing(self, key: DomainKey) -> Machine | None:
        """The machine of a key, or None: that of its UUID, by its name where several have that."""
        found = [self._all[ref] for ref in self._by_uuid.get(key.uuid_bytes, ())]
        return next((each for each in found if each.name == key.name), found[0] if found else None)

    def get(self, key: DomainKey) -> Machine:
        """The machine of a key.

        Raises:
            NotFound: It is not there (any more).
        """
        found = self.existing(key)
        if found is None:
            raise NotFound(
                f"there is no domain {key.name!r} with UUID {key.uuid} at {self._where}",
                hint="it may have been unregistered; aiovirt list --all shows what is there",
            )
        return found

    def named(self, name: str) -> list[Machine]:
        """All machines of a name."""
        return [self._all[ref] for ref in self._by_name.get(name, ())]

    def by_name(self, name: str) -> Machine:
        """The machine of a name.

        Raises:
            NotFound: There is none; near names are the hint.
        """
        found = self.named(name)
        if not found:
            near = get_close_matches(name, self._by_name, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else None
            raise NotFound(f"there is no domain {name!r} at {self._where}", hint=hint)
        return found[0]

    def by_uuid(self, uuid: UUID) -> Machine:
        """The machine of a UUID.

        Raises:
            NotFound: There is none.
        """
        refs = self._by_uuid.get(uuid.bytes)
        if not refs:
            raise NotFound(f"there is no domain with UUID {uuid} at {self._where}")
        return self._all[refs[0]]

    def by_number(self, number: int) -> Machine:
        """The active machine of a number.

        Raises:
            NotFound: There is none.
        """
        for value in (f"vm-{number}", str(number)):
            found = self._all.get(Ref("VirtualMachine", value))
            if found is not None and found.active:
                return found
        raise NotFound(f"there is no domain with the number {number} that runs at {self._where}")

    # --- waiting --------------------------------------------------------------------------------

    async def until(
        self, ref: Ref, test: Callable[[Machine | None], bool], *, bound_s: float = SETTLE_S
    ) -> bool:
        """Wait until the inventory tells of a machine what is so by now; whether it did in time.

        Args:
            ref: Which machine.
            test: What shall be so; it gets None for one that is not there.
            bound_s: Seconds after which it is not waited for any more.
        """
        with anyio.move_on_after(bound_s):
            while not test(self._all.get(ref)):
                await self._waiting.setdefault(ref, anyio.Event()).wait()
            return True
        return False


def _order(machine: Machine) -> tuple[str, str]:
    return machine.name, machine.ref.value


def _add(index: dict[K, tuple[Ref, ...]], at: K, ref: Ref) -> None:
    index[at] = tuple(sorted((*index.get(at, ()), ref), key=lambda each: each.value))


def _drop(index: dict[K, tuple[Ref, ...]], at: K, ref: Ref) -> None:
    left = tuple(each for each in index[at] if each != ref)
    if left:
        index[at] = left
    else:
        del index[at]
