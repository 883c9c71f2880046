"""The comparison of .vmx files with libvirt's: it sees what is lost, and how much a case lacks."""

from __future__ import annotations

import pytest
from lxml import etree
from vmxlikeness import FILES, holds, lines_apart

WANTED = etree.fromstring("<d a='1'><n>x</n><disk><target dev='sda' bus='scsi'/></disk></d>")


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("<d a='1' b='2'><disk><target dev='sdb' bus='scsi'/></disk><n>x</n><more/></d>", True),
        ("<d><n>x</n><disk><target dev='sda' bus='scsi'/></disk></d>", False),
        ("<d a='1'><n>y</n><disk><target dev='sda' bus='scsi'/></disk></d>", False),
        ("<d a='1'><n>x</n><disk><target dev='sda' bus='ide'/></disk></d>", False),
        ("<d a='1'><n>x</n></d>", False),
    ],
)
def test_what_is_lost_is_seen(given: str, *, held: bool) -> None:
    assert holds(etree.fromstring(given), WANTED) is held


def test_lines_are_compared_whatever_their_order() -> None:
    assert list(lines_apart("a\nb\n", "b\n a\n\n")) == []
    assert list(lines_apart("a\nb\nb\n", "b\nc\n")) == ["- a", "- b", "+ c"]


def test_the_host_is_that_of_libvirts_tests() -> None:
    assert FILES.shown("a.vmdk") == "[datastore] directory/a.vmdk"
    assert FILES.shown("/vmfs/volumes/missing/a.iso") is None
    assert FILES.stored("[any] a.vmdk") == "/vmfs/volumes/any/a.vmdk"
