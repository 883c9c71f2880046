"""Which configuration a change is about: the running instance's, the definition, or both.

libvirt's flags say it: `VIR_DOMAIN_AFFECT_LIVE` and `_CONFIG`; without them it is the running
instance if there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.errors import InvalidState

__all__ = ["CONFIG", "LIVE", "Meant", "change_live", "looked_at", "meant", "redefine"]

LIVE, CONFIG = 1, 2


class Meant(NamedTuple):
    """What is meant by some flags.

    Attributes:
        live: The running instance, or None if it is not meant.
        definition: The definition, or None if it is not meant.
    """

    live: LiveDomain | None
    definition: DomainConfig | None


def meant(domain: ManagedDomain, flags: int) -> Meant:
    """What of a domain is meant.

    Raises:
        InvalidState: The running instance is, of a domain that is off; or the definition of one
            that is transient.
    """
    live, config = bool(flags & LIVE), bool(flags & CONFIG)
    if not live and not config:
        live = domain.live is not None
        config = not live
    if config and domain.definition is None:
        raise InvalidState(
            f"domain {domain.name!r} is transient: it has no definition",
            hint="change the running instance",
        )
    return Meant(domain.running() if live else None, domain.definition if config else None)


def looked_at(domain: ManagedDomain, flags: int) -> DomainConfig:
    """The configuration that is asked for; errors as `meant`."""
    found = meant(domain, flags)
    return found.live.config if found.live else domain.config(inactive=True)


async def redefine(
    engine: Engine,
    domain: ManagedDomain,
    change: Callable[[DomainConfig], None],
    *,
    happened: bool = False,
) -> None:
    """Change the definition; it is safely on disk when this returns.

    Args:
        engine: The driver.
        domain: Which domain.
        change: What to change.
        happened: Whether it only follows what has happened to the disks, which nothing refuses.

    Raises:
        InvalidState: The domain is transient.
        ConfigError: The change is refused; nothing has changed.
    """
    async with engine.defining:
        if domain.definition is None:
            raise InvalidState(f"domain {domain.name!r} is transient: it has no definition")
        config = domain.definition.copy()
        change(config)
        if not happened:
            config.check()
        await engine.root.save_definition(config)
        domain.definition = config
        domain.updated = True


async def change_live(
    engine: Engine,
    domain: ManagedDomain,
    live: LiveDomain,
    change: Callable[[DomainConfig], None],
) -> None:
    """Note a change that the running instance has undergone, also for the next process."""
    change(live.config)
    domain.touched()
    domain.updated = True
    await engine.save_status(domain, live)
