"""``<cputune>``: which processors of the host run the domain's threads, and how much."""

from __future__ import annotations

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import CPUSET
from aiovirt.config._laws import Needed, Only, SomeOf
from aiovirt.config._scalars import Number, Size, Text, number, size, text
from aiovirt.config._view import View

__all__ = [
    "CacheAllocation",
    "CacheMonitor",
    "CacheTune",
    "CpuTune",
    "EmulatorSchedule",
    "IothreadPin",
    "IothreadSchedule",
    "MemoryBandwidth",
    "MemoryMonitor",
    "MemoryTune",
    "Schedule",
    "VcpuPin",
    "VcpuSchedule",
]

MIN_PERIOD, MAX_PERIOD = 1000, 1_000_000
MAX_QUOTA = 17_592_186_044_415  # VIR_CGROUP_CPU_QUOTA_MAX


def _period(path: str) -> Number:
    return number(path, low=MIN_PERIOD, high=MAX_PERIOD)


def _quota(path: str) -> Number:
    return number(path, low=-1, high=MAX_QUOTA)


class VcpuPin(View, tag="vcpupin"):
    """The host's processors that one virtual CPU may run on."""

    vcpu: Number = number("@vcpu", high=MAX_UINT16, required=True)
    cpuset: Text = text("@cpuset", form=CPUSET, required=True)


class IothreadPin(View, tag="iothreadpin"):
    """The host's processors that one I/O thread may run on."""

    iothread: Number = number("@iothread", required=True)
    cpuset: Text = text("@cpuset", form=CPUSET, required=True)


class Schedule(View):
    """How the host's scheduler takes threads.

    Attributes:
        priority: Of real-time threads, ``fifo`` and ``rr``.
    """

    scheduler: Text = text("@scheduler", known=("batch", "idle", "fifo", "rr"), required=True)
    priority: Number = number("@priority", high=MAX_UINT16)

    _laws_ = (
        Only(("fifo", "rr"), ("priority",), by="scheduler"),
        Needed(("fifo", "rr"), ("priority",), by="scheduler"),
    )


class VcpuSchedule(Schedule, tag="vcpusched"):
    """How virtual CPUs are scheduled: those named, such as ``0-3``, or all."""

    vcpus: Text = text("@vcpus", form=CPUSET)


class IothreadSchedule(Schedule, tag="iothreadsched"):
    """How I/O threads are scheduled: those named, such as ``1-2``, or all."""

    iothreads: Text = text("@iothreads", form=CPUSET)


class EmulatorSchedule(Schedule, tag="emulatorsched"):
    """How the hypervisor's own threads are scheduled."""


class CacheAllocation(View, tag="cache"):
    """A part of one of the host's caches."""

    id: Number = number("@id", required=True)
    level: Number = number("@level", required=True)
    type: Text = text("@type", known=("both", "code", "data"), required=True)
    size: Size = size("@size", required=True)


class CacheMonitor(View, tag="monitor"):
    """Virtual CPUs whose use of a cache is counted."""

    level: Number = number("@level", required=True)
    vcpus: Text = text("@vcpus", form=CPUSET, required=True)


class CacheTune(View, tag="cachetune"):
    """What virtual CPUs get of the host's caches (resctrl).

    Attributes:
        id: The group's name in resctrl; said by the host.
    """

    vcpus: Text = text("@vcpus", form=CPUSET, required=True)
    id: Text = text("@id")
    caches: Many[CacheAllocation] = children("cache", CacheAllocation)
    monitors: Many[CacheMonitor] = children("monitor", CacheMonitor)

    _laws_ = (SomeOf(("caches", "monitors")),)


class MemoryBandwidth(View, tag="node"):
    """How much of a NUMA node's bandwidth, in percent."""

    id: Number = number("@id", required=True)
    bandwidth: Number = number("@bandwidth", required=True)


class MemoryMonitor(View, tag="monitor"):
    """Virtual CPUs whose use of memory's bandwidth is counted."""

    vcpus: Text = text("@vcpus", form=CPUSET, required=True)


class MemoryTune(View, tag="memorytune"):
    """What virtual CPUs get of the bandwidth of memory (resctrl)."""

    vcpus: Text = text("@vcpus", form=CPUSET, required=True)
    nodes: Many[MemoryBandwidth] = children("node", MemoryBandwidth)
    monitors: Many[MemoryMonitor] = children("monitor", MemoryMonitor)

    _laws_ = (SomeOf(("nodes", "monitors")),)


class CpuTune(View, tag="cputune"):
    """Processor time.

    Periods and quotas are microseconds: in each period threads may run as long as the quota says;
    -1 is no limit.  `period` and `quota` are for each virtual CPU, the ``global`` ones for the
    whole domain.

    Attributes:
        shares: The weight beside other domains.
        emulatorpin: The host's processors for the hypervisor's own threads.
    """

    shares: Number = number("shares")
    period: Number = _period("period")
    quota: Number = _quota("quota")
    global_period: Number = _period("global_period")
    global_quota: Number = _quota("global_quota")
    emulator_period: Number = _period("emulator_period")
    emulator_quota: Number = _quota("emulator_quota")
    iothread_period: Number = _period("iothread_period")
    iothread_quota: Number = _quota("iothread_quota")
    vcpupins: Many[VcpuPin] = children("vcpupin", VcpuPin)
    emulatorpin: Text = text("emulatorpin/@cpuset", form=CPUSET, required=True)
    iothreadpins: Many[IothreadPin] = children("iothreadpin", IothreadPin)
    emulatorsched: One[EmulatorSchedule] = child("emulatorsched", EmulatorSchedule)
    vcpuscheds: Many[VcpuSchedule] = children("vcpusched", VcpuSchedule)
    iothreadscheds: Many[IothreadSchedule] = children("iothreadsched", IothreadSchedule)
    cachetunes: Many[CacheTune] = children("cachetune", CacheTune)
    memorytunes: Many[MemoryTune] = children("memorytune", MemoryTune)
