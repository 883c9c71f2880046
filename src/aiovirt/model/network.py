"""What networks, host interfaces and node devices are, and what state they are in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from aiovirt.model.keys import HostInterfaceKey, NetworkKey

__all__ = ["AddressFamily", "DhcpLease", "HostInterfaceRecord", "NetworkRecord"]


@dataclass(frozen=True, slots=True)
class NetworkRecord:
    """One line of a listing.

    Attributes:
        key: UUID and name.
        active: Whether it runs.
        persistent: Whether its definition stays after it stops.
        autostart: Whether it starts with the daemon.
    """

    key: NetworkKey
    active: bool
    persistent: bool = True
    autostart: bool = False


@dataclass(frozen=True, slots=True)
class HostInterfaceRecord:
    """One line of a listing: an interface of the host, and whether it is up."""

    key: HostInterfaceKey
    active: bool


class AddressFamily(IntEnum):
    """libvirt's `virIPAddrType`, with its numbers."""

    IPV4 = 0
    IPV6 = 1


@dataclass(frozen=True, slots=True)
class DhcpLease:
    """An address that a network's DHCP server gave to a guest.

    Attributes:
        interface: The network's bridge on the host.
        expires_s: Unix time in seconds; 0 for never.
        family: IPv4 or IPv6.
        address: The address.
        prefix: The length of the network's prefix.
        mac: The guest's MAC address, or None.
        iaid: The number of the guest's interface (IPv6), or None.
        hostname: What the guest calls itself, or None.
        client_id: The guest's client id or DUID, or None.
    """

    interface: str
    expires_s: int
    family: AddressFamily
    address: str
    prefix: int
    mac: str | None = None
    iaid: str | None = None
    hostname: str | None = None
    client_id: str | None = None
