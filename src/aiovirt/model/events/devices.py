"""What happens to the devices of a domain, as events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from aiovirt.model.events.base import DomainEvent

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectDomainEventBlockJobStatus,
        ConnectDomainEventDiskChangeReason,
        DomainBlockJobType,
    )

__all__ = [
    "BlockJobEvent",
    "BlockThresholdEvent",
    "DeviceAddedEvent",
    "DeviceRemovalFailedEvent",
    "DeviceRemovedEvent",
    "DiskChangeEvent",
    "IOErrorAction",
    "IOErrorEvent",
    "MemoryDeviceSizeChangeEvent",
    "NicMacChangeEvent",
    "TrayChangeEvent",
]


class IOErrorAction(IntEnum):
    """libvirt's `virDomainEventIOErrorAction`."""

    NONE = 0
    PAUSE = 1
    REPORT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class IOErrorEvent(DomainEvent):
    """A disk request failed.

    Attributes:
        source: The path of the disk's image, or an empty string when it has none.
        alias: The device's alias.
        action: What was done about it.
        reason: ``enospc`` when the disk is full, else QEMU's text.
    """

    source: str
    alias: str
    action: IOErrorAction
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRemovedEvent(DomainEvent):
    """The guest released a device; it is gone. `alias` is its alias."""

    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayChangeEvent(DomainEvent):
    """The guest opened or closed the tray of a removable disk."""

    alias: str
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAddedEvent(DomainEvent):
    """A device was added; `alias` is its alias."""

    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRemovalFailedEvent(DomainEvent):
    """The guest refused to release a device; `alias` is its alias."""

    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskChangeEvent(DomainEvent):
    """The medium of a disk was changed.

    Attributes:
        old_source: The path before, or None.
        new_source: The path now, or None.
        alias: The disk's alias.
        reason: Why.
    """

    old_source: str | None
    new_source: str | None
    alias: str
    reason: ConnectDomainEventDiskChangeReason | int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockJobEvent(DomainEvent):
    """A block job ended, or is ready.

    Attributes:
        disk: The disk's target, such as ``vda``; its path from a server that is very old.
        type: Which kind of job.
        status: What became of it.
        path: The path of the disk's image, or None where it is not known.
    """

    disk: str
    type: DomainBlockJobType | int
    status: ConnectDomainEventBlockJobStatus | int
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockThresholdEvent(DomainEvent):
    """A disk was written beyond the threshold that was set.

    Attributes:
        disk: The disk's target, with the index of the image.
        path: The image's path, or None.
        threshold: The threshold, in bytes.
        excess: How many bytes beyond it.
    """

    disk: str
    path: str | None
    threshold: int
    excess: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryDeviceSizeChangeEvent(DomainEvent):
    """The guest changed how much of a memory device it uses: `size` bytes now."""

    alias: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NicMacChangeEvent(DomainEvent):
    """The guest changed the MAC address of an interface."""

    alias: str
    old_mac: str
    new_mac: str
