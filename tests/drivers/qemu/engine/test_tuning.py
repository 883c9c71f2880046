"""What a running guest may use is changed where the kernel keeps it, and in the documents."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from guests import bare_config

from aiovirt.drivers.qemu.process.groups import noted_group
from aiovirt.errors import CallerError, ConfigError, InvalidState, NotFound, ResourceUnavailable
from aiovirt.host.cgroups import Group, Hierarchies
from aiovirt.host.cgroups.usage import cpu_usage
from aiovirt.model.events import Event, TunableEvent
from aiovirt.model.params import plain
from aiovirt.objects import Connection, Domain

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.real,
    pytest.mark.parametrize("anyio_backend", ["asyncio"]),
    pytest.mark.skipif(
        not Hierarchies.find().split.keys() >= {"cpu", "memory", "blkio", "cpuset"},
        reason="this host has no control groups of version 1",
    ),
]


def text_of(group: Group, controller: str, name: str) -> str:
    return group.file(controller, name).read_text().strip()


async def test_a_running_guest_is_tuned(host: Connection, root: Path) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    group = noted_group(root / "run" / str(vm.uuid))
    assert group is not None
    await _processors(host, vm, group)
    await _memory_and_disks(vm, group)
    await _what_is_refused(vm, group)
    total = (await vm.cpu_stats(start=-1))[0]["cpu_time"]
    assert 0 < int(str(plain(total))) <= cpu_usage(group).total_ns
    assert len(await vm.cpu_stats()) >= 1
    await vm.destroy()


async def _processors(host: Connection, vm: Domain, group: Group) -> None:
    told: list[Event] = []
    async with host.events() as events:
        await vm.set_scheduler_parameters({"cpu_shares": 2000, "vcpu_quota": 30000})
        with anyio.fail_after(10):
            async for event in events:
                told.append(event)
                if isinstance(event, TunableEvent):
                    break
    assert isinstance(told[-1], TunableEvent)
    assert told[-1].params == {"cputune.cpu_shares": 2000, "cputune.vcpu_quota": 30000}
    assert text_of(group, "cpu", "cpu.shares") == "2000"
    assert text_of(group.child("vcpu0"), "cpu", "cpu.cfs_quota_us") == "30000"
    assert plain((await vm.scheduler_parameters())["cpu_shares"]) == 2000
    assert "<shares>" not in await vm.xml(inactive=True)


async def _memory_and_disks(vm: Domain, group: Group) -> None:
    await vm.set_memory_parameters({"hard_limit": 900_000, "swap_hard_limit": 950_000})
    assert text_of(group, "memory", "memory.limit_in_bytes") == str(900_000 << 10)
    await vm.set_memory_parameters({"hard_limit": 940_000, "swap_hard_limit": 960_000})
    await vm.set_memory_parameters({"swap_hard_limit": 880_000, "hard_limit": 880_000})
    assert text_of(group, "memory", "memory.memsw.limit_in_bytes") == str(880_000 << 10)
    await vm.set_blkio_parameters({"weight": 600})
    await vm.set_numa_parameters({"numa_nodeset": "0"})
    assert text_of(group, "cpuset", "cpuset.mems") == "0"
    assert "<weight>600</weight>" in await vm.xml()


async def _what_is_refused(vm: Domain, group: Group) -> None:
    with pytest.raises(CallerError, match="'nonsense'"):
        await vm.set_scheduler_parameters({"nonsense": 1})
    with pytest.raises(ConfigError, match="cfs_quota_us"):
        await vm.set_scheduler_parameters({"global_quota": 1})
    assert "global_quota" not in await vm.xml()
    with pytest.raises(InvalidState, match="mode"):
        await vm.set_numa_parameters({"numa_mode": 1, "numa_nodeset": "0"})
    with pytest.raises(NotFound):
        await vm.set_interface_parameters("vnet77", {"inbound.average": 5})
    assert text_of(group, "cpu", "cpu.cfs_quota_us") == "-1"


async def test_a_card_without_a_device_cannot_be_slowed(host: Connection) -> None:
    config = bare_config()
    text = config.to_xml().replace(
        "<serial",
        "<interface type='user'><mac address='52:54:00:01:02:03'/>"
        "<bandwidth><inbound average='5'/></bandwidth></interface><serial",
    )
    vm = await host.domains.define(type(config).parse(text))
    with pytest.raises(ResourceUnavailable, match="'user'"):
        await vm.start()
