"""Addresses with their networks' prefixes, and routes into networks, of hosts and of guests."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import ClassVar, TypeAlias

from aiovirt.config._forms import IPV4
from aiovirt.config._laws import Always, Apart
from aiovirt.config._scalars import Number, Text, number, text
from aiovirt.config._values import Ip, ip
from aiovirt.config._view import Law, View
from aiovirt.errors import XMLError

__all__ = ["FAMILIES", "NetworkRoute", "Prefixed"]

Interface: TypeAlias = IPv4Interface | IPv6Interface

FAMILIES = ("ipv4", "ipv6")
_IPV6_BITS = 128


class Prefixed(View):
    """An address with the length of its network's prefix."""

    family: Text = text("@family", known=FAMILIES)
    address: Ip = ip("@address")
    netmask: Ip = ip("@netmask", form=IPV4)
    prefix: Number = number("@prefix", high=_IPV6_BITS)

    _laws_: ClassVar[tuple[Law, ...]] = (Apart(("netmask",), ("prefix",)),)

    @property
    def interface(self) -> Interface | None:
        """Address and prefix as one value; None when either is not said.

        Raises:
            XMLError: They do not fit together.
        """
        length = self.netmask if self.prefix is None else self.prefix
        if self.address is None or length is None:
            return None
        try:
            return ip_interface(f"{self.address}/{length}")
        except ValueError as error:
            raise Prefixed.address.error(
                self, f"{self.address} cannot have the prefix {length}", expected="one that fits"
            ) from error

    def _rules_(self) -> Iterator[XMLError]:
        """The family, the address and the prefix fit together."""
        version = {"ipv4": 4, "ipv6": 6}.get(self.family or "")
        if self.address is None:
            return
        if version not in {None, self.address.version}:
            yield Prefixed.address.error(self, f"{self.address} is not of family {self.family}")
        try:
            _ = self.interface
        except XMLError as error:
            yield error


class NetworkRoute(Prefixed, tag="route"):
    """A route of the host into a network behind one of the guests."""

    gateway: Ip = ip("@gateway", required=True)
    metric: Number = number("@metric", low=1)

    _laws_ = (*Prefixed._laws_, Always(("address",)))
