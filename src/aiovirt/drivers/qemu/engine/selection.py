"""Which domains a list's flags choose: flags of one group add up, groups narrow each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.model.constants import ConnectListAllDomainsFlags as Flags
from aiovirt.model.domain import DomainState
from aiovirt.model.flags import asked

__all__ = ["KNOWN", "chosen"]

_Test = Callable[[Engine, ManagedDomain], bool]


def _in_state(*states: DomainState) -> _Test:
    return lambda _engine, domain: domain.state in states


def _has_snapshots(engine: Engine, domain: ManagedDomain) -> bool:
    return engine.root.has_points("snapshots", domain.key.uuid)


def _has_checkpoints(engine: Engine, domain: ManagedDomain) -> bool:
    return engine.root.has_points("checkpoints", domain.key.uuid)


def _has_managed_save(engine: Engine, domain: ManagedDomain) -> bool:
    return engine.root.managed_save(domain.key.uuid).exists()


def _not(test: _Test) -> _Test:
    return lambda engine, domain: not test(engine, domain)


_KNOWN_STATES = (DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF)
_GROUPS: Final[tuple[dict[int, _Test], ...]] = (
    {
        Flags.ACTIVE: lambda _engine, domain: domain.live is not None,
        Flags.INACTIVE: lambda _engine, domain: domain.live is None,
    },
    {
        Flags.PERSISTENT: lambda _engine, domain: domain.definition is not None,
        Flags.TRANSIENT: lambda _engine, domain: domain.definition is None,
    },
    {
        Flags.RUNNING: _in_state(DomainState.RUNNING),
        Flags.PAUSED: _in_state(DomainState.PAUSED),
        Flags.SHUTOFF: _in_state(DomainState.SHUTOFF),
        Flags.OTHER: _not(_in_state(*_KNOWN_STATES)),
    },
    {
        Flags.MANAGEDSAVE: _has_managed_save,
        Flags.NO_MANAGEDSAVE: _not(_has_managed_save),
    },
    {
        Flags.AUTOSTART: lambda _engine, domain: domain.autostart,
        Flags.NO_AUTOSTART: lambda _engine, domain: not domain.autostart,
    },
    {Flags.HAS_SNAPSHOT: _has_snapshots, Flags.NO_SNAPSHOT: _not(_has_snapshots)},
    {Flags.HAS_CHECKPOINT: _has_checkpoints, Flags.NO_CHECKPOINT: _not(_has_checkpoints)},
)

KNOWN: Final = sum(flag for group in _GROUPS for flag in group)
"""All flags that choose."""


def chosen(engine: Engine, flags: int) -> Iterator[ManagedDomain]:
    """The domains that the flags choose, by name; all without any."""
    wanted = asked(_GROUPS, flags)
    for domain in engine.registry:
        if all(any(test(engine, domain) for test in tests) for tests in wanted):
            yield domain
