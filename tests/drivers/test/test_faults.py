"""The faults of the in-memory host happen when and how often they were asked for."""

from __future__ import annotations

from uuid import UUID

import anyio
import pytest

from aiovirt.drivers.test.faults import Faults
from aiovirt.errors import Busy, ConfigError, ConnectionLost, NotFound
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import SnapshotKey

pytestmark = pytest.mark.anyio


async def test_a_failure_happens_as_often_as_asked() -> None:
    faults = Faults(counting=False)
    fault = faults.fail("Lifecycle.start", Busy("no"), times=2)
    for _ in range(2):
        with pytest.raises(Busy, match="no"):
            await faults.at("Lifecycle.start")
    await faults.at("Lifecycle.start")
    assert fault.hits == 2
    assert not faults.active


async def test_an_error_is_made_of_its_class() -> None:
    faults = Faults()
    faults.fail("Networks.*", NotFound)
    with pytest.raises(NotFound, match=r"Networks\.start"):
        await faults.at("Networks.start")


async def test_only_the_named_thing_is_hit() -> None:
    faults = Faults()
    faults.fail("Lifecycle.start", Busy, of="web1")
    await faults.at("Lifecycle.start", DomainKey(UUID(int=2), "web2"))
    with pytest.raises(Busy):
        await faults.at("Lifecycle.start", DomainKey(UUID(int=1), "web1"))


async def test_a_delay_waits_by_the_clock_it_was_given() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    faults = Faults(sleep=sleep)
    faults.delay("*", 2.5)
    await faults.at("Secrets.keys")
    assert waited == [2.5]


async def test_what_hangs_goes_on_when_the_fault_is_removed() -> None:
    faults = Faults()
    hang = faults.hang("Lifecycle.start")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(faults.at, "Lifecycle.start")
        await hang.reached.wait()
        faults.clear()


async def test_a_lost_connection_is_told_and_heals() -> None:
    faults = Faults()
    told: list[str | None] = []
    faults.on_connection = told.append
    faults.disconnect("Lifecycle.start", outage=1)
    with pytest.raises(ConnectionLost) as lost:
        await faults.at("Lifecycle.start")
    assert lost.value.maybe_done
    with pytest.raises(ConnectionLost):
        await faults.at("Secrets.keys")
    assert told[0] is not None
    assert told[1] is None
    await faults.at("Secrets.keys")


def test_an_operation_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Lifecycle\.begin"):
        Faults().fail("Lifecycle.begin", Busy)


async def test_a_fault_about_a_domain_finds_its_snapshots_too() -> None:
    faults = Faults()
    faults.fail("Snapshots.*", Busy, of="web1")
    with pytest.raises(Busy):
        await faults.at("Snapshots.delete", SnapshotKey(DomainKey(UUID(int=1), "web1"), "s1"))


async def test_calls_are_counted() -> None:
    faults = Faults()
    await faults.at("Secrets.keys")
    assert faults.calls == {"Secrets.keys": 1}
