"""From QEMU's answers to what the driver wants to know of a binary."""

from __future__ import annotations

import pytest

from aiovirt.drivers.qemu.binaries.interpret import interpret
from aiovirt.errors import ProtocolError

ANSWERS: dict[str, object] = {
    "version": {"qemu": {"major": 9, "minor": 1, "micro": 0}, "package": "v9.1"},
    "target": {"arch": "arm"},
    "machines": [{"name": "virt-9.1", "alias": "virt", "cpu-max": 8, "default-ram-id": "ram"}],
    "cpus": [
        {"name": "a", "typename": "a-cpu", "unavailable-features": []},
        {"name": "b", "typename": "b-cpu", "unavailable-features": ["x"]},
        {"name": "c", "typename": "c-cpu"},
    ],
    "devices": [{"name": "virtio-net-pci"}],
    "objects": [],
    "accelerators": [{"name": "tcg-accel"}],
    "kvm": {"enabled": False, "present": True},
    "options": [{"option": "sandbox", "parameters": []}],
    "schema": [],
}


def test_libvirts_word_stands_for_the_target() -> None:
    assert interpret("/q", ANSWERS).arch == "armv7l"


def test_a_machine_is_known_by_both_names() -> None:
    found = interpret("/q", ANSWERS)
    assert found.machine("virt") is found.machine("virt-9.1") is not None


def test_a_cpu_is_usable_when_nothing_is_missing() -> None:
    assert [cpu.usable for cpu in interpret("/q", ANSWERS).cpu_models] == [True, False, None]


def test_kvm_that_is_present_but_not_enabled_cannot_be_used() -> None:
    assert interpret("/q", ANSWERS).accelerators == ("tcg",)


def test_a_sandbox_that_takes_nothing_is_none() -> None:
    assert not interpret("/q", ANSWERS).has("sandbox")


@pytest.mark.parametrize("name", ["version", "machines", "schema", "kvm"])
def test_an_answer_of_another_form_is_told(name: str) -> None:
    with pytest.raises(ProtocolError, match="/q"):
        interpret("/q", {**ANSWERS, name: 7})


def test_a_device_that_the_program_ended_at_is_none() -> None:
    told = {"virtio-net-pci": None}
    found = interpret("/q", {**ANSWERS, "properties": told})
    assert "virtio-net-pci" not in found.devices


def test_a_device_without_the_part_that_it_is_made_of_is_none() -> None:
    names = [{"name": "virtio-vga-gl"}, {"name": "virtio-vga"}]
    found = interpret("/q", {**ANSWERS, "devices": names})
    assert found.devices == {"virtio-vga"}


def test_properties_are_known_of_what_was_asked_about() -> None:
    told = {"virtio-net-pci": [{"name": "mac"}, {"name": "netdev"}]}
    found = interpret("/q", {**ANSWERS, "properties": told})
    assert found.properties.of("virtio-net-pci") == frozenset({"mac", "netdev"})
    assert found.properties.of("e1000") is None
