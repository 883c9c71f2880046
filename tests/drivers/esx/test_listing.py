"""Finding and listing machines: right, from memory, and up to date with what others do."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from esxhosts import opening
from vcsimlab import Checker, Shape, Simulator

from aiovirt.errors import NotFound
from aiovirt.model.constants import ConnectListAllDomainsFlags as Flags
from aiovirt.model.domain import DomainState
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]


async def test_machines_are_as_the_other_client_sees_them(vsphere: Simulator, check: Check) -> None:
    checker = check(vsphere)
    async with opening(vsphere, "/") as host:
        records = await host.domains.records()
    assert {record.key.name for record in records} == checker.names()
    for record in records:
        machine = checker.machine(record.key.name)
        assert record.key.uuid == UUID(machine.uuid)
        assert f"vm-{record.id}" == machine.moid
        assert record.state is DomainState.RUNNING


async def test_one_is_found_every_way(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    number = (await vm.record()).id
    assert number is not None
    for way in (name, vm.uuid, number):
        assert await host.domains.get(way) == vm


async def test_what_is_not_there_is_not_found(host: Connection) -> None:
    for way in ("none", UUID(int=5), 4711):
        with pytest.raises(NotFound):
            await host.domains.get(way)


async def test_looking_asks_nobody(vsphere: Simulator, host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    before = vsphere.counts()
    await host.domains.records()
    await host.domains.list()
    await vm.state()
    await vm.record()
    info = await vm.info()
    await vm.autostart()
    after = vsphere.counts()
    after["WaitForUpdatesEx"] = before["WaitForUpdatesEx"]  # the stream goes on by itself
    assert after == before
    assert (info.vcpus, info.max_memory, info.memory) == (1, 32 << 20, 32 << 20)


async def test_filters_of_lists(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    await vm.suspend()
    everything = await host.domains.list()
    for flags, there in (
        (Flags.PAUSED, True),
        (Flags.RUNNING, False),
        (Flags.ACTIVE, True),
        (Flags.INACTIVE, False),
        (Flags.PERSISTENT, True),
        (Flags.TRANSIENT, False),
        (Flags.NO_AUTOSTART, True),
        (Flags.AUTOSTART, False),
        (Flags.MANAGEDSAVE, False),
        (Flags.NO_CHECKPOINT, True),
    ):
        found = await host.domains.list(flags=flags)
        assert (vm in found) is there, flags
        assert set(found) <= set(everything)


async def test_a_thousand_machines_are_listed_in_order(
    simulate: Callable[..., Simulator],
) -> None:
    vcenter = simulate("vcenter", Shape(machines=200, standalone_hosts=0))
    async with opening(vcenter, "/") as host:
        names = [record.key.name for record in await host.domains.records()]
    assert len(names) == 200
    assert names == sorted(names)
