"""Pins in a configuration."""

from __future__ import annotations

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine import pins
from aiovirt.drivers.qemu.engine.pins import pinned, set_pin

VCPU = ("vcpu", 1)


@pytest.fixture(autouse=True)
def _four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "host_cpus", lambda: 4)


def config() -> DomainConfig:
    return DomainConfig(name="web1", memory="1MiB", vcpus=2)


def test_without_a_pin_all_processors_may_be_used() -> None:
    assert pinned(config(), "vcpupin", VCPU) == {0, 1, 2, 3}


def test_a_pin_is_of_one_processor_only() -> None:
    changed = config()
    set_pin(changed, "vcpupin", VCPU, {0, 2})
    assert pinned(changed, "vcpupin", VCPU) == {0, 2}
    assert pinned(changed, "vcpupin", ("vcpu", 0)) == {0, 1, 2, 3}


def test_the_domains_own_set_holds_where_nothing_else_is_said() -> None:
    changed = config()
    changed.vcpu.cpuset = "1-2"
    assert pinned(changed, "emulatorpin") == {1, 2}


def test_all_processors_take_a_pin_out() -> None:
    changed = config()
    set_pin(changed, "emulatorpin", None, {3})
    set_pin(changed, "emulatorpin", None, {0, 1, 2, 3})
    assert "cputune" not in changed.to_xml()
