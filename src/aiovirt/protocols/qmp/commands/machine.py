"""Commands about what the guest is made of: vCPUs, memory, PCI devices, I/O threads, network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value, underscored

__all__ = [
    "Balloon",
    "BalloonInfo",
    "CpuInfo",
    "HotpluggableCpu",
    "IOThreadInfo",
    "MemorySizeInfo",
    "PciBridge",
    "PciBus",
    "PciClass",
    "PciDevice",
    "PciId",
    "PciRegion",
    "QueryBalloon",
    "QueryCpusFast",
    "QueryHotpluggableCpus",
    "QueryIothreads",
    "QueryMemoryDevices",
    "QueryMemorySizeSummary",
    "QueryPci",
    "QueryRxFilter",
    "RxFilterInfo",
    "SetLink",
]


class CpuInfo(Value, frozen=True):
    """One vCPU, of `QueryCpusFast`.

    Attributes:
        cpu_index: Its number, from 0.
        qom_path: Its object's path.
        thread_id: The host thread that runs it.
        target: The architecture it emulates.
        props: Where it sits: ``socket-id``, ``core-id`` and so on.
    """

    cpu_index: int
    qom_path: str
    thread_id: int
    target: str
    props: Mapping[str, int] = {}


class QueryCpusFast(Command[list[CpuInfo]], frozen=True):
    """All vCPUs, without disturbing them."""

    qmp_name: ClassVar[str] = "query-cpus-fast"
    result: ClassVar[object] = list[CpuInfo]


class HotpluggableCpu(Value, frozen=True):
    """One place for a vCPU; `qom_path` is None while it is empty."""

    type: str
    vcpus_count: int
    props: dict[str, int]
    qom_path: str | None = None


class QueryHotpluggableCpus(Command[list[HotpluggableCpu]], frozen=True):
    """All places for vCPUs, filled and empty."""

    qmp_name: ClassVar[str] = "query-hotpluggable-cpus"
    result: ClassVar[object] = list[HotpluggableCpu]


class BalloonInfo(Value, frozen=True):
    """The result of `QueryBalloon`: the guest's memory now, in bytes."""

    actual: int


class QueryBalloon(Command[BalloonInfo], frozen=True):
    """How much memory the balloon leaves the guest; refused when there is no balloon."""

    qmp_name: ClassVar[str] = "query-balloon"
    result: ClassVar[object] = BalloonInfo


class Balloon(Command[Empty], frozen=True):
    """Ask the guest to shrink or grow to `value` bytes; events ``BALLOON_CHANGE`` follow."""

    qmp_name: ClassVar[str] = "balloon"
    value: int


class MemorySizeInfo(Value, frozen=True):
    """The result of `QueryMemorySizeSummary`, in bytes."""

    base_memory: int
    plugged_memory: int = 0


class QueryMemorySizeSummary(Command[MemorySizeInfo], frozen=True):
    """How much memory the machine has."""

    qmp_name: ClassVar[str] = "query-memory-size-summary"
    result: ClassVar[object] = MemorySizeInfo


class QueryMemoryDevices(Command[list[dict[str, object]]], frozen=True):
    """All memory devices; each is ``{"type": …, "data": …}``."""

    qmp_name: ClassVar[str] = "query-memory-devices"
    result: ClassVar[object] = list[dict[str, object]]


class IOThreadInfo(Value, frozen=True):
    """One I/O thread; `thread_id` is the host's."""

    id: str
    thread_id: int
    poll_max_ns: int
    poll_grow: int
    poll_shrink: int


class QueryIothreads(Command[list[IOThreadInfo]], frozen=True):
    """All I/O threads."""

    qmp_name: ClassVar[str] = "query-iothreads"
    result: ClassVar[object] = list[IOThreadInfo]


class PciClass(Value, frozen=True):
    """A PCI device's class: its number, and QEMU's words for it."""

    number: int = msgspec.field(name="class")
    desc: str | None = None


class PciId(Value, frozen=True):
    """A PCI device's numbers."""

    device: int
    vendor: int
    subsystem: int | None = None
    subsystem_vendor: int | None = None


class PciRegion(Value, frozen=True, rename=underscored):
    """One of a PCI device's base address registers; `size` is in bytes."""

    bar: int
    type: str
    address: int
    size: int
    prefetch: bool | None = None
    mem_type_64: bool | None = None


class PciBridge(Value, frozen=True):
    """What a PCI bridge leads to."""

    bus: dict[str, object]
    devices: tuple[PciDevice, ...] = ()


class PciDevice(Value, frozen=True, rename=underscored):
    """One PCI function; `qdev_id` is its alias, or empty."""

    bus: int
    slot: int
    function: int
    class_info: PciClass
    id: PciId
    qdev_id: str
    regions: list[PciRegion]
    irq_pin: int = 0
    irq: int | None = None
    pci_bridge: PciBridge | None = None


class PciBus(Value, frozen=True):
    """One PCI bus with its devices."""

    bus: int
    devices: list[PciDevice]


class QueryPci(Command[list[PciBus]], frozen=True):
    """All PCI buses."""

    qmp_name: ClassVar[str] = "query-pci"
    result: ClassVar[object] = list[PciBus]


class RxFilterInfo(Value, frozen=True):
    """What a network device takes in: addresses and modes (``normal``, ``none``, ``all``)."""

    name: str
    promiscuous: bool
    multicast: str
    unicast: str
    vlan: str
    broadcast_allowed: bool
    multicast_overflow: bool
    unicast_overflow: bool
    main_mac: str
    vlan_table: list[int]
    unicast_table: list[str]
    multicast_table: list[str]


class QueryRxFilter(Command[list[RxFilterInfo]], frozen=True):
    """The receive filter of one network device, or of all that have one."""

    qmp_name: ClassVar[str] = "query-rx-filter"
    result: ClassVar[object] = list[RxFilterInfo]
    name: str | None = None


class SetLink(Command[Empty], frozen=True):
    """Plug or unplug the cable of a network device."""

    qmp_name: ClassVar[str] = "set_link"
    name: str
    up: bool
