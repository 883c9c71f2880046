"""What flags mean, and texts that last until a change."""

from __future__ import annotations

from uuid import uuid4

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.impact import CONFIG, LIVE, looked_at, meant
from aiovirt.errors import InvalidState
from aiovirt.model.domain import DomainKey


def domain(definition: DomainConfig | None) -> ManagedDomain:
    return ManagedDomain(DomainKey(uuid4(), "web1"), definition)


def config() -> DomainConfig:
    return DomainConfig(name="web1", memory="1MiB", vcpus=2)


def test_a_domain_that_is_off_means_its_definition() -> None:
    definition = config()
    found = meant(domain(definition), 0)
    assert found.live is None
    assert found.definition is definition
    assert looked_at(domain(definition), CONFIG) is definition


def test_the_running_instance_of_one_that_is_off_is_refused() -> None:
    with pytest.raises(InvalidState, match="not running"):
        meant(domain(config()), LIVE)


def test_the_definition_of_a_transient_one_is_refused() -> None:
    with pytest.raises(InvalidState, match="transient"):
        meant(domain(None), CONFIG)


def test_a_text_lasts_until_the_definition_changes() -> None:
    managed = domain(config())
    before = managed.text(secure=True)
    assert managed.text(secure=True) is before
    managed.definition = DomainConfig(name="web1", memory="2MiB")
    assert managed.text(secure=True) != before


def test_sizes_are_read_anew_after_a_change() -> None:
    managed = domain(config())
    assert managed.sizes() == (1 << 20, 1 << 20, 2, 2)
    managed.definition = DomainConfig(name="web1", memory="2MiB")
    assert managed.sizes().memory == 2 << 20
