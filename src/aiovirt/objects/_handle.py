"""What all handles are: a driver, a key, and equal to another handle of the same thing."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from aiovirt.interfaces import Driver

__all__ = ["Handle", "NamedHandle"]


class _Named(Hashable, Protocol):
    """A key of something that has both a UUID and a name."""

    @property
    def uuid(self) -> UUID: ...

    @property
    def name(self) -> str: ...


KeyT = TypeVar("KeyT", bound=Hashable)
NamedT = TypeVar("NamedT", bound=_Named)


class Handle(Generic[KeyT]):
    """One thing of a host. Handles are equal when they hold the same thing by the same driver."""

    def __init__(self, driver: Driver, key: KeyT) -> None:
        self._driver = driver
        self.key = key

    @property
    def _identity(self) -> Hashable:
        """What of the key makes it the same thing: all of it, where nothing of it can change."""
        return self.key

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._identity == other._identity and self._driver is other._driver

    def __hash__(self) -> int:
        return hash(self._identity)


class NamedHandle(Handle[NamedT]):
    """One thing of a UUID, which it keeps, and a name, which it may change."""

    @property
    def _identity(self) -> UUID:
        return self.key.uuid

    @property
    def name(self) -> str:
        """The name."""
        return self.key.name

    @property
    def uuid(self) -> UUID:
        """The UUID."""
        return self.key.uuid

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.uuid}>"
