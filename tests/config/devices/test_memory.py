"""Memory as a device."""

from __future__ import annotations

from aiovirt.config import MemoryDevice, MemorySource, MemoryTarget, problems
from aiovirt.model.addresses import DimmAddress
from aiovirt.model.units import GiB, MiB


def test_a_piece_that_grows_is_made_of_sizes() -> None:
    target = MemoryTarget(size=GiB(1), node=0, block=MiB(2), requested=MiB(512))
    memory = MemoryDevice(model="virtio-mem", target=target)
    assert (list(problems(memory)), memory.target.requested) == ([], MiB(512))


def test_what_backs_it_is_pages_or_a_file() -> None:
    source = MemorySource(path="/a", nodemask="0-1")
    assert [problem.element for problem in problems(source)] == ["source/nodemask"]


def test_a_slot_has_a_place_in_memory() -> None:
    xml = "<memory><address type='dimm' slot='0' base='0x100000000'/></memory>"
    memory = MemoryDevice.parse(xml)
    assert memory.address == DimmAddress(0, 0x100000000)
    memory.address = DimmAddress(1)
    assert "<address type='dimm' slot='1'/>" in memory.to_xml()
