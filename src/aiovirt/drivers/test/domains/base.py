"""What the abilities about domains share: finding one, and which of its configurations is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.test.domains.machine import Live, Machine
from aiovirt.drivers.test.domains.room import Domains
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.world import World
from aiovirt.model.domain import DomainKey

__all__ = ["CONFIG", "LIVE", "DomainAbility", "meant", "meant_all"]

LIVE: Final = 1
CONFIG: Final = 2


class DomainAbility(TestAbility):
    """An ability about domains."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.domains = world.room(Domains)

    def get(self, domain: DomainKey) -> Machine:
        """The domain.

        Raises:
            NotFound: It is gone.
        """
        return self.domains.get(domain)

    def running(self, domain: DomainKey) -> Live:
        """Its running instance.

        Raises:
            NotFound: It is gone.
            InvalidState: It does not run.
        """
        return self.domains.get(domain).running()


def meant(machine: Machine, flags: int = 0) -> DomainConfig:
    """The one configuration that flags of looking mean.

    Raises:
        InvalidState: It is not there.
    """
    if flags & CONFIG:
        return machine.persistent()
    return machine.running().config if flags & LIVE else machine.config


def meant_all(machine: Machine, flags: int = 0) -> Sequence[DomainConfig]:
    """The configurations that flags of changing mean.

    Raises:
        InvalidState: One is not there.
    """
    if not flags & (LIVE | CONFIG):
        return [machine.config]
    both = []
    if flags & LIVE:
        both.append(machine.running().config)
    if flags & CONFIG:
        both.append(machine.persistent())
        machine.updated = True
    return both
