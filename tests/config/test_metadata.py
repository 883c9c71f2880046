"""Metadata of other programs is kept by namespace."""

from __future__ import annotations

import pytest

from aiovirt.config import DomainConfig
from aiovirt.errors import XMLError

URI = "http://example.org/app"
OTHER = "http://example.org/other"


def _domain() -> DomainConfig:
    return DomainConfig(name="a")


def test_reads_the_element_of_a_namespace(rich: str) -> None:
    xml = DomainConfig.parse(rich).metadata.get(URI)
    assert xml is not None
    assert xml.startswith(f"<app:info xmlns:app='{URI}' kept='yes'>")


def test_what_is_not_there_is_none() -> None:
    assert _domain().metadata.get(URI) is None


def test_writes_an_element_into_its_namespace() -> None:
    domain = _domain()
    domain.metadata.set(URI, "<info a='1'><x/>y</info>", prefix="app")
    assert domain.metadata.get(URI) == f"<app:info xmlns:app='{URI}' a='1'><app:x/>y</app:info>"


def test_an_element_that_names_its_namespace_stays_as_it_is() -> None:
    domain = _domain()
    domain.metadata.set(URI, f"<info xmlns='{URI}'/>", prefix="app")
    assert domain.metadata.get(URI) == f"<app:info xmlns:app='{URI}'/>"


def test_a_second_writing_replaces_the_first() -> None:
    domain = _domain()
    for xml in ("<one/>", "<two/>"):
        domain.metadata.set(URI, xml, prefix="app")
    assert domain.metadata.get(URI) == f"<app:two xmlns:app='{URI}'/>"


def test_namespaces_do_not_touch_each_other() -> None:
    domain = _domain()
    domain.metadata.set(URI, "<one/>", prefix="app")
    domain.metadata.set(OTHER, "<two/>", prefix="other")
    assert domain.metadata.remove(URI)
    assert list(domain.metadata.uris()) == [OTHER]


def test_removing_what_is_not_there_says_so() -> None:
    assert not _domain().metadata.remove(URI)


def test_survives_a_round_trip() -> None:
    domain = _domain()
    domain.metadata.set(URI, "<one/>", prefix="app")
    again = DomainConfig.parse(domain.to_xml())
    assert again.metadata.get(URI) == domain.metadata.get(URI)


@pytest.mark.parametrize(
    ("uri", "xml", "prefix"),
    [
        (URI, "<broken", "app"),
        (URI, f"<x xmlns='{OTHER}'/>", "app"),
        (URI, "<x/>", "not a prefix"),
        (URI, "<x/>", "xml"),
        (URI, "<x/>", "xmlns"),
        ("\0", "<x/>", "app"),
        ("", "<x/>", "app"),
        (URI, "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "app"),
    ],
)
def test_refuses_what_it_cannot_keep(uri: str, xml: str, prefix: str) -> None:
    domain = _domain()
    with pytest.raises(XMLError):
        domain.metadata.set(uri, xml, prefix=prefix)
    assert not domain.metadata
