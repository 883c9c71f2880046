"""Statistics of a domain as values. Groups and names follow libvirt's domain statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Flag, auto

from aiovirt.model.domain import DomainRecord

__all__ = [
    "BalloonStats",
    "BlockStats",
    "CpuStats",
    "DomainStats",
    "InterfaceStats",
    "StatsGroup",
    "VcpuStats",
]


class StatsGroup(Flag):
    """Which statistics are wanted."""

    STATE = auto()
    CPU = auto()
    BALLOON = auto()
    VCPU = auto()
    INTERFACE = auto()
    BLOCK = auto()
    ALL = STATE | CPU | BALLOON | VCPU | INTERFACE | BLOCK


@dataclass(frozen=True, slots=True)
class CpuStats:
    """Processor time of the whole hypervisor process, in nanoseconds since its start."""

    time_ns: int
    user_ns: int
    system_ns: int


@dataclass(frozen=True, slots=True)
class BalloonStats:
    """Memory, in bytes; None where the guest does not tell.

    Attributes:
        current: What the guest has now.
        maximum: What it may have.
        rss: Resident memory of the hypervisor process.
    """

    current: int | None
    maximum: int
    rss: int | None


@dataclass(frozen=True, slots=True)
class VcpuStats:
    """One virtual processor: its number, the host thread, and its time in nanoseconds."""

    index: int
    thread_id: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class InterfaceStats:
    """One network interface with a host side: bytes, packets, errors and drops."""

    name: str
    rx_bytes: int
    rx_packets: int
    rx_errors: int
    rx_drops: int
    tx_bytes: int
    tx_packets: int
    tx_errors: int
    tx_drops: int


@dataclass(frozen=True, slots=True)
class BlockStats:
    """One disk: requests, bytes, and total times in nanoseconds; sizes in bytes."""

    name: str
    path: str | None
    rd_reqs: int
    rd_bytes: int
    rd_times_ns: int
    wr_reqs: int
    wr_bytes: int
    wr_times_ns: int
    fl_reqs: int
    fl_times_ns: int
    allocation: int | None = None
    capacity: int | None = None
    physical: int | None = None


@dataclass(frozen=True, slots=True)
class DomainStats:
    """The statistics of one domain, taken in one pass.

    A group is None when it was not asked for, when the domain is not active, or when its
    hypervisor did not answer in time: `record.control` then says so.
    """

    record: DomainRecord
    cpu: CpuStats | None = None
    balloon: BalloonStats | None = None
    vcpus: tuple[VcpuStats, ...] | None = None
    interfaces: tuple[InterfaceStats, ...] | None = None
    blocks: tuple[BlockStats, ...] | None = None

    def flat(self) -> dict[str, int | str]:
        """The known figures as one mapping, with the names and units of `virsh domstats`.

        Memory (``balloon.*``) is in KiB there, times are in nanoseconds, all else in bytes.
        """
        result: dict[str, int | str] = {
            "state.state": int(self.record.state),
            "state.reason": self.record.reason.number,
            **dict(_flatten("cpu", self.cpu)),
            **{name: int(value) // _KIB for name, value in _flatten("balloon", self.balloon)},
        }
        if self.vcpus is not None:
            result["vcpu.current"] = len(self.vcpus)
            for vcpu in self.vcpus:
                result.update(_flatten(f"vcpu.{vcpu.index}", vcpu))
        for prefix, rows in (("net", self.interfaces), ("block", self.blocks)):
            if rows is not None:
                result[f"{prefix}.count"] = len(rows)
                for number, row in enumerate(rows):
                    result.update(_flatten(f"{prefix}.{number}", row))
        return result


_KIB = 1024

# Where virsh has a word of its own for a figure, or none.
_VIRSH_NAMES = {
    "time_ns": "time",
    "user_ns": "user",
    "system_ns": "system",
    "index": None,
    "thread_id": None,
    "rx_packets": "rx.pkts",
    "rx_errors": "rx.errs",
    "rx_drops": "rx.drop",
    "tx_packets": "tx.pkts",
    "tx_errors": "tx.errs",
    "tx_drops": "tx.drop",
    "rd_times_ns": "rd.times",
    "wr_times_ns": "wr.times",
    "fl_times_ns": "fl.times",
}


def _flatten(prefix: str, value: object) -> Iterator[tuple[str, int | str]]:
    """Name and figure of each field that is known, and that virsh has a name for."""
    if not is_dataclass(value):
        return
    for item in fields(value):
        figure = getattr(value, item.name)
        name = _VIRSH_NAMES.get(item.name, item.name.replace("_", "."))
        if figure is not None and name is not None:
            yield f"{prefix}.{name}", figure
