"""Titles, descriptions and others' elements."""

from __future__ import annotations

import pytest

from aiovirt.config import DomainConfig, NetworkConfig
from aiovirt.drivers.common.metadata import (
    read_element,
    read_metadata,
    write_element,
    write_metadata,
)
from aiovirt.errors import CallerError, ConfigError
from aiovirt.interfaces import MetadataKind


@pytest.mark.parametrize(
    ("kind", "text", "uri"),
    [("title", "A title", None), ("description", "two\nlines", None), ("element", "<a/>", "urn:x")],
)
def test_what_is_written_is_read_until_it_is_taken_out(
    kind: MetadataKind, text: str, uri: str | None
) -> None:
    config = DomainConfig(name="n")
    write_metadata(config, kind, text, key="x", uri=uri)
    assert read_metadata(config, kind, uri) == text
    write_metadata(config, kind, None, key=None, uri=uri)
    assert read_metadata(config, kind, uri) is None


def test_networks_have_elements_too() -> None:
    config = NetworkConfig(name="n")
    write_element(config, "<a/>", key="x", uri="urn:x")
    assert read_element(config, "urn:x") == "<a/>"


def test_a_title_is_one_line() -> None:
    with pytest.raises(ConfigError, match="one line"):
        write_metadata(DomainConfig(name="n"), "title", "two\nlines", key=None, uri=None)


@pytest.mark.parametrize(("key", "uri"), [("x", None), (None, "urn:x")])
def test_an_element_has_a_namespace_and_a_prefix(key: str | None, uri: str | None) -> None:
    with pytest.raises(CallerError, match="namespace"):
        write_metadata(DomainConfig(name="n"), "element", "<a/>", key=key, uri=uri)
