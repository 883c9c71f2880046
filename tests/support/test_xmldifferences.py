"""Differences of documents: where they are is told, order and white space are none."""

from __future__ import annotations

import pytest
from xmldifferences import differences

DOCUMENT = "<d type='x'><name>a</name><devices><disk unit='0'/><disk unit='1'/></devices></d>"


@pytest.mark.parametrize(
    "same",
    [
        DOCUMENT,
        "<d type='x'>\n <devices><disk unit='1'/> <disk unit='0'/></devices><name> a </name></d>",
        "<d type='x'><!-- --><name>a</name><devices><disk unit='0'/><disk unit='1'/></devices></d>",
    ],
)
def test_order_space_and_comments_are_no_difference(same: str) -> None:
    assert differences(DOCUMENT, same) == []


@pytest.mark.parametrize(
    ("wanted", "instead", "found"),
    [
        ("type='x'", "type='y'", "other d"),
        ("<name>a</name>", "", "lacks d/name"),
        ("<name>a</name>", "<name>b</name>", "other d/name"),
        ("</devices>", "<disk unit='0'/></devices>", "has   d/devices/disk"),
        ("unit='1'", "unit='2'", "other d/devices/disk"),
    ],
)
def test_a_difference_is_told_by_its_place(wanted: str, instead: str, found: str) -> None:
    assert [kind for kind, _ in differences(DOCUMENT, DOCUMENT.replace(wanted, instead))] == [found]
