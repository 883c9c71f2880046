"""libvirt's first procedures over the host in memory: the younger abilities answer them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aiovirt.daemon.legacy import legacy_of
from aiovirt.drivers.test import open_driver
from aiovirt.interfaces import (
    Ability,
    Definition,
    Legacy,
    LegacyHost,
    LegacySnapshots,
    LegacyStorage,
    LegacyWork,
    Networks,
    operations,
    supported,
)
from aiovirt.interfaces.driver import Driver
from aiovirt.model.domain import DomainState
from aiovirt.model.uri import URI

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Nothing here differs between loops."""
    return "asyncio"


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    async with open_driver(URI.parse("test:///default")) as opened:
        yield opened


ALL = (Legacy, LegacyHost, LegacyStorage, LegacySnapshots, LegacyWork)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
async def test_every_operation_is_answered(driver: Driver, kind: type[Ability]) -> None:
    made = legacy_of(kind, driver)
    assert made is not None
    assert supported(kind, type(made)) == operations(kind)


async def test_younger_abilities_have_no_older_form(driver: Driver) -> None:
    assert legacy_of(Networks, driver) is None


async def test_domains_are_counted_and_listed(driver: Driver) -> None:
    legacy = legacy_of(Legacy, driver)
    assert isinstance(legacy, Legacy)
    assert (await legacy.count_active(), list(await legacy.active_ids())) == (1, [1])
    assert (await legacy.count_inactive(), list(await legacy.inactive_names())) == (0, [])


async def test_a_domain_is_ended_and_started(driver: Driver) -> None:
    legacy, definition = legacy_of(Legacy, driver), driver.ability(Definition)
    assert isinstance(legacy, Legacy)
    domain = await definition.find_by_name("test")
    await legacy.destroy(domain)
    assert list(await legacy.inactive_names(1)) == ["test"]
    await legacy.start(domain)
    assert (await definition.state(domain)).state is DomainState.RUNNING


async def test_networks_and_devices_are_named(driver: Driver) -> None:
    legacy = legacy_of(LegacyHost, driver)
    assert isinstance(legacy, LegacyHost)
    assert list(await legacy.network_names(8)) == ["default"]
    assert list(await legacy.network_names(0)) == []
    assert await legacy.count_devices("system") == 1
    assert await legacy.count_devices("no such kind") == 0


async def test_pools_are_named(driver: Driver) -> None:
    legacy = legacy_of(LegacyStorage, driver)
    assert isinstance(legacy, LegacyStorage)
    assert list(await legacy.pool_names(8)) == ["default-pool"]
    assert await legacy.count_secrets() == 0


async def test_a_domain_without_a_job_says_so(driver: Driver) -> None:
    legacy, definition = legacy_of(LegacyWork, driver), driver.ability(Definition)
    assert isinstance(legacy, LegacyWork)
    info = await legacy.job_info(await definition.find_by_name("test"))
    assert (info.kind, info.data_total) == (0, 0)
