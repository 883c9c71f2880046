"""Titles, descriptions and others' elements of domains of the host in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.common.metadata import read_metadata, write_metadata
from aiovirt.drivers.test.domains.base import DomainAbility, meant, meant_all
from aiovirt.drivers.test.numbers import numbered
from aiovirt.errors import NotFound
from aiovirt.interfaces import Definition, MetadataKind, immediate
from aiovirt.model.constants import DomainMetadataType, ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import MetadataChangeEvent

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact

__all__ = ["TestMetadata"]


class TestMetadata(DomainAbility, Definition):
    """The part of `Definition` that is about metadata."""

    __test__ = False

    @immediate
    async def metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        uri: str | None = None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> str:
        """See `Definition.metadata`."""
        config = meant(self.get(domain), flags)
        found = read_metadata(config, kind, uri)
        if found is None:
            what = f"element of {uri!r}" if kind == "element" else kind
            error = NotFound(f"domain {domain.name!r} has no {what}")
            raise numbered(error, ErrorNumber.ERR_NO_DOMAIN_METADATA, ErrorDomain.DOMAIN)
        return found

    async def set_metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        text: str | None,
        *,
        key: str | None = None,
        uri: str | None = None,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Definition.set_metadata`."""
        machine = self.get(domain)
        for config in meant_all(machine, flags):
            write_metadata(config, kind, text, key=key, uri=uri)
        self.world.publish(
            MetadataChangeEvent(
                time=self.world.now(),
                domain=machine.key,
                type=DomainMetadataType[kind.upper()],
                uri=uri,
            )
        )
