"""What networks and storage pools have in common: two configurations, and how they are listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from aiovirt.config import Document
from aiovirt.errors import InvalidState, NotFound
from aiovirt.model.constants import ConnectListAllNetworksFlags as Flags
from aiovirt.model.flags import fits

__all__ = ["FILTERS", "Managed", "Named", "choose", "chosen", "wanted"]

C = TypeVar("C", bound=Document)


class Named(Protocol):
    """What can be listed."""

    @property
    def active(self) -> bool:
        """Whether it runs."""
        raise NotImplementedError

    @property
    def persistent(self) -> bool:
        """Whether it has a definition."""
        raise NotImplementedError

    @property
    def autostart(self) -> bool:
        """Whether it starts with the host."""
        raise NotImplementedError


N = TypeVar("N", bound=Named)


@dataclass(eq=False)
class Managed(Generic[C]):
    """Something that can be defined, and run.

    Attributes:
        what: What it is called in messages.
        name: Its name.
        uuid: Its UUID.
        live: What it is while it runs, or None.
        definition: What it is the next time, or None for what is transient.
        autostart: Whether it starts with the host.
    """

    what: str
    name: str
    uuid: UUID
    live: C | None = None
    definition: C | None = None
    autostart: bool = False

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self.live is not None

    @property
    def persistent(self) -> bool:
        """Whether it has a definition."""
        return self.definition is not None

    def current(self, *, inactive: bool = False) -> C:
        """The configuration that counts now, or the definition where there is one.

        Raises:
            NotFound: It was undefined and stopped just now.
        """
        found = (self.definition or self.live) if inactive else (self.live or self.definition)
        if found is None:
            raise NotFound(f"{self.what} {self.name!r} is gone")
        return found

    def check_active(self) -> C:
        """See that it runs; its live configuration.

        Raises:
            InvalidState: It does not.
        """
        if self.live is None:
            raise InvalidState(f"{self.what} {self.name!r} is not active", hint="start it first")
        return self.live

    def check_inactive(self) -> None:
        """See that it does not run.

        Raises:
            InvalidState: It does.
        """
        if self.live is not None:
            raise InvalidState(f"{self.what} {self.name!r} is active", hint="stop it first")

    def check_persistent(self) -> C:
        """See that it has a definition, and give it.

        Raises:
            InvalidState: It has none.
        """
        if self.definition is None:
            raise InvalidState(f"{self.what} {self.name!r} is transient: it has no definition")
        return self.definition


def wanted(flags: int, yes: int, no: int) -> bool | None:
    """What one pair of libvirt's filter flags asks for; None for either."""
    return None if bool(flags & yes) == bool(flags & no) else bool(flags & yes)


def chosen(asked: bool | None, is_so: bool) -> bool:  # noqa: FBT001 - a pair of answers
    """Whether a thing is what is asked for."""
    return asked is None or asked is is_so


_GROUPS: Final[tuple[Mapping[int, Callable[[Named], bool]], ...]] = (
    {Flags.ACTIVE: lambda thing: thing.active, Flags.INACTIVE: lambda thing: not thing.active},
    {
        Flags.PERSISTENT: lambda thing: thing.persistent,
        Flags.TRANSIENT: lambda thing: not thing.persistent,
    },
    {
        Flags.AUTOSTART: lambda thing: thing.autostart,
        Flags.NO_AUTOSTART: lambda thing: not thing.autostart,
    },
)
"""Flags of listing networks, by group -> what they ask; those of pools have the same numbers."""

FILTERS: Final = sum(flag for group in _GROUPS for flag in group)
"""All of them."""


def choose(
    things: Iterable[N],
    *,
    flags: int = 0,
    active: bool | None = None,
    persistent: bool | None = None,
    autostart: bool | None = None,
) -> list[N]:
    """Those that are what is asked for, by libvirt's flags or without them."""
    return [
        thing
        for thing in things
        if fits(thing, flags, _GROUPS)
        and chosen(active, thing.active)
        and chosen(persistent, thing.persistent)
        and chosen(autostart, thing.autostart)
    ]
