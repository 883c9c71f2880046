"""Names in a virtual network: what its DNS server answers."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import DNS_NAME
from aiovirt.config._laws import Always
from aiovirt.config._scalars import Number, Switch, Text, Words, number, text, words, yes_no
from aiovirt.config._values import Ip, ip
from aiovirt.config._view import View

__all__ = ["DnsForwarder", "DnsHost", "DnsSrv", "DnsTxt", "NetworkDns"]


class DnsForwarder(View, tag="forwarder"):
    """A server that is asked for what is not known here, or for one domain only."""

    addr: Ip = ip("@addr")
    domain: Text = text("@domain", form=DNS_NAME)


class DnsTxt(View, tag="txt"):
    """A TXT record."""

    name: Text = text("@name", form=DNS_NAME, required=True)
    value: Text = text("@value", required=True)


class DnsSrv(View, tag="srv"):
    """An SRV record: which host offers a service."""

    service: Text = text("@service", required=True)
    protocol: Text = text("@protocol", known=("tcp", "udp"), required=True)
    domain: Text = text("@domain", form=DNS_NAME)
    target: Text = text("@target")
    port: Number = number("@port", high=MAX_UINT16)
    priority: Number = number("@priority", high=MAX_UINT16)
    weight: Number = number("@weight", high=MAX_UINT16)


class DnsHost(View, tag="host"):
    """The names of one address."""

    ip: Ip = ip("@ip", required=True)
    hostnames: Words = words("hostname", form=DNS_NAME)

    _laws_ = (Always(("hostnames",)),)


class NetworkDns(View, tag="dns"):
    """What the network's DNS server answers."""

    enable: Switch = yes_no("@enable")
    forward_plain_names: Switch = yes_no("@forwardPlainNames")
    forwarders: Many[DnsForwarder] = children("forwarder", DnsForwarder)
    txts: Many[DnsTxt] = children("txt", DnsTxt)
    srvs: Many[DnsSrv] = children("srv", DnsSrv)
    hosts: Many[DnsHost] = children("host", DnsHost)
