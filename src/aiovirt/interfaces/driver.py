"""What a driver is to the objects above it: a name, a URI, and the abilities it has."""

from __future__ import annotations

from typing import Protocol, TypeVar

from aiovirt.interfaces.ability import Ability
from aiovirt.model.uri import URI

__all__ = ["Driver"]

A = TypeVar("A", bound=Ability)


class Driver(Protocol):
    """An open driver. It is made by an async context manager and lives inside it."""

    @property
    def name(self) -> str:
        """The driver's name, such as ``QEMU``."""
        raise NotImplementedError

    @property
    def uri(self) -> URI:
        """The URI it was opened with."""
        raise NotImplementedError

    def ability(self, kind: type[A]) -> A:
        """The driver's implementation of an ability.

        An ability the driver lacks is answered with one whose operations raise `Unsupported`.

        Raises:
            Closed: The driver was closed, and cannot tell any more.
        """
        raise NotImplementedError
