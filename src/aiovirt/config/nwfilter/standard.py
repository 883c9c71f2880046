"""The network filters that a host has from the beginning: those that libvirt brings, by its names.

Users' filters refer to them, and tools name them.  Facts only: what each lets through.
"""

from __future__ import annotations

from functools import cache
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from aiovirt.config.making import Element, make, to_text
from aiovirt.config.nwfilter.filter import NetworkFilterConfig

__all__ = ["standard_filters"]

_FIRST, _LAST = 100, 1000
"""Priorities of rules: before those of most others, and what is done with the rest."""
_BROADCAST: Final = "ff:ff:ff:ff:ff:ff"
_DHCP: Final = {"protocol": "udp", "srcportstart": 68, "dstportstart": 67}
_DHCP_ANSWER: Final = {"protocol": "udp", "srcportstart": 67, "dstportstart": 68}
_DHCPV6: Final = {"protocol": "udp", "srcportstart": 546, "dstportstart": 547}
_DHCPV6_ANSWER: Final = {"protocol": "udp", "srcportstart": 547, "dstportstart": 546}
_LINK_LOCAL: Final = {"srcipaddr": "FE80::", "srcipmask": 10}
_ANNOUNCED: Final = {
    "dstmacaddr": _BROADCAST,
    "arpsrcmacaddr": "$MAC",
    "arpdstmacaddr": "$MAC",
    "arpsrcipaddr": "0.0.0.0",  # noqa: S104 - nobody listens there
    "arpdstipaddr": "0.0.0.0",  # noqa: S104
}


def _filter(name: str, chain: str, *parts: Element, priority: int | None = None) -> Element:
    known = str(uuid5(NAMESPACE_URL, f"https://libvirt.org/formatnwfilter.html#{name}"))
    return make("filter", make("uuid", known), *parts, name=name, chain=chain, priority=priority)


def _rule(
    action: str, direction: str, match: Element | None = None, *, priority: int | None = None
) -> Element:
    return make("rule", match, action=action, direction=direction, priority=priority)


def _uses(*names: str) -> list[Element]:
    return [make("filterref", filter=name) for name in names]


def _all_of(chain: str, direction: str, name: str) -> Element:
    """A filter that lets a protocol through."""
    return _filter(name, chain, _rule("accept", direction))


def _dhcp(name: str, **server: str) -> Element:
    asked = make("ip", srcipaddr="0.0.0.0", dstipaddr="255.255.255.255", **_DHCP)  # noqa: S104
    answered = make("ip", **server, **_DHCP_ANSWER)
    return _filter(
        name,
        "ipv4",
        _rule("accept", "out", asked, priority=_FIRST),
        _rule("accept", "in", answered, priority=_FIRST),
    )


def _dhcpv6(name: str, **server: str) -> Element:
    asked = make("ipv6", **_LINK_LOCAL, dstipaddr="FF02::1:2", **_DHCPV6)
    answered = make("ipv6", **server, **_DHCPV6_ANSWER)
    return _filter(
        name,
        "ipv6",
        _rule("accept", "out", asked, priority=_FIRST),
        _rule("accept", "in", answered, priority=_FIRST),
    )


def _own(name: str, chain: str, priority: int, *known: tuple[Element, int | None]) -> Element:
    """A filter that drops what a guest sends, but for what is known to be its own."""
    rules = [_rule("return", "out", match, priority=at) for match, at in known]
    return _filter(name, chain, *rules, _rule("drop", "out", priority=_LAST), priority=priority)


def _clean() -> list[Element]:
    """What a guest may send that is to be itself, and to talk with all or with its router only."""
    return [
        _filter(
            "clean-traffic",
            "root",
            *_uses("no-mac-spoofing", "no-ip-spoofing"),
            _rule("accept", "out", make("mac", protocolid="ipv4"), priority=-650),
            *_uses("allow-incoming-ipv4", "no-arp-spoofing"),
            _rule("accept", "inout", make("mac", protocolid="arp"), priority=-500),
            *_uses("no-other-l2-traffic", "qemu-announce-self"),
        ),
        _filter(
            "clean-traffic-gateway",
            "root",
            *_uses("no-mac-spoofing", "no-ip-spoofing", "no-arp-spoofing"),
            _rule("accept", "inout", make("mac", protocolid="arp"), priority=-500),
            _rule("accept", "in", make("mac", match="yes", srcmacaddr="$GATEWAY_MAC")),
            _rule("accept", "out", make("mac", match="yes", dstmacaddr="$GATEWAY_MAC")),
            *_uses("no-other-l2-traffic", "qemu-announce-self"),
        ),
    ]


def _announcing() -> list[Element]:
    """What QEMU sends for a guest that has moved."""
    asked = {"opcode": "Request_Reverse", **_ANNOUNCED}
    return [
        _filter(
            "qemu-announce-self",
            "root",
            _rule("accept", "out", make("mac", protocolid="0x835")),
            *_uses("qemu-announce-self-rarp", "no-other-rarp-traffic"),
        ),
        _filter(
            "qemu-announce-self-rarp",
            "rarp",
            _rule("accept", "out", make("rarp", srcmacaddr="$MAC", **asked), priority=500),
            _rule("accept", "in", make("rarp", **asked), priority=500),
        ),
        _filter("no-other-rarp-traffic", "rarp", _rule("drop", "inout", priority=_LAST)),
    ]


def _spoofing() -> list[Element]:
    """What a guest may not send in the name of others."""
    return [
        _filter(
            "no-mac-spoofing",
            "mac",
            _rule("return", "out", make("mac", srcmacaddr="$MAC")),
            _rule("drop", "out", make("mac")),
            priority=-800,
        ),
        _own(
            "no-ip-spoofing",
            "ipv4-ip",
            -710,
            (make("ip", srcipaddr="0.0.0.0", protocol="udp"), _FIRST),  # noqa: S104
            (make("ip", srcipaddr="$IP"), 500),
        ),
        _own(
            "no-ipv6-spoofing",
            "ipv6-ip",
            -610,
            (make("ipv6", **_LINK_LOCAL, protocol="udp"), _FIRST),
            (make("ipv6", srcipaddr="$IPV6"), 500),
        ),
        _own("no-arp-mac-spoofing", "arp-mac", -520, (make("arp", arpsrcmacaddr="$MAC"), 350)),
        _own("no-arp-ip-spoofing", "arp-ip", -510, (make("arp", arpsrcipaddr="$IP"), 400)),
        _filter("no-arp-spoofing", "root", *_uses("no-arp-mac-spoofing", "no-arp-ip-spoofing")),
    ]


def _nobody_in_particular() -> list[Element]:
    """What a guest may not send to many at once."""
    return [
        _filter("no-ip-multicast", "ipv4", _drop("ip", dstipaddr="224.0.0.0", dstipmask=4)),
        _filter("no-ipv6-multicast", "ipv6", _drop("ipv6", dstipaddr="FF00::", dstipmask=8)),
        _filter("no-mac-broadcast", "ipv4", _drop("mac", dstmacaddr=_BROADCAST)),
    ]


def _drop(protocol: str, **match: object) -> Element:
    return _rule("drop", "out", make(protocol, **match))


@cache
def standard_filters() -> tuple[NetworkFilterConfig, ...]:
    """All of them, by name, to be copied; each has the same UUID on every host."""
    made = [
        _all_of("arp", "inout", "allow-arp"),
        _all_of("ipv4", "inout", "allow-ipv4"),
        _all_of("ipv6", "inout", "allow-ipv6"),
        _all_of("ipv4", "in", "allow-incoming-ipv4"),
        _all_of("ipv6", "in", "allow-incoming-ipv6"),
        _dhcp("allow-dhcp"),
        _dhcp("allow-dhcp-server", srcipaddr="$DHCPSERVER"),
        _dhcpv6("allow-dhcpv6"),
        _dhcpv6("allow-dhcpv6-server", srcipaddr="$DHCPSERVER"),
        _filter("no-other-l2-traffic", "root", _rule("drop", "inout", priority=_LAST)),
        *_clean(),
        *_spoofing(),
        *_nobody_in_particular(),
        *_announcing(),
    ]
    found = (NetworkFilterConfig.parse(to_text(each)) for each in made)
    return tuple(sorted(found, key=lambda each: each.name or ""))
