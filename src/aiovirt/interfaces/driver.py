"""What a driver is to the objects above it: a name, a URI, and the abilities it has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aiovirt.interfaces.ability import Ability
from aiovirt.model.credentials import Credentials
from aiovirt.model.uri import URI

__all__ = ["Driver", "OpenOptions"]

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


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """What an opener is told beside the URI.

    Attributes:
        readonly: Whether nothing may be changed through this connection.
        credentials: Who answers what the host asks of who connects, or None.
        open_peer: Opens another host, for what drivers do between themselves; None forbids that.
    """

    readonly: bool = False
    credentials: Credentials | None = None
    open_peer: Callable[[URI], AbstractAsyncContextManager[Driver]] | None = None
