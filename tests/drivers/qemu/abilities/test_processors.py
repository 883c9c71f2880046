"""Processors and I/O threads of a guest that runs, on a real QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu import open_driver
from aiovirt.errors import CallerError, InvalidState, Unsupported
from aiovirt.interfaces import Definition, Lifecycle, Monitor, Processors
from aiovirt.model.constants import DomainModificationImpact, DomainVcpuFlags
from aiovirt.model.uri import URI

pytestmark = [pytest.mark.anyio, pytest.mark.real]

LIVE, CONFIG = DomainModificationImpact.LIVE, DomainModificationImpact.CONFIG
MOST = DomainVcpuFlags.MAXIMUM


async def test_threads_come_and_go(root: Path) -> None:
    async with open_driver(URI.parse(f"qemu:///embed?root={root}")) as driver:
        definition, processors = driver.ability(Definition), driver.ability(Processors)
        config = DomainConfig(name="web1", memory="16MiB", vcpus=4)
        config.os.machine = "pc"
        config.features.acpi = True
        config.vcpu.current = 2
        key = await definition.define(config)
        await driver.ability(Lifecycle).start(key, paused=True)

        # One in the middle of those that are not there, which no count can say.
        await processors.set_vcpu(key, [3], enable=True, flags=LIVE)
        assert [each.number for each in await processors.vcpus(key)] == [0, 1, 3]
        assert await processors.vcpu_count(key) == 3
        with pytest.raises(CallerError, match="on already"):
            await processors.set_vcpu(key, [1], enable=True)
        with pytest.raises(Unsupported, match="started with"):
            await processors.set_vcpu(key, [1], enable=False)
        with pytest.raises(Unsupported, match="that it emulates"):  # it would die of it
            await processors.set_vcpu_count(key, 2)
        assert await processors.vcpu_count(key) == 3
        with pytest.raises(InvalidState, match="most"):
            await processors.set_vcpu_count(key, 8, flags=MOST)

        both = LIVE | CONFIG
        await processors.add_iothread(key, 7, flags=both)
        await processors.set_iothread(key, 7, {"poll_max_ns": 4096}, flags=both)
        told = await driver.ability(Monitor).monitor_command(key, "query-iothreads")
        assert isinstance(told, list)
        assert [(each["id"], each["poll-max-ns"]) for each in told] == [("iothread7", 4096)]
        with pytest.raises(CallerError, match="no I/O thread 1"):
            await processors.delete_iothread(key, 1, flags=both)
        await processors.delete_iothread(key, 7, flags=LIVE)
        assert await processors.iothreads(key, flags=LIVE) == []
        assert [each.number for each in await processors.iothreads(key, flags=CONFIG)] == [7]
        await driver.ability(Lifecycle).destroy(key)


async def test_a_guest_starts_with_just_those_that_it_is_to_have(root: Path) -> None:
    async with open_driver(URI.parse(f"qemu:///embed?root={root}")) as driver:
        definition, processors = driver.ability(Definition), driver.ability(Processors)
        config = DomainConfig(name="web1", memory="16MiB", vcpus=4)
        config.os.machine = "pc"
        config.vcpu.current = 1
        key = await definition.define(config)
        await processors.set_vcpu(key, [2], enable=True, flags=CONFIG)
        await driver.ability(Lifecycle).start(key, paused=True)
        assert [each.number for each in await processors.vcpus(key)] == [0, 2]
        await driver.ability(Lifecycle).destroy(key)
        await processors.set_vcpu_count(key, 2, flags=MOST | DomainVcpuFlags.CONFIG)
        assert await processors.max_vcpus(key) == 2
