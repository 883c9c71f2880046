"""Commands about what a machine has done: how fast it writes to its memory, what KVM counts.

Source: QEMU's qapi/migration.json (since 5.2) and qapi/stats.json (since 7.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value

__all__ = [
    "CalcDirtyRate",
    "DirtyRate",
    "QueryDirtyRate",
    "QueryStats",
    "QueryStatsSchemas",
    "Stat",
    "StatSchema",
    "StatsOfOne",
    "StatsProvider",
    "StatsSchema",
    "VcpuDirtyRate",
]


class CalcDirtyRate(Command[Empty], frozen=True):
    """Measure for so many seconds how much of its memory the guest changes.

    `mode` is ``page-sampling``, ``dirty-bitmap`` or ``dirty-ring`` (since 6.2).
    """

    qmp_name: ClassVar[str] = "calc-dirty-rate"
    calc_time: int
    sample_pages: int | None = None
    mode: str | None = None


class VcpuDirtyRate(Value, frozen=True):
    """What one processor changes, in MiB a second."""

    id: int
    dirty_rate: int


class DirtyRate(Value, frozen=True):
    """The last measurement.

    Attributes:
        status: ``unstarted``, ``measuring`` or ``measured``.
        start_time: When it began, in seconds of QEMU's own clock.
        calc_time: How long it takes, in seconds.
        mode: How it is measured.
        dirty_rate: MiB a second, once it is measured.
        vcpu_dirty_rate: The same for each processor, by the mode ``dirty-ring``.
    """

    status: str
    start_time: int
    calc_time: int
    mode: str = "page-sampling"
    dirty_rate: int | None = None
    vcpu_dirty_rate: list[VcpuDirtyRate] = msgspec.field(default_factory=list)


class QueryDirtyRate(Command[DirtyRate], frozen=True):
    """The last measurement of how fast the guest writes to its memory."""

    qmp_name: ClassVar[str] = "query-dirty-rate"
    result: ClassVar[object] = DirtyRate


class StatsProvider(Value, frozen=True):
    """Whose figures are wanted: ``kvm``."""

    provider: str
    names: Sequence[str] | None = None


class Stat(Value, frozen=True):
    """One figure: a number, a truth, or the numbers of a histogram."""

    name: str
    value: int | bool | list[int]


class StatsOfOne(Value, frozen=True):
    """The figures of the machine, or of one processor, which `qom_path` tells."""

    provider: str
    stats: list[Stat]
    qom_path: str | None = None


class QueryStats(Command[list[StatsOfOne]], frozen=True):
    """What is counted of the machine (target ``vm``) or of each processor (``vcpu``)."""

    qmp_name: ClassVar[str] = "query-stats"
    result: ClassVar[object] = list[StatsOfOne]
    target: str
    providers: Sequence[StatsProvider] | None = None


class StatSchema(Value, frozen=True):
    """What a figure is: ``cumulative``, ``instant``, ``peak``, or a kind of histogram."""

    name: str
    type: str
    unit: str | None = None


class StatsSchema(Value, frozen=True):
    """The figures that a provider has of one target."""

    provider: str
    target: str
    stats: list[StatSchema]


class QueryStatsSchemas(Command[list[StatsSchema]], frozen=True):
    """What figures there are."""

    qmp_name: ClassVar[str] = "query-stats-schemas"
    result: ClassVar[object] = list[StatsSchema]
    provider: str | None = None
