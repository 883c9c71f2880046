"""The network's own addresses, its routes, and what its DHCP server hands out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Self, TypeAlias

from aiovirt.config._children import Many, children
from aiovirt.config._forms import DNS_NAME, DUID, FILE_PATH
from aiovirt.config._laws import Apart, SomeOf
from aiovirt.config._scalars import Mac, Number, Switch, Text, mac, number, text, yes_no
from aiovirt.config._values import Ip, ip
from aiovirt.config._view import View
from aiovirt.config.shared.routes import Prefixed
from aiovirt.errors import ConfigError, XMLError

__all__ = ["DhcpHost", "DhcpRange", "NetworkIp"]

Interface: TypeAlias = IPv4Interface | IPv6Interface

MAX_RANGE = 65534
"""How many addresses libvirt lets one range have (virSocketAddrGetRange)."""

IPV4_VERSION = 4
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}


class _Leased(View, late=True):
    """What has a lease.

    Attributes:
        lease_expiry: How long an address is leased, in `lease_unit`; 0 is for ever.
        lease_unit: ``minutes`` when nothing is said.
    """

    lease_expiry: Number = number("lease/@expiry", required=True)
    lease_unit: Text = text("lease/@unit", known=tuple(_UNITS))

    @property
    def lease(self) -> timedelta | None:
        """How long an address is leased; None when nothing is said, or for ever (expiry 0)."""
        seconds = _UNITS.get(self.lease_unit or "minutes")
        if not self.lease_expiry or seconds is None:
            return None
        return timedelta(seconds=self.lease_expiry * seconds)


class DhcpRange(_Leased, tag="range"):
    """Addresses that are handed out, both ends included."""

    start: Ip = ip("@start", required=True)
    end: Ip = ip("@end", required=True)

    def _rules_(self) -> Iterator[XMLError]:
        """The ends are of one family, in order, and not too far from each other."""
        start, end = self.start, self.end
        if start is None or end is None:
            return
        if start.version != end.version or int(start) > int(end):
            yield DhcpRange.end.error(
                self, f"the range {start} to {end} is empty", expected="the end behind the start"
            )
        elif int(end) - int(start) >= MAX_RANGE:
            yield DhcpRange.end.error(
                self,
                f"the range has {int(end) - int(start) + 1} addresses",
                expected=f"at most {MAX_RANGE}",
            )


class DhcpHost(_Leased, tag="host"):
    """An address that is kept for one guest: by its MAC address, its DUID (IPv6), or its name."""

    mac: Mac = mac("@mac", required=False)
    id: Text = text("@id", form=DUID)
    name: Text = text("@name")
    ip: Ip = ip("@ip", required=True)

    _laws_ = (Apart(("mac",), ("id",)), SomeOf(("mac", "id", "name")))


class NetworkIp(Prefixed, tag="ip"):
    """An address of the host in the network, and what is served there.

    Attributes:
        local_ptr: Whether names are looked up for the network's addresses here only.
        tftp_root: The folder that is served by TFTP.
        ranges: What the DHCP server hands out.
        hosts: What it keeps for known guests.
        bootp_file: The program that guests boot from the network.
    """

    local_ptr: Switch = yes_no("@localPtr")
    tftp_root: Text = text("tftp/@root", required=True)
    ranges: Many[DhcpRange] = children("dhcp/range", DhcpRange)
    hosts: Many[DhcpHost] = children("dhcp/host", DhcpHost)
    bootp_file: Text = text("dhcp/bootp/@file", form=FILE_PATH, required=True)
    bootp_server: Text = text("dhcp/bootp/@server", form=DNS_NAME)

    @classmethod
    def of(cls, network: str, *, dhcp: bool = True) -> Self:
        """The host's address in a network, and a DHCP server that hands out the others.

        Args:
            network: Such as ``192.168.100.0/24``; with ``192.168.100.9/24`` the host has that
                address, otherwise the first one.
            dhcp: Whether there is a DHCP server.

        Raises:
            ConfigError: It is no network, or too small to hand out addresses.
        """
        try:
            found = ip_interface(network)
        except ValueError as error:
            raise ConfigError(f"{network!r} is no network: {error}", field="network") from error
        if found.ip == found.network[0] and found.network.num_addresses > 1:
            found = ip_interface(f"{found.network[1]}/{found.network.prefixlen}")
        return cls(
            family=None if found.version == IPV4_VERSION else "ipv6",
            address=found.ip,
            prefix=found.network.prefixlen,
            ranges=[_range(found)] if dhcp else None,
        )

    def _rules_(self) -> Iterator[XMLError]:
        """The ranges are in the network."""
        yield from super()._rules_()
        at = self.interface
        if at is None:
            return
        for each in self.ranges:
            if any(end is not None and end not in at.network for end in (each.start, each.end)):
                yield DhcpRange.start.error(
                    each, f"the range is not in {at.network}", expected="addresses of the network"
                )


def _range(at: Interface) -> DhcpRange:
    """The longer part of the network's addresses on either side of the host's own.

    Raises:
        ConfigError: There is none.
    """
    network, own = at.network, int(at.ip)
    first = int(network[0]) + 1
    last = int(network[-1]) - (1 if at.version == IPV4_VERSION else 0)
    before, behind = (first, own - 1), (own + 1, last)
    start, end = max(before, behind, key=lambda ends: ends[1] - ends[0])
    if start > end:
        raise ConfigError(
            f"{network} has no address to hand out", field="network", hint="Use dhcp=False."
        )
    end = min(end, start + MAX_RANGE - 1)
    return DhcpRange(start=type(at.ip)(start), end=type(at.ip)(end))
