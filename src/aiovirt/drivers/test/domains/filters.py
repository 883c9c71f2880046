"""libvirt's filters of lists: flags of one group are alternatives, all groups must fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.model.domain import DomainState
from aiovirt.model.flags import fits

__all__ = ["Filter", "fits_list", "fits_stats"]

Filter: TypeAlias = Callable[[Machine], bool]


def _in(*states: DomainState) -> Filter:
    return lambda machine: machine.reason.state in states


_RUNNING, _PAUSED, _OFF = DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF

_GROUPS: Sequence[Mapping[int, Filter]] = (
    {0x1: lambda m: m.live is not None, 0x2: lambda m: m.live is None},
    {0x4: lambda m: m.definition is not None, 0x8: lambda m: m.definition is None},
    {
        0x10: _in(_RUNNING),
        0x20: _in(_PAUSED),
        0x40: _in(_OFF),
        0x80: lambda m: m.reason.state not in {_RUNNING, _PAUSED, _OFF},
    },
    {0x100: lambda m: m.saved is not None, 0x200: lambda m: m.saved is None},
    {0x400: lambda m: m.autostart, 0x800: lambda m: not m.autostart},
    {0x1000: lambda m: bool(m.snapshots), 0x2000: lambda m: not m.snapshots},
    {0x4000: lambda m: bool(m.checkpoints), 0x8000: lambda m: not m.checkpoints},
)
"""Flags of `ConnectListAllDomainsFlags`, by group -> what they ask."""


def fits_list(machine: Machine, flags: int) -> bool:
    """Whether a domain is among those that flags of listing mean."""
    return fits(machine, flags, _GROUPS)


_STATS_GROUPS: Sequence[Mapping[int, Filter]] = _GROUPS[:3]
"""Flags of `ConnectGetAllDomainStatsFlags`: the first three groups have the same numbers."""


def fits_stats(machine: Machine, flags: int) -> bool:
    """Whether a domain is among those that flags of statistics mean."""
    return fits(machine, flags, _STATS_GROUPS)
