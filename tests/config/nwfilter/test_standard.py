"""The filters that every host has: they are well-formed, and refer to each other."""

from __future__ import annotations

from aiovirt.config.nwfilter.standard import standard_filters


def test_each_is_right_and_has_a_name_and_a_uuid_of_its_own() -> None:
    filters = standard_filters()
    for each in filters:
        each.check()
    assert len({each.name for each in filters}) == len({each.uuid for each in filters}) == 24


def test_what_one_refers_to_is_there() -> None:
    names = {each.name for each in standard_filters()}
    used = {ref.filter for each in standard_filters() for ref in each.filterrefs}
    assert used <= names
    assert "no-other-rarp-traffic" in used


def test_clean_traffic_lets_arp_through_and_no_other_protocol() -> None:
    (clean,) = (each for each in standard_filters() if each.name == "clean-traffic")
    assert [(rule.mac.protocol_id, rule.priority) for rule in clean.rules if rule.mac] == [
        ("ipv4", -650),
        ("arp", -500),
    ]
    assert "no-other-l2-traffic" in {ref.filter for ref in clean.filterrefs}
