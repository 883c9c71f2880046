"""Figures of machines and hosts: a made-up load that is the same on every run.

Real-time figures are of 20 seconds each, as those of real hosts, and an hour of them is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables import performance_methods as m
from aiovirt.protocols.vsphere.tables.base import ElementDescription
from aiovirt.protocols.vsphere.tables.enums import PerfFormat, PerfStatsType, PerfSummaryType
from aiovirt.protocols.vsphere.tables.performance import (
    PerfCounterInfo,
    PerfEntityMetric,
    PerfEntityMetricBase,
    PerfEntityMetricCSV,
    PerfInterval,
    PerfMetricId,
    PerfMetricIntSeries,
    PerfMetricSeriesCSV,
    PerfProviderSummary,
    PerfQuerySpec,
    PerfSampleInfo,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.machine import ON
from aiovirt.testing.vsphere.world import World

__all__ = ["COUNTERS", "describe"]

REAL_TIME: Final = 20
KEPT: Final = 180
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Number, group, name, unit, what its sum is, what it is of, per device; and what it is about.
_ROWS: Final = (
    (2, "cpu", "usage", "percent", "average", "rate", ""),
    (6, "cpu", "usagemhz", "megaHertz", "average", "rate", ""),
    (12, "cpu", "ready", "millisecond", "summation", "delta", "0"),
    (10, "cpu", "used", "millisecond", "summation", "delta", "0"),
    (24, "mem", "usage", "percent", "average", "absolute", ""),
    (33, "mem", "active", "kiloBytes", "average", "absolute", ""),
    (98, "mem", "consumed", "kiloBytes", "average", "absolute", ""),
    (90, "mem", "vmmemctl", "kiloBytes", "average", "absolute", ""),
    (70, "mem", "swapped", "kiloBytes", "average", "absolute", ""),
    (125, "disk", "usage", "kiloBytesPerSecond", "average", "rate", ""),
    (178, "virtualDisk", "read", "kiloBytesPerSecond", "average", "rate", "scsi0:0"),
    (179, "virtualDisk", "write", "kiloBytesPerSecond", "average", "rate", "scsi0:0"),
    (173, "virtualDisk", "numberReadAveraged", "number", "average", "rate", "scsi0:0"),
    (174, "virtualDisk", "numberWriteAveraged", "number", "average", "rate", "scsi0:0"),
    (143, "net", "usage", "kiloBytesPerSecond", "average", "rate", ""),
    (148, "net", "received", "kiloBytesPerSecond", "average", "rate", "4000"),
    (149, "net", "transmitted", "kiloBytesPerSecond", "average", "rate", "4000"),
    (146, "net", "packetsRx", "number", "summation", "delta", "4000"),
    (147, "net", "packetsTx", "number", "summation", "delta", "4000"),
    (155, "sys", "uptime", "second", "latest", "absolute", ""),
)


def _described(key: str) -> ElementDescription:
    return ElementDescription(key=key, label=key, summary=key)


COUNTERS: Final = {
    row[0]: PerfCounterInfo(
        key=row[0],
        name_info=_described(row[2]),
        group_info=_described(row[1]),
        unit_info=_described(row[3]),
        rollup_type=PerfSummaryType(row[4]),
        stats_type=PerfStatsType(row[5]),
        level=1,
        per_device_level=3,
    )
    for row in _ROWS
}
"""The figures that there are, by number."""

_INSTANCES: Final = {row[0]: row[6] for row in _ROWS}


def describe(world: World) -> None:
    """Let the manager tell which figures there are."""
    intervals = ((300, "Past day", 86_400), (1800, "Past week", 604_800))
    world.put(
        world.the("PerformanceManager"),
        perfCounter=tuple(COUNTERS.values()),
        historicalInterval=tuple(
            PerfInterval(
                key=number,
                sampling_period=period,
                name=name,
                length=length,
                level=1,
                enabled=True,
            )
            for number, (period, name, length) in enumerate(intervals, 1)
        ),
    )


@handles(m.QUERY_PERF_COUNTER)
def query_perf_counter(_: Call, args: m.QueryPerfCounterArgs) -> tuple[PerfCounterInfo, ...]:
    """Describe some figures."""
    for key in args.counter_id:
        if key not in COUNTERS:
            raise faults.invalid_argument("counterId")
    return tuple(COUNTERS[key] for key in args.counter_id)


@handles(m.QUERY_PERF_COUNTER_BY_LEVEL)
def query_perf_counter_by_level(
    _: Call, args: m.QueryPerfCounterByLevelArgs
) -> tuple[PerfCounterInfo, ...]:
    """Describe the figures up to a level."""
    if not 1 <= args.level <= 4:  # noqa: PLR2004 - there are four levels
        raise faults.invalid_argument("level")
    return tuple(each for each in COUNTERS.values() if (each.level or 0) <= args.level)


@handles(m.QUERY_PERF_PROVIDER_SUMMARY)
def query_perf_provider_summary(
    call: Call, args: m.QueryPerfProviderSummaryArgs
) -> PerfProviderSummary:
    """Say which figures an entity has, and how often they come."""
    call.check(args.entity, "ManagedEntity", "entity")
    now = _has_figures(args.entity)
    return PerfProviderSummary(
        entity=args.entity,
        current_supported=now,
        summary_supported=True,
        refresh_rate=REAL_TIME if now else None,
    )


@handles(m.QUERY_AVAILABLE_PERF_METRIC)
def query_available_perf_metric(
    call: Call, args: m.QueryAvailablePerfMetricArgs
) -> tuple[PerfMetricId, ...]:
    """Say which figures there are of an entity; a machine that is off has none."""
    call.check(args.entity, "ManagedEntity", "entity")
    return _metrics(call, args.entity)


@handles(m.QUERY_PERF)
def query_perf(call: Call, args: m.QueryPerfArgs) -> tuple[PerfEntityMetricBase, ...]:
    """Give figures."""
    found = []
    for spec in args.query_spec:
        call.check(spec.entity, "ManagedEntity", "querySpec.entity")
        for metric in spec.metric_id:
            if metric.counter_id not in COUNTERS:
                raise faults.invalid_argument("querySpec.metricId")
        if spec.format not in {None, *PerfFormat}:
            raise faults.invalid_argument("querySpec.format")
        told = _query(call, spec)
        if told is not None:
            found.append(told)
    return tuple(found)


def _has_figures(ref: Ref) -> bool:
    return is_kind(ref.kind, "VirtualMachine") or is_kind(ref.kind, "HostSystem")


def _metrics(call: Call, ref: Ref) -> tuple[PerfMetricId, ...]:
    if not _has_figures(ref):
        return ()
    if is_kind(ref.kind, "VirtualMachine") and call.site.machine(ref).power != ON:
        return ()
    return tuple(
        PerfMetricId(counter_id=key, instance=instance) for key, instance in _INSTANCES.items()
    )


def _query(call: Call, spec: PerfQuerySpec) -> PerfEntityMetricBase | None:
    known = _metrics(call, spec.entity)
    wanted = [each for each in known if _wanted(each, spec.metric_id)]
    interval = spec.interval_id or REAL_TIME
    times = _times(call, spec, interval)
    if not wanted or not times:
        return None
    series = [(each, [_figure(spec.entity, each, time) for time in times]) for each in wanted]
    samples = tuple(PerfSampleInfo(timestamp=time, interval=interval) for time in times)
    told = _as_text if spec.format == PerfFormat.CSV else _as_numbers
    return told(spec.entity, samples, series)


_Series: TypeAlias = list[tuple[PerfMetricId, list[int]]]


def _as_text(
    ref: Ref, samples: tuple[PerfSampleInfo, ...], series: _Series
) -> PerfEntityMetricBase:
    text = ",".join(f"{each.interval},{each.timestamp:%Y-%m-%dT%H:%M:%SZ}" for each in samples)
    values = tuple(
        PerfMetricSeriesCSV(id=each, value=",".join(map(str, values))) for each, values in series
    )
    return PerfEntityMetricCSV(entity=ref, sample_info_csv=text, value=values)


def _as_numbers(
    ref: Ref, samples: tuple[PerfSampleInfo, ...], series: _Series
) -> PerfEntityMetricBase:
    values = tuple(PerfMetricIntSeries(id=each, value=tuple(values)) for each, values in series)
    return PerfEntityMetric(entity=ref, sample_info=samples, value=values)


def _wanted(metric: PerfMetricId, asked: Sequence[PerfMetricId]) -> bool:
    """Whether a figure is asked for; ``*`` is every instance."""
    return not asked or any(
        each.counter_id == metric.counter_id and each.instance in {"*", metric.instance}
        for each in asked
    )


def _times(call: Call, spec: PerfQuerySpec, interval: int) -> list[datetime]:
    """The moments of the samples, the oldest first."""
    now = call.world.clock.now()
    last = datetime.fromtimestamp(now.timestamp() // interval * interval, UTC)
    every = [last - timedelta(seconds=interval * back) for back in range(KEPT)][::-1]
    begin, end = spec.start_time or _LONG_AGO, spec.end_time or now
    found = [time for time in every if begin < time <= end]
    return found[-spec.max_sample :] if spec.max_sample else found


def _figure(ref: Ref, metric: PerfMetricId, time: datetime) -> int:
    """A figure: it swings, by the entity, by what it is of, and by the time."""
    seed = sum(ref.value.encode()) + 7 * metric.counter_id
    swing = (int(time.timestamp()) // REAL_TIME * 37 + seed) % 100
    return 100 + 10 * swing
