"""libvirt's filters of lists of domains, over what a listing tells of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from aiovirt.drivers.esxssh.context import DRIVER
from aiovirt.interfaces import refuse_flags
from aiovirt.model.domain import DomainRecord, DomainState
from aiovirt.model.flags import fits

__all__ = ["filtered"]

_Test: TypeAlias = Callable[[DomainRecord], bool]


def _in(state: DomainState) -> _Test:
    return lambda record: record.state is state


_GROUPS: Final[Sequence[Mapping[int, _Test]]] = (
    {0x1: lambda record: record.state.active, 0x2: lambda record: not record.state.active},
    {0x4: lambda record: record.persistent, 0x8: lambda record: not record.persistent},
    {
        0x10: _in(DomainState.RUNNING),
        0x20: _in(DomainState.PAUSED),
        0x40: _in(DomainState.SHUTOFF),
        0x80: _in(DomainState.CRASHED),
    },
    {0x400: lambda record: record.autostart, 0x800: lambda record: not record.autostart},
)
"""Flags of `ConnectListAllDomainsFlags`, by group -> what they ask; those of
`ConnectGetAllDomainStatsFlags` are the first three groups."""

_KNOWN: Final = sum(flag for group in _GROUPS for flag in group)


def filtered(records: Iterable[DomainRecord], flags: int, operation: str) -> list[DomainRecord]:
    """Those records that flags of listing mean.

    Raises:
        Unsupported: A flag asks for what the host does not tell in a list, such as snapshots.
    """
    refuse_flags(DRIVER, operation, flags, _KNOWN)
    return [record for record in records if fits(record, flags, _GROUPS)]
