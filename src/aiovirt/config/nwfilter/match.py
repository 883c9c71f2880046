"""What packets a rule of a network filter matches: one view for each protocol.

Values are what libvirt takes: numbers in decimal or with 0x, addresses, and in the place of each
a variable such as ``$IP``.  They read as text; numbers may be set as they are.
"""

from __future__ import annotations

from typing import TypeAlias

from aiovirt.config._codecs import Codec
from aiovirt.config._forms import Form, either, shaped
from aiovirt.config._laws import With
from aiovirt.config._scalars import Scalar, Switch, Text, text, yes_no
from aiovirt.config._view import Field, View

__all__ = [
    "AhMatch",
    "AhMatchV6",
    "AllMatch",
    "AllMatchV6",
    "ArpMatch",
    "EspMatch",
    "EspMatchV6",
    "IcmpMatch",
    "Icmpv6Match",
    "IgmpMatch",
    "IpMatch",
    "Ipv6Match",
    "MacMatch",
    "Match",
    "PortMatch",
    "PortMatchV6",
    "RarpMatch",
    "SctpMatch",
    "SctpMatchV6",
    "StpMatch",
    "TcpMatch",
    "TcpMatchV6",
    "Term",
    "TransportMatch",
    "TransportMatchV6",
    "UdpMatch",
    "UdpMatchV6",
    "UdpliteMatch",
    "UdpliteMatchV6",
    "VlanMatch",
    "term",
]

Term: TypeAlias = Field[str | None, str | int | None]
"""A value, or a variable of the filter: reads as text, may be set as a number."""

_VARIABLE = shaped(
    r"\$ *[a-zA-Z0-9_]+(\[ *@?[0-9]+ *\])? *", "a variable such as $IP or $PORTS[@1]"
)


def _write_term(value: str | int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"{value!r} is neither text nor a number")
    return str(value)


_TERM: Codec[str, str | int] = Codec(str, _write_term, "a value or a variable")


def _or_variable(form: Form) -> Form:
    return either(form, _VARIABLE)


def _up_to(high: int, digits: str, expected: str, *, low: int = 0) -> Form:
    """Numbers in decimal, or with 0x in hexadecimal digits of this form."""
    hexadecimal = shaped(digits, "")

    def accepts(raw: str) -> bool:
        decimal = raw.isascii() and raw.isdigit() and low <= int(raw[:20]) <= high
        return decimal or hexadecimal.accepts(raw)

    return Form(accepts, expected)


_DOTTED = r"([0-2]?[0-9]?[0-9]\.){3}[0-2]?[0-9]?[0-9]"
_COLONS = r"([a-fA-F0-9]{0,4}:){2,7}[a-fA-F0-9]*"
_MAC = _or_variable(shaped("([a-fA-F0-9]{1,2}:){5}[a-fA-F0-9]{1,2}", "a MAC address"))
_IPV4 = _or_variable(shaped(_DOTTED, "an IPv4 address"))
_IPV6 = _or_variable(shaped(f"{_COLONS}({_DOTTED})?", "an IPv6 address"))
_MASK = _or_variable(either(_up_to(32, "(?!)", "a prefix, 0 to 32"), shaped(_DOTTED, "a netmask")))
_MASK_V6 = _or_variable(
    either(_up_to(128, "(?!)", "a prefix, 0 to 128"), shaped(_COLONS, "a netmask"))
)
_UINT8 = _up_to(255, "0x[0-9a-fA-F]{1,2}", "a number, 0 to 255")
_UINT16 = _or_variable(_up_to(65535, "0x[0-9a-fA-F]{1,4}", "a number, 0 to 65535"))
_UINT32 = _or_variable(_up_to(2**32 - 1, "0x[0-9a-fA-F]{1,8}", "a number, 0 to 4294967295"))
_DSCP = _or_variable(_up_to(63, "0x([0-3][0-9a-fA-F]|[0-9a-fA-F])", "a number, 0 to 63"))
_VLAN = _or_variable(_up_to(4095, "0x[0-9a-fA-F]{1,3}", "a number, 0 to 4095"))
_ETHERTYPE = _or_variable(
    either(
        _up_to(65535, "0x([6-9a-fA-F][0-9a-fA-F]{2}|[0-9a-fA-F]{4})", "1536 to 65535", low=1536),
        shaped("arp|rarp|ipv4|ipv6|vlan", "'arp', 'rarp', 'ipv4', 'ipv6', 'vlan'"),
    )
)
_OPCODE = _or_variable(
    either(
        _up_to(65535, "(?!)", "0 to 65535"),
        shaped(
            "[Rr]eply|[Rr]equest|[Rr]equest_[Rr]everse|[Rr]eply_[Rr]everse|DRARP_[Rr]equest"
            "|DRARP_[Rr]eply|DRARP_[Ee]rror|InARP_[Rr]equest|ARP_NAK",
            "'Request', 'Reply', …",
        ),
    )
)
_PROTOCOL = _or_variable(
    either(
        _up_to(255, "0x[0-9a-fA-F]{1,2}", "0 to 255"),
        shaped("tcp|udp|udplite|esp|ah|icmp|igmp|sctp|icmpv6", "'tcp', 'udp', …"),
    )
)
_STATE = "(NEW|ESTABLISHED|RELATED|INVALID)"
_STATES = shaped(f"{_STATE}(,{_STATE})*|NONE", "states such as NEW,ESTABLISHED")
_FLAG = "((SYN|ACK|URG|PSH|FIN|RST)(,(SYN|ACK|URG|PSH|FIN|RST))*|ALL|NONE)"
_FLAGS = shaped(f"{_FLAG}/{_FLAG}", "mask and flags such as SYN,ACK/SYN")
_SET = _or_variable(shaped(r"[a-zA-Z0-9_.:\-+ ]{1,31}", "an ipset's name"))
_END = "([Ss][Rr][Cc]|[Dd][Ss][Tt])"
_SET_FLAGS = shaped(f"{_END}(,{_END}){{0,5}}", "'src' or 'dst', up to six with commas")
_BOOLEAN = ("yes", "no", "true", "false", "1", "0")


def term(path: str, form: Form) -> Term:
    """A value or a variable."""
    return Scalar(path, _TERM, form=form)


class Match(View):
    """What the matches of all protocols have.

    Attributes:
        match: Whether packets that fit are meant, or with False all others.
    """

    match: Switch = yes_no("@match")
    comment: Text = text("@comment")


class _SourceMac(Match):
    src_mac: Term = term("@srcmacaddr", _MAC)


class _SourceMacMask(_SourceMac):
    src_mac_mask: Term = term("@srcmacmask", _MAC)


class _Layer2(_SourceMacMask):
    dst_mac: Term = term("@dstmacaddr", _MAC)
    dst_mac_mask: Term = term("@dstmacmask", _MAC)


class MacMatch(_Layer2, tag="mac"):
    """Ethernet frames."""

    protocol_id: Term = term("@protocolid", _ETHERTYPE)


class VlanMatch(_Layer2, tag="vlan"):
    """Frames of a VLAN."""

    vlan_id: Term = term("@vlanid", _VLAN)
    encap_protocol: Term = term("@encap-protocol", _ETHERTYPE)


class StpMatch(_SourceMacMask, tag="stp"):
    """Frames of the spanning tree protocol; what ends on ``_hi`` is the end of a range."""

    type: Term = term("@type", _UINT8)
    flags: Term = term("@flags", _UINT8)
    root_priority: Term = term("@root-priority", _UINT16)
    root_priority_hi: Term = term("@root-priority-hi", _UINT16)
    root_address: Term = term("@root-address", _MAC)
    root_address_mask: Term = term("@root-address-mask", _MAC)
    root_cost: Term = term("@root-cost", _UINT32)
    root_cost_hi: Term = term("@root-cost-hi", _UINT32)
    sender_priority: Term = term("@sender-priority", _UINT16)
    sender_priority_hi: Term = term("@sender-priority-hi", _UINT16)
    sender_address: Term = term("@sender-address", _MAC)
    sender_address_mask: Term = term("@sender-address-mask", _MAC)
    port: Term = term("@port", _UINT16)
    port_hi: Term = term("@port-hi", _UINT16)
    age: Term = term("@age", _UINT16)
    age_hi: Term = term("@age-hi", _UINT16)
    max_age: Term = term("@max-age", _UINT16)
    max_age_hi: Term = term("@max-age-hi", _UINT16)
    hello_time: Term = term("@hello-time", _UINT16)
    hello_time_hi: Term = term("@hello-time-hi", _UINT16)
    forward_delay: Term = term("@forward-delay", _UINT16)
    forward_delay_hi: Term = term("@forward-delay-hi", _UINT16)


class ArpMatch(_Layer2, tag="arp"):
    """Packets of ARP."""

    arp_src_mac: Term = term("@arpsrcmacaddr", _MAC)
    arp_src_ip: Term = term("@arpsrcipaddr", _IPV4)
    arp_dst_mac: Term = term("@arpdstmacaddr", _MAC)
    arp_dst_ip: Term = term("@arpdstipaddr", _IPV4)
    hw_type: Term = term("@hwtype", _UINT16)
    opcode: Term = term("@opcode", _OPCODE)
    protocol_type: Term = term("@protocoltype", _UINT16)
    gratuitous: Text = text("@gratuitous", known=_BOOLEAN)


class RarpMatch(ArpMatch, tag="rarp"):
    """Packets of RARP."""


class IpMatch(_Layer2, tag="ip"):
    """Packets of IPv4, seen at the bridge."""

    src_ip: Term = term("@srcipaddr", _IPV4)
    src_ip_mask: Term = term("@srcipmask", _MASK)
    dst_ip: Term = term("@dstipaddr", _IPV4)
    dst_ip_mask: Term = term("@dstipmask", _MASK)
    protocol: Term = term("@protocol", _PROTOCOL)
    src_port_start: Term = term("@srcportstart", _UINT16)
    src_port_end: Term = term("@srcportend", _UINT16)
    dst_port_start: Term = term("@dstportstart", _UINT16)
    dst_port_end: Term = term("@dstportend", _UINT16)
    dscp: Term = term("@dscp", _DSCP)


class Ipv6Match(_Layer2, tag="ipv6"):
    """Packets of IPv6, seen at the bridge."""

    src_ip: Term = term("@srcipaddr", _IPV6)
    src_ip_mask: Term = term("@srcipmask", _MASK_V6)
    dst_ip: Term = term("@dstipaddr", _IPV6)
    dst_ip_mask: Term = term("@dstipmask", _MASK_V6)
    protocol: Term = term("@protocol", _PROTOCOL)
    src_port_start: Term = term("@srcportstart", _UINT16)
    src_port_end: Term = term("@srcportend", _UINT16)
    dst_port_start: Term = term("@dstportstart", _UINT16)
    dst_port_end: Term = term("@dstportend", _UINT16)
    type: Term = term("@type", _UINT8)
    type_end: Term = term("@typeend", _UINT8)
    code: Term = term("@code", _UINT8)
    code_end: Term = term("@codeend", _UINT8)


class TransportMatch(_SourceMac):
    """Packets of a protocol over IPv4, seen by the host's connection tracking.

    Attributes:
        connlimit_above: Matches when there are more connections than this.
        state: States of the connection, such as ``NEW,ESTABLISHED``.
        ipset: A set of addresses of the host; `ipset_flags` says which of the packet's is in it.
    """

    src_ip: Term = term("@srcipaddr", _IPV4)
    src_ip_mask: Term = term("@srcipmask", _MASK)
    dst_ip: Term = term("@dstipaddr", _IPV4)
    dst_ip_mask: Term = term("@dstipmask", _MASK)
    src_ip_from: Term = term("@srcipfrom", _IPV4)
    src_ip_to: Term = term("@srcipto", _IPV4)
    dst_ip_from: Term = term("@dstipfrom", _IPV4)
    dst_ip_to: Term = term("@dstipto", _IPV4)
    dscp: Term = term("@dscp", _DSCP)
    connlimit_above: Term = term("@connlimit-above", _UINT16)
    state: Text = text("@state", form=_STATES)
    ipset: Term = term("@ipset", _SET)
    ipset_flags: Text = text("@ipsetflags", form=_SET_FLAGS)

    _laws_ = (With(("ipset",), "ipset_flags"), With(("ipset_flags",), "ipset"))


class TransportMatchV6(_SourceMac):
    """Packets of a protocol over IPv6, seen by the host's connection tracking."""

    src_ip: Term = term("@srcipaddr", _IPV6)
    src_ip_mask: Term = term("@srcipmask", _MASK_V6)
    dst_ip: Term = term("@dstipaddr", _IPV6)
    dst_ip_mask: Term = term("@dstipmask", _MASK_V6)
    src_ip_from: Term = term("@srcipfrom", _IPV6)
    src_ip_to: Term = term("@srcipto", _IPV6)
    dst_ip_from: Term = term("@dstipfrom", _IPV6)
    dst_ip_to: Term = term("@dstipto", _IPV6)
    dscp: Term = term("@dscp", _DSCP)


class PortMatch(TransportMatch):
    """Packets of a protocol with ports over IPv4."""

    src_port_start: Term = term("@srcportstart", _UINT16)
    src_port_end: Term = term("@srcportend", _UINT16)
    dst_port_start: Term = term("@dstportstart", _UINT16)
    dst_port_end: Term = term("@dstportend", _UINT16)


class PortMatchV6(TransportMatchV6):
    """Packets of a protocol with ports over IPv6."""

    src_port_start: Term = term("@srcportstart", _UINT16)
    src_port_end: Term = term("@srcportend", _UINT16)
    dst_port_start: Term = term("@dstportstart", _UINT16)
    dst_port_end: Term = term("@dstportend", _UINT16)


class TcpMatch(PortMatch, tag="tcp"):
    """Packets of TCP over IPv4; `flags` are mask and flags such as ``SYN,ACK/SYN``."""

    flags: Text = text("@flags", form=_FLAGS)


class TcpMatchV6(PortMatchV6, tag="tcp-ipv6"):
    """Packets of TCP over IPv6; `flags` are mask and flags such as ``SYN,ACK/SYN``."""

    flags: Text = text("@flags", form=_FLAGS)


class IcmpMatch(TransportMatch, tag="icmp"):
    """Packets of ICMP."""

    type: Term = term("@type", _UINT8)
    code: Term = term("@code", _UINT8)


class Icmpv6Match(TransportMatchV6, tag="icmpv6"):
    """Packets of ICMPv6."""

    type: Term = term("@type", _UINT8)
    code: Term = term("@code", _UINT8)


class UdpMatch(PortMatch, tag="udp"):
    """Packets of UDP over IPv4."""


class SctpMatch(PortMatch, tag="sctp"):
    """Packets of SCTP over IPv4."""


class IgmpMatch(TransportMatch, tag="igmp"):
    """Packets of IGMP over IPv4."""


class EspMatch(TransportMatch, tag="esp"):
    """Packets of ESP over IPv4."""


class AhMatch(TransportMatch, tag="ah"):
    """Packets of AH over IPv4."""


class UdpliteMatch(TransportMatch, tag="udplite"):
    """Packets of UDP-Lite over IPv4."""


class AllMatch(TransportMatch, tag="all"):
    """Packets of all protocols over IPv4."""


class UdpMatchV6(PortMatchV6, tag="udp-ipv6"):
    """Packets of UDP over IPv6."""


class SctpMatchV6(PortMatchV6, tag="sctp-ipv6"):
    """Packets of SCTP over IPv6."""


class EspMatchV6(TransportMatchV6, tag="esp-ipv6"):
    """Packets of ESP over IPv6."""


class AhMatchV6(TransportMatchV6, tag="ah-ipv6"):
    """Packets of AH over IPv6."""


class UdpliteMatchV6(TransportMatchV6, tag="udplite-ipv6"):
    """Packets of UDP-Lite over IPv6."""


class AllMatchV6(TransportMatchV6, tag="all-ipv6"):
    """Packets of all protocols over IPv6."""
