"""I/O threads of domains of the host in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.iothreads import (
    add_iothread,
    check_iothread,
    delete_iothread,
    iothread_ids,
    set_polling,
)
from aiovirt.drivers.test.domains.base import DomainAbility, meant, meant_all
from aiovirt.drivers.test.domains.pins import check_cpus, pin, pinned
from aiovirt.interfaces import Processors, immediate
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import TypedParams
from aiovirt.model.tuning import IOThread

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact

__all__ = ["TestIOThreads"]


class TestIOThreads(DomainAbility, Processors):
    """The part of `Processors` that is about I/O threads."""

    __test__ = False

    @immediate
    async def iothreads(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Sequence[IOThread]:
        """See `Processors.iothreads`."""
        config = meant(self.get(domain), flags)
        return [
            IOThread(number, pinned(config, "iothreadpin", iothread=number))
            for number in iothread_ids(config)
        ]

    async def pin_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.pin_iothread`."""
        places = check_cpus(cpus)
        for config in meant_all(self.get(domain), flags):
            check_iothread(config, iothread)
            pin(config, "iothreadpin", places, iothread=iothread)

    async def add_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.add_iothread`."""
        _change(meant_all(self.get(domain), flags), partial(add_iothread, number=iothread))

    async def delete_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.delete_iothread`."""
        _change(meant_all(self.get(domain), flags), partial(delete_iothread, number=iothread))

    async def set_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.set_iothread`."""
        change = partial(set_polling, number=iothread, params=params)
        _change(meant_all(self.get(domain), flags), change)


def _change(configs: Iterable[DomainConfig], change: Callable[[DomainConfig], None]) -> None:
    """Change documents, or none of them."""
    found = list(configs)
    for config in found:
        change(config.copy())
    for config in found:
        change(config)
