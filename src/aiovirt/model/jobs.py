"""How far a long job of a domain is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from aiovirt.model.params import ParamValue, plain

__all__ = ["JobInfo", "JobKind", "JobStats"]


class JobKind(IntEnum):
    """libvirt's `virDomainJobType`, with its numbers."""

    NONE = 0
    BOUNDED = 1
    UNBOUNDED = 2
    COMPLETED = 3
    FAILED = 4
    CANCELLED = 5


@dataclass(frozen=True, slots=True)
class JobStats:
    """What is known of a job.

    Attributes:
        kind: Whether there is one, whether its end can be foretold, or how it ended.
        params: All figures by libvirt's names, such as ``memory_remaining``; amounts in bytes,
            times in milliseconds.
    """

    kind: JobKind
    params: Mapping[str, ParamValue]

    @property
    def active(self) -> bool:
        """Whether the job is under way."""
        return self.kind in {JobKind.BOUNDED, JobKind.UNBOUNDED}

    def figure(self, name: str) -> int | None:
        """One figure as a number, or None where it is not known."""
        value = plain(self.params.get(name, ""))
        return value if isinstance(value, int) else None

    @property
    def processed(self) -> int | None:
        """Bytes that are done."""
        return self._bytes("processed")

    @property
    def remaining(self) -> int | None:
        """Bytes that are left; a guest that writes adds to them."""
        return self._bytes("remaining")

    @property
    def total(self) -> int | None:
        """Bytes of all."""
        return self._bytes("total")

    @property
    def elapsed_ms(self) -> int | None:
        """Milliseconds since it began."""
        return self.figure("time_elapsed")

    @property
    def fraction(self) -> float | None:
        """How much of the whole is done, from 0 to 1; None where that is not known."""
        total, remaining = self.total, self.remaining
        if not total or remaining is None:
            return None
        return max(0.0, min(1.0, 1 - remaining / total))

    def _bytes(self, what: str) -> int | None:
        """The sum over everything, or over memory and disks where only these are told."""
        whole = self.figure(f"data_{what}")
        if whole is not None:
            return whole
        parts = [self.figure(f"{part}_{what}") for part in ("memory", "disk")]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class JobInfo:
    """What libvirt's first procedure tells of a job: times in milliseconds, amounts in bytes."""

    kind: JobKind
    time_elapsed: int
    time_remaining: int
    data_total: int
    data_processed: int
    data_remaining: int
    memory_total: int
    memory_processed: int
    memory_remaining: int
    file_total: int
    file_processed: int
    file_remaining: int
