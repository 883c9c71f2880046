"""Things of one kind on the host in memory, found by UUID or by name. State only."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from aiovirt.errors import AlreadyExists, NotFound

__all__ = ["Shelf", "Thing"]


class Thing(Protocol):
    """What can stand on a shelf."""

    @property
    def name(self) -> str:
        """Its name, which no other on the shelf has."""
        raise NotImplementedError

    @property
    def uuid(self) -> UUID | None:
        """Its UUID, which no other on the shelf has; None where its kind has none."""
        raise NotImplementedError


T = TypeVar("T", bound=Thing)


class Shelf(Generic[T]):
    """Things of one kind; iterating gives them by name.

    Args:
        what: What one of them is called in messages: ``domain``, ``storage pool``, ….
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._by_name: dict[str, T] = {}
        self._by_uuid: dict[UUID, T] = {}

    def __iter__(self) -> Iterator[T]:
        """All of them, by name; the shelf may change meanwhile."""
        return iter([self._by_name[name] for name in sorted(self._by_name)])

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, thing: T) -> None:
        """Put one on the shelf.

        Raises:
            AlreadyExists: Its name or UUID is taken.
        """
        self.check_free(thing.uuid, thing.name)
        self._by_name[thing.name] = thing
        if thing.uuid is not None:
            self._by_uuid[thing.uuid] = thing

    def remove(self, thing: T) -> None:
        """Take one off. Doing it twice is no error."""
        if self._by_name.get(thing.name) is thing:
            del self._by_name[thing.name]
            if thing.uuid is not None:
                del self._by_uuid[thing.uuid]

    def check_free(self, uuid: UUID | None, name: str) -> None:
        """See that neither name nor UUID belongs to one.

        Raises:
            AlreadyExists: One does.
        """
        same = self._by_name.get(name) or (self._by_uuid.get(uuid) if uuid else None)
        if same is not None:
            raise AlreadyExists(
                f"{self.what} {same.name!r} already exists with UUID {same.uuid}"
                if same.uuid
                else f"{self.what} {same.name!r} already exists"
            )

    def existing(self, uuid: UUID | None, name: str) -> T | None:
        """The one of exactly this UUID and name; of this name where no UUID is given.

        Raises:
            AlreadyExists: One of the two belongs to another.
        """
        found = self._by_name.get(name)
        if found is not None and uuid in {None, found.uuid}:
            return found
        self.check_free(uuid, name)
        return None

    def find(self, name: str) -> T | None:
        """The one of that name, or None."""
        return self._by_name.get(name)

    def by_name(self, name: str) -> T:
        """The one of that name.

        Raises:
            NotFound: There is none; near names are the hint.
        """
        found = self._by_name.get(name)
        if found is None:
            near = get_close_matches(name, self._by_name, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else None
            raise NotFound(f"there is no {self.what} {name!r}", hint=hint)
        return found

    def by_uuid(self, uuid: UUID, name: str | None = None) -> T:
        """The one of that UUID; `name` is for the message only.

        Raises:
            NotFound: There is none.
        """
        found = self._by_uuid.get(uuid)
        if found is None:
            called = f" {name!r}" if name else ""
            raise NotFound(f"there is no {self.what}{called} with UUID {uuid}")
        return found
