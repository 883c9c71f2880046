"""What is told of the inside of a guest."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GuestAddress", "GuestFilesystem", "GuestInterface"]


@dataclass(frozen=True, slots=True)
class GuestFilesystem:
    """A file system that a guest has mounted.

    Attributes:
        mountpoint: Where, in the guest.
        name: The guest's name of the device.
        kind: Such as ``ext4``.
        disks: The targets of the domain's disks that it is on, such as ``vda``.
    """

    mountpoint: str
    name: str
    kind: str
    disks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuestAddress:
    """An address of an interface: ``ipv4`` or ``ipv6``, and the length of its network's prefix."""

    kind: str
    address: str
    prefix: int


@dataclass(frozen=True, slots=True)
class GuestInterface:
    """A network interface: its name, its MAC address if that is known, its addresses."""

    name: str
    mac: str | None
    addresses: tuple[GuestAddress, ...]
