"""Files that clients hand over for disks (`virDomainFDAssociate`): theirs until they go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiovirt.errors import CallerError
from aiovirt.interfaces import Definition
from aiovirt.interfaces.driver import Driver
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import domain_devices as d

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["MAX_GROUPS", "Handing", "is_handing"]

MAX_GROUPS: Final = 256
"""How many groups of files one client may have handed over: each keeps descriptors open."""


def is_handing(procedure: Procedure[Any, Any]) -> bool:
    """Whether a procedure hands files over."""
    return procedure is d.DOMAIN_FD_ASSOCIATE


class Handing:
    """Who handed over which group of files last: another client's is not taken back.

    Args:
        driver: What keeps the files.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._last: dict[tuple[DomainKey, str], Session] = {}

    @staticmethod
    def check(session: Session, domain: DomainKey, name: str) -> None:
        """See that a client may hand over one more group.

        Raises:
            CallerError: It has handed over too many.
        """
        mine = session.data.get(Handing, ())
        if len(mine) >= MAX_GROUPS and (domain, name) not in mine:
            raise CallerError(
                f"a client may hand over {MAX_GROUPS} groups of files, and has handed them over",
                hint="close the connection, or undefine domains that have some",
            )

    async def arrange(self, session: Session, domain: DomainKey, name: str) -> None:
        """Let the driver forget a group when the client goes, or now if it has gone."""
        self._last[domain, name] = session
        mine: set[tuple[DomainKey, str]] | None = session.data.get(Handing)
        if mine is not None:
            mine.add((domain, name))
            return
        session.data[Handing] = {(domain, name)}
        await session.at_end(partial(self._forget, session))

    async def _forget(self, session: Session) -> None:
        for domain, name in session.data.pop(Handing, ()):
            if self._last.get((domain, name)) is session:
                del self._last[domain, name]
                await self._driver.ability(Definition).associate_files(domain, name, ())
