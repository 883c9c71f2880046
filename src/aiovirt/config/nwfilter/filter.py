"""`NetworkFilterConfig`: the configuration of a network filter, libvirt's ``<filter>``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self, TypeAlias

from lxml import etree

from aiovirt.config import _tree
from aiovirt.config._children import Many, One, child, children
from aiovirt.config._document import Document
from aiovirt.config._forms import FILTER_NAME, either, shaped
from aiovirt.config._scalars import Number, Text, Uuid, number, text, uuid
from aiovirt.config._view import View, element
from aiovirt.config.nwfilter import match as m
from aiovirt.config.shared.variables import FilterParameter
from aiovirt.errors import XMLError

__all__ = ["FilterRef", "FilterRule", "NetworkFilterConfig"]

ACTIONS = ("drop", "accept", "reject", "continue", "return")
_CHAIN = either(
    shaped("root", "'root'"),
    shaped(
        r"(mac|stp|arp)[a-zA-Z0-9_.:\-]{0,9}|(vlan|rarp|ipv4|ipv6)[a-zA-Z0-9_.:\-]{0,8}",
        "a protocol (mac, stp, vlan, arp, rarp, ipv4, ipv6) and up to 12 characters in all",
    ),
)
_STATEMATCH = shaped("[Ff][Aa][Ll][Ss][Ee]|0", "'false' or '0'")


class FilterRef(View, tag="filterref"):
    """Another filter that is put in here, with values for its variables."""

    filter: Text = text("@filter", form=FILTER_NAME, required=True)
    parameters: Many[FilterParameter] = children("parameter", FilterParameter)

    @classmethod
    def of(cls, name: str, **variables: str) -> Self:
        """The filter `name`, with these values for its variables."""
        given = [FilterParameter(name=key, value=value) for key, value in variables.items()]
        return cls(filter=name, parameters=given)


class FilterRule(View, tag="rule"):
    """What becomes of packets; without a protocol it is said of all.

    Attributes:
        direction: Seen from the guest: ``in`` is what comes to it.
        priority: Rules with a lower one stand before those with a higher one; -1000 to 1000.
        statematch: ``false`` turns the tracking of connections off for this rule.
    """

    action: Text = text("@action", known=ACTIONS, required=True)
    direction: Text = text("@direction", known=("in", "out", "inout"), required=True)
    priority: Number = number("@priority", low=-1000, high=1000)
    statematch: Text = text("@statematch", form=_STATEMATCH)
    mac: One[m.MacMatch] = child("mac", m.MacMatch)
    vlan: One[m.VlanMatch] = child("vlan", m.VlanMatch)
    stp: One[m.StpMatch] = child("stp", m.StpMatch)
    arp: One[m.ArpMatch] = child("arp", m.ArpMatch)
    rarp: One[m.RarpMatch] = child("rarp", m.RarpMatch)
    ip: One[m.IpMatch] = child("ip", m.IpMatch)
    ipv6: One[m.Ipv6Match] = child("ipv6", m.Ipv6Match)
    tcp: One[m.TcpMatch] = child("tcp", m.TcpMatch)
    udp: One[m.UdpMatch] = child("udp", m.UdpMatch)
    sctp: One[m.SctpMatch] = child("sctp", m.SctpMatch)
    icmp: One[m.IcmpMatch] = child("icmp", m.IcmpMatch)
    igmp: One[m.IgmpMatch] = child("igmp", m.IgmpMatch)
    all: One[m.AllMatch] = child("all", m.AllMatch)
    esp: One[m.EspMatch] = child("esp", m.EspMatch)
    ah: One[m.AhMatch] = child("ah", m.AhMatch)
    udplite: One[m.UdpliteMatch] = child("udplite", m.UdpliteMatch)
    tcp_ipv6: One[m.TcpMatchV6] = child("tcp-ipv6", m.TcpMatchV6)
    udp_ipv6: One[m.UdpMatchV6] = child("udp-ipv6", m.UdpMatchV6)
    sctp_ipv6: One[m.SctpMatchV6] = child("sctp-ipv6", m.SctpMatchV6)
    icmpv6: One[m.Icmpv6Match] = child("icmpv6", m.Icmpv6Match)
    all_ipv6: One[m.AllMatchV6] = child("all-ipv6", m.AllMatchV6)
    esp_ipv6: One[m.EspMatchV6] = child("esp-ipv6", m.EspMatchV6)
    ah_ipv6: One[m.AhMatchV6] = child("ah-ipv6", m.AhMatchV6)
    udplite_ipv6: One[m.UdpliteMatchV6] = child("udplite-ipv6", m.UdpliteMatchV6)

    @property
    def match(self) -> m.Match | None:
        """What packets are meant, whatever the protocol; None means all."""
        return next(iter(self._matches()), None)

    def _matches(self) -> list[m.Match]:
        found = (getattr(self, field.name) for field in self._nested_)
        return [each for each in found if isinstance(each, m.Match) and each]

    def _rules_(self) -> Iterator[XMLError]:
        """There is one protocol at most."""
        for each in self._matches()[1:]:
            node = element(each)
            if node is not None:
                yield _tree.error_at(
                    node, "the rule has a protocol already", expected="one for each rule"
                )


FilterPart: TypeAlias = FilterRule | FilterRef


class NetworkFilterConfig(Document, tag="filter"):
    """A network filter: rules, and other filters that are put in.

    Attributes:
        chain: The chain of ebtables that its rules are in; ``root`` when nothing is said.
        priority: Where that stands among others of the root chain; -1000 to 1000.
    """

    name: Text = text("@name", form=FILTER_NAME, required=True)
    chain: Text = text("@chain", form=_CHAIN)
    priority: Number = number("@priority", low=-1000, high=1000)
    uuid: Uuid = uuid("uuid")
    filterrefs: Many[FilterRef] = children("filterref", FilterRef)
    rules: Many[FilterRule] = children("rule", FilterRule)

    @classmethod
    def of(cls, name: str, *parts: FilterRule | FilterRef, chain: str | None = None) -> Self:
        """A filter of these rules and filters, in this order."""
        config = cls(name=name, chain=chain)
        node = config._make_()
        for part in parts:
            inner = element(part.copy())
            if inner is not None:
                node.append(inner)
        return config

    def parts(self) -> Iterator[FilterPart]:
        """Rules and filters in the order of the document."""
        node = element(self)
        for each in () if node is None else node.iterchildren(etree.Element):
            if each.tag == FilterRule._tag_:
                yield FilterRule._wrap_(each)
            elif each.tag == FilterRef._tag_:
                yield FilterRef._wrap_(each)
