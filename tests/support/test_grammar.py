"""What the script about libvirt's test data calls a difference, and what it does not."""

from __future__ import annotations

import pytest
from grammar import Difference, content, differences
from lxml import etree

from aiovirt.config import DomainConfig

DOMAIN = "<domain type='kvm'>\n<name>a</name>{}</domain>"


@pytest.mark.parametrize(
    "inner",
    [
        "<!-- a -->\n <memory unit='MiB'>5</memory>",
        "<devices><disk><source file='/a'/><target dev='vda'/><driver/></disk></devices>",
        "<memoryBacking><hugepages/></memoryBacking>",
        "<metadata><a xmlns='u:x'/></metadata>",
    ],
)
def test_what_is_known_is_no_difference(inner: str) -> None:
    assert list(differences(DOMAIN.format(inner).encode(), DomainConfig)) == []


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ("<future/>", [Difference("unknown", "domain/future")]),
        ("<vcpu future='1'>1</vcpu>", [Difference("unknown", "domain/vcpu/@future")]),
    ],
)
def test_what_no_field_knows_is_named(inner: str, found: list[Difference]) -> None:
    assert list(differences(DOMAIN.format(inner).encode(), DomainConfig)) == found


def test_what_cannot_be_read_is_named() -> None:
    (found,) = differences(DOMAIN.format("<memory>lots</memory>").encode(), DomainConfig)
    assert (found.what, "DomainConfig.memory" in found.where) == ("read", True)


def test_a_value_that_is_written_otherwise_is_named() -> None:
    (found,) = differences(DOMAIN.format("<memory unit='b'>1</memory>").encode(), DomainConfig)
    assert found.what == "field"


def test_white_space_around_elements_is_no_content() -> None:
    one, two = (etree.fromstring(xml) for xml in ("<a> <b/>\n</a>", "<a><b/></a>"))
    assert content(one) == content(two)
    assert content(etree.fromstring("<a>x<b/></a>")) != content(two)
