"""Machines as the inventory has them."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.drivers.esx.machine import OFF, ON, number_of, read_machine
from aiovirt.protocols.vsphere import Ref

UUID_TEXT = "564d9bef-acd9-b4e0-c8f0-aea8b9103515"


@pytest.mark.parametrize(
    ("value", "number"), [("vm-9", 9), ("12", 12), ("vm-x", None), ("vapp-9", None)]
)
def test_the_number_is_in_the_reference(value: str, number: int | None) -> None:
    assert number_of(Ref("VirtualMachine", value)) == number


def test_a_machine_that_is_known_whole() -> None:
    known = {
        "name": "a%2fb",
        "config.uuid": UUID_TEXT,
        "runtime.powerState": ON,
        "config.hardware.memoryMB": 64,
        "config.hardware.numCPU": 2,
    }
    machine = read_machine(Ref("VirtualMachine", "vm-9"), known)
    assert (machine.name, machine.key.uuid) == ("a/b", UUID(UUID_TEXT))
    assert (machine.number, machine.memory_mib, machine.vcpus) == (9, 64, 2)


@pytest.mark.parametrize("uuid", [None, "", "no uuid"])
def test_a_machine_that_its_host_cannot_read(uuid: str | None) -> None:
    machine = read_machine(Ref("VirtualMachine", "vm-9"), {"name": "x", "config.uuid": uuid})
    assert (machine.power, machine.number, machine.key.uuid) == (OFF, None, UUID(int=0))
