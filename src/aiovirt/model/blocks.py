"""What is told of a domain's disks and of the work on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["BlockInfo", "BlockJobInfo", "BlockJobKind"]


@dataclass(frozen=True, slots=True)
class BlockInfo:
    """The sizes of a disk, in bytes.

    Attributes:
        capacity: What the guest sees.
        allocation: What of it takes room on the host.
        physical: How long its image is.
    """

    capacity: int
    allocation: int
    physical: int


class BlockJobKind(IntEnum):
    """libvirt's `virDomainBlockJobType`, with its numbers."""

    UNKNOWN = 0
    PULL = 1
    COPY = 2
    COMMIT = 3
    ACTIVE_COMMIT = 4
    BACKUP = 5


@dataclass(frozen=True, slots=True)
class BlockJobInfo:
    """How far a job on a disk is.

    Attributes:
        kind: What it does; a number that only a newer libvirt has stays one.
        bandwidth: Its limit in bytes a second; 0 is none.
        current: What is done, in libvirt's measure.
        end: What is to be done, in the same measure; 0 while that is not known.
    """

    kind: BlockJobKind | int
    bandwidth: int
    current: int
    end: int

    @property
    def fraction(self) -> float:
        """How much of it is done, from 0 to 1."""
        return self.current / self.end if self.end else 0.0
