"""Network filters: rules, the filters that are put in, and their order."""

from __future__ import annotations

import pytest

from aiovirt.config import NetworkFilterBindingConfig, NetworkFilterConfig
from aiovirt.config.nwfilter import FilterRef, FilterRule, IpMatch, TcpMatch, UdpMatch
from aiovirt.errors import XMLError

FILTER = """\
<filter name='web' chain='root' priority='-700'>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <rule action='accept' direction='in' priority='500'>
    <tcp dstportstart='$PORTS[@1]' state='NEW,ESTABLISHED'/>
  </rule>
  <filterref filter='clean-traffic'>
    <parameter name='IP' value='10.0.0.1'/>
  </filterref>
  <rule action='drop' direction='inout'/>
</filter>
"""


def test_a_filter_reads_as_typed_values() -> None:
    web = NetworkFilterConfig.parse(FILTER)
    assert (web.name, web.chain, web.priority, len(web.rules)) == ("web", "root", -700, 2)
    assert (web.rules[0].tcp.dst_port_start, web.rules[0].tcp.state) == (
        "$PORTS[@1]",
        "NEW,ESTABLISHED",
    )
    assert web.filterrefs[0].parameters[0].value == "10.0.0.1"
    assert (web.to_xml(), web.problems()) == (FILTER, [])


def test_rules_and_filters_keep_their_order() -> None:
    parts = list(NetworkFilterConfig.parse(FILTER).parts())
    assert [type(each) for each in parts] == [FilterRule, FilterRef, FilterRule]
    again = NetworkFilterConfig.of("web", *parts)
    assert list(again.parts()) == parts


def test_the_match_of_a_rule_whatever_the_protocol() -> None:
    rules = NetworkFilterConfig.parse(FILTER).rules
    assert isinstance(rules[0].match, TcpMatch)
    assert rules[1].match is None


def test_numbers_may_be_set_as_numbers() -> None:
    match = UdpMatch(dst_port_start=53, dscp="0x1f")
    assert (match.dst_port_start, match.dscp) == ("53", "0x1f")
    with pytest.raises(XMLError, match="cannot be 65536"):
        match.dst_port_end = 65536
    with pytest.raises(XMLError, match="neither text nor a number"):
        match.dst_port_end = True


def test_a_rule_has_one_protocol() -> None:
    rule = FilterRule(action="drop", direction="in", tcp=TcpMatch(), udp=UdpMatch())
    found = NetworkFilterConfig.of("a", rule).problems()
    assert ["a protocol already" in str(each) for each in found] == [True]


@pytest.mark.parametrize(
    ("value", "message"),
    [("10.0.0", "an IPv4 address or a variable"), ("$", "an IPv4 address or a variable")],
)
def test_what_is_no_address_is_refused(value: str, message: str) -> None:
    with pytest.raises(XMLError) as caught:
        IpMatch(src_ip=value)
    assert message in (caught.value.expected or "")


def test_a_binding_says_where_a_filter_is() -> None:
    binding = NetworkFilterBindingConfig.parse(
        "<filterbinding><owner><name>web1</name></owner><portdev name='vnet0'/>"
        "<filterref filter='web'/></filterbinding>"
    )
    assert (binding.owner_name, binding.port_dev, binding.filterref.filter) == (
        "web1",
        "vnet0",
        "web",
    )
    assert [str(each).partition(": ")[2][:10] for each in binding.problems()] == [
        "owner_uuid",
        "mac (attri",
    ]
