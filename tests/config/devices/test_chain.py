"""Chains of images."""

from __future__ import annotations

from aiovirt.config import BackingStore, Disk, DiskSource, problems

CHAIN = (
    "<disk type='file'><source file='/c'/><target dev='vda'/>"
    "<backingStore type='file'><format type='qcow2'/><source file='/b'/>"
    "<backingStore type='block'><format type='raw'/><source dev='/a'/><backingStore/>"
    "</backingStore></backingStore></disk>"
)


def test_a_chain_is_read_to_its_end() -> None:
    first = Disk.parse(CHAIN).backing
    assert (first.source.file, first.backing.source.dev) == ("/b", "/a")
    assert (bool(first.backing.backing), first.backing.backing.format) == (True, None)


def test_a_chain_is_made_from_its_end() -> None:
    base = BackingStore(type="block", format="raw", source=DiskSource(dev="/a"))
    base.backing = BackingStore()
    image = BackingStore(type="file", format="qcow2", source=DiskSource(file="/b"), backing=base)
    assert image == Disk.parse(CHAIN).backing


def test_an_image_needs_its_format() -> None:
    (problem,) = problems(BackingStore(type="file", source=DiskSource(file="/b")))
    assert "format" in str(problem)
