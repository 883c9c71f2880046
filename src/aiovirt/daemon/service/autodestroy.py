"""Domains that end with the client that started them (`VIR_DOMAIN_START_AUTODESTROY`).

The flag is about the client's connection, so no driver sees it.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from aiovirt._tasks import open_task_group
from aiovirt.daemon.service.numbers import Numbers
from aiovirt.errors import AiovirtError, InvalidState, NotFound
from aiovirt.interfaces import Lifecycle
from aiovirt.interfaces.driver import Driver
from aiovirt.model.constants import DomainCreateFlags
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["arrange", "is_starting", "without_flag"]

log = logging.getLogger("aiovirt.daemon.service")

FIRST_LOOK = 64
"""How many runs are kept before it is looked which of them have ended."""

_FLAG = int(DomainCreateFlags.START_AUTODESTROY)

_STARTING: frozenset[Procedure[Any, Any]] = frozenset(
    {
        d.DOMAIN_CREATE_WITH_FLAGS,
        d.DOMAIN_CREATE_WITH_FILES,
        d.DOMAIN_CREATE_XML,
        d.DOMAIN_CREATE_XML_WITH_FILES,
    }
)


def is_starting(procedure: Procedure[Any, Any]) -> bool:
    """Whether a procedure has the flag."""
    return procedure in _STARTING


def without_flag(args: Any) -> tuple[Any, bool]:  # noqa: ANN401 - of four procedures
    """The arguments without the flag, and whether it was there."""
    if not args.flags & _FLAG:
        return args, False
    return msgspec.structs.replace(args, flags=args.flags & ~_FLAG), True


class _Bound:
    """The domains that end with one client, each with the number of its run."""

    def __init__(self, driver: Driver, numbers: Numbers) -> None:
        self._driver = driver
        self._numbers = numbers
        self._runs: dict[DomainKey, int] = {}
        self._most = FIRST_LOOK

    def add(self, domain: DomainKey, run: int) -> None:
        """Add one that was started just now."""
        self._runs[domain] = run

    async def forget_ended(self) -> None:
        """Keep no runs that have ended, when there are many."""
        if len(self._runs) > self._most:
            numbers = await self._numbers.all()
            still = {key: run for key, run in self._runs.items() if key.uuid_bytes in numbers}
            self._runs, self._most = still, max(FIRST_LOOK, 2 * len(still))

    async def end(self, session: Session) -> None:
        """End them all at once: one that is slow to end holds up no other."""
        session.data.pop(_Bound, None)
        async with open_task_group() as tasks:
            for domain, run in self._runs.items():
                tasks.start_soon(self._destroy, domain, run)

    async def _destroy(self, domain: DomainKey, run: int) -> None:
        if await self._numbers.of(domain) != run:
            return  # that run has ended, and the next is somebody else's
        try:
            await self._driver.ability(Lifecycle).destroy(domain)
        except (InvalidState, NotFound):  # it has ended before
            return
        except AiovirtError as error:
            log.warning("%s was to end with its client: %s", domain.name, error)


async def arrange(session: Session, reply: Struct) -> None:
    """Let the domain that was started end when the client goes, or now if it has gone."""
    host = session.host
    if host is None:
        return
    domain: DomainKey = DomainKey.from_wire(getattr(reply, "dom"))  # noqa: B009 - of four replies
    run = await host.operations.numbers.of(domain)
    bound: _Bound | None = session.data.get(_Bound)
    if bound is not None:  # and its end is still to come, however long the number took
        bound.add(domain, run)
        await bound.forget_ended()
        return
    bound = session.data[_Bound] = _Bound(host.driver, host.operations.numbers)
    bound.add(domain, run)
    await session.at_end(partial(bound.end, session))
