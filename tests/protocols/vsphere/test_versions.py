"""The list of versions, and which one is chosen."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere.versions import (
    FALLBACK,
    choose,
    parse_versions,
    versions_document,
)

ESX_65 = b"""<?xml version="1.0" encoding="UTF-8" ?>
<namespaces version="1.0">
 <namespace>
  <name>urn:vim25</name>
  <version>6.5</version>
  <priorVersions>
   <version>6.0</version>
   <version>5.5</version>
   <version>2.5u2</version>
   <version>2.0</version>
  </priorVersions>
 </namespace>
 <namespace>
  <name>urn:vim2</name>
  <version>2.0</version>
 </namespace>
</namespaces>
"""


def test_the_list_of_a_server() -> None:
    assert parse_versions(ESX_65) == ("6.5", "6.0", "5.5", "2.5u2", "2.0")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["6.5", "6.0", "5.5"], "6.5"),
        (["9.0.0.0", "8.0.3.0", "8.0.0.1", "7.0"], "8.0.3.0"),
        (["6.7", "6.10", "6.9.1"], "6.10"),
        (["7.0.3.2", "7.0.1.0"], "7.0.3.2"),
        (["5.1", "4.1", "2.5u2"], FALLBACK),
        (["9.1"], FALLBACK),
        ([], FALLBACK),
        (["unstable", "", "6.0"], "6.0"),
    ],
)
def test_the_newest_that_both_know_is_chosen(offered: list[str], chosen: str) -> None:
    assert choose(offered) == chosen


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "no XML"),
        (b"<html>404</html>", "is it a vCenter"),
        (
            b"<namespaces><namespace><name>urn:other</name></namespace></namespaces>",
            "does not list",
        ),
        (ESX_65[:200], "no XML"),
        (b"<a>" + b" " * 1024 * 1024 + b"</a>", "longer than"),
    ],
)
def test_what_is_no_list_is_refused(document: bytes, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_versions(document)


def test_what_a_server_lists_is_read() -> None:
    assert parse_versions(versions_document(["8.0.3.0", "7.0", "6.5"])) == ("8.0.3.0", "7.0", "6.5")


@given(st.binary(max_size=100))
def test_random_bytes_are_a_list_or_a_protocol_error(data: bytes) -> None:
    with suppress(ProtocolError):
        parse_versions(data)
