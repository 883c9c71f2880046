"""Going back to a snapshot."""

from __future__ import annotations

from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.test.domains.machine import Machine, Snapshot
from aiovirt.drivers.test.domains.room import Domains
from aiovirt.errors import InvalidState
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import LifecycleDetail

__all__ = ["revert"]

_RUNNING: Final = 0x1
_PAUSED: Final = 0x2
_FORCE: Final = 0x4


def revert(domains: Domains, machine: Machine, snapshot: Snapshot, flags: int) -> None:
    """Bring a domain back; events come as libvirt's test driver sends them.

    Raises:
        InvalidState: The snapshot does not keep the domain's configuration.
    """
    kept = snapshot.config.domain
    if kept and kept.name is None and not flags & _FORCE:
        raise InvalidState(
            f"snapshot {snapshot.name!r} does not keep the domain's configuration",
            hint="the flag FORCE goes back without it",
        )
    config = kept.copy() if kept and kept.name else machine.inactive.copy()
    state = _wanted(snapshot, flags)
    if machine.live is not None:
        reason = StateReason.SHUTOFF_FROM_SNAPSHOT
        domains.end(machine, reason, LifecycleDetail.STOPPED_FROM_SNAPSHOT, stays=True)
    if machine.definition is not None:
        stored = snapshot.config.inactive
        machine.definition = _named(stored.plain() if stored else config, machine)
    machine.snapshot = snapshot.name
    machine.reason = StateReason.SHUTOFF_FROM_SNAPSHOT
    if state is DomainState.SHUTOFF:
        if machine.definition is None:
            domains.shelf.remove(machine)
        return
    _begin(domains, machine, _named(config, machine), paused=state is DomainState.PAUSED)


def _named(config: DomainConfig, machine: Machine) -> DomainConfig:
    """The configuration under the name that the domain has now."""
    config.name, config.uuid = machine.name, machine.uuid
    return config.copy()


def _wanted(snapshot: Snapshot, flags: int) -> DomainState:
    if flags & _RUNNING:
        return DomainState.RUNNING
    if flags & _PAUSED:
        return DomainState.PAUSED
    if snapshot.config.state == "disk-snapshot" or not snapshot.reason.state.active:
        return DomainState.SHUTOFF
    paused = snapshot.reason.state in {DomainState.PAUSED, DomainState.PM_SUSPENDED}
    return DomainState.PAUSED if paused else DomainState.RUNNING


def _begin(domains: Domains, machine: Machine, config: DomainConfig, *, paused: bool) -> None:
    reason, detail = StateReason.RUNNING_FROM_SNAPSHOT, LifecycleDetail.STARTED_FROM_SNAPSHOT
    domains.begin(machine, config, reason, detail)
    if paused:
        reason, detail = StateReason.PAUSED_FROM_SNAPSHOT, LifecycleDetail.SUSPENDED_FROM_SNAPSHOT
        domains.change(machine, reason, detail)
