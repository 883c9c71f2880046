"""The numbers of running domains: libvirt's clients want one with each domain they are told of.

Keys have none, since a number changes with each start; so replies are completed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import msgspec

from aiovirt.errors import AiovirtError
from aiovirt.interfaces import Definition, is_immediate
from aiovirt.interfaces.driver import Driver
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.protocols.xdr import Struct

__all__ = ["NO_NUMBER", "Numbers", "Place", "place_of"]

NO_NUMBER = -1
"""The number of a domain that does not run."""


class Place(msgspec.Struct, frozen=True):
    """Where the domains of a reply are.

    Attributes:
        field: The reply's field.
        many: Whether it is a list.
    """

    field: str
    many: bool


class Numbers:
    """Completes replies with the numbers of one driver's domains."""

    def __init__(self, driver: Driver) -> None:
        self._definition = driver.ability(Definition)
        self.immediate = is_immediate(self._definition.record)
        self.immediate_lists = is_immediate(self._definition.records)

    async def of(self, key: DomainKey) -> int:
        """The number of a domain, or -1."""
        try:
            record = await self._definition.record(key)
        except AiovirtError:  # it went meanwhile, or the driver cannot tell
            return NO_NUMBER
        return NO_NUMBER if record.id is None else record.id

    async def all(self) -> dict[bytes, int]:
        """The numbers of all running domains, by the bytes of their UUIDs."""
        try:
            records = await self._definition.records()
        except AiovirtError:
            return {}
        return {one.key.uuid_bytes: one.id for one in records if one.id is not None}

    async def number(self, domains: Sequence[Domain]) -> list[Domain]:
        """The domains with their numbers."""
        numbers = await self.all() if domains else {}
        return [_numbered(one, numbers.get(one.uuid, NO_NUMBER)) for one in domains]

    async def complete(self, place: Place, reply: Struct) -> Struct:
        """The reply with the numbers of its domains."""
        value: Any = getattr(reply, place.field)
        if value is None or value == []:
            return reply
        if place.many:
            value = await self.number(value)
        else:
            value = _numbered(value, await self.of(DomainKey.from_wire(value)))
        return msgspec.structs.replace(reply, **{place.field: value})


def _numbered(domain: Domain, number: int) -> Domain:
    return domain if domain.id == number else Domain(domain.name, domain.uuid, number)


def place_of(procedure: Procedure[Any, Any]) -> Place | None:
    """Where a procedure's reply has domains, or None."""
    for name, kind in get_type_hints(procedure.ret).items():
        if kind is Domain:
            return Place(name, many=False)
        if get_args(kind)[:1] == (Domain,) and kind.__origin__ is list:
            return Place(name, many=True)
    return None
