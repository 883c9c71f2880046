"""Events of a real libvirtd: they come as values, and what was missed is found out."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator

import anyio
import pytest
from labsamples import guest_xml, network_xml
from libvirtlab import Lab, run_virsh

from aiovirt import _open
from aiovirt.interfaces import EventStream
from aiovirt.model.events import (
    ConnectionEvent,
    Event,
    LifecycleDetail,
    LifecycleEvent,
    LifecycleKind,
    NetworkLifecycleEvent,
    StoragePoolLifecycleEvent,
)
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
async def host(lab: Lab) -> AsyncIterator[Connection]:
    """Return the open host."""
    async with _open.open(lab.uri("unix")) as connection:
        yield connection


async def until(events: EventStream, wanted: type[Event]) -> list[Event]:
    """Return the events up to the first of that kind."""
    found: list[Event] = []
    async for event in events:
        found.append(event)
        if isinstance(event, wanted):
            break
    return found


def details(events: list[Event]) -> list[tuple[str, LifecycleDetail, bool]]:
    """Return what happened to which domain, and whether it was only found out."""
    return [
        (event.domain.name, event.detail, event.synthetic)
        for event in events
        if isinstance(event, LifecycleEvent)
    ]


async def test_life_of_a_domain(host: Connection) -> None:
    async with host.events() as events:
        vm = await host.domains.define(guest_xml("ev1"))
        await vm.start(paused=True)
        await vm.destroy()
        await vm.undefine()
        found: list[LifecycleDetail] = []
        async for event in events:
            if isinstance(event, LifecycleEvent):
                found.append(event.detail)
            if found[-1:] == [LifecycleDetail.UNDEFINED_REMOVED]:
                break
    assert found[0] is LifecycleDetail.DEFINED_ADDED
    assert LifecycleDetail.STARTED_BOOTED in found
    assert LifecycleDetail.STOPPED_DESTROYED in found


async def test_networks_and_pools(host: Connection, lab: Lab) -> None:
    async with host.events() as events:
        network = lab.folder / "n.xml"
        network.write_text(network_xml("evnet"))
        await anyio.to_thread.run_sync(run_virsh, lab, "net-define", str(network))
        (event,) = await until(events, NetworkLifecycleEvent)
        assert isinstance(event, NetworkLifecycleEvent)
        assert event.network.name == "evnet"
        args = ("pool-define-as", "evpool", "dir", "--target", "/tmp")
        await anyio.to_thread.run_sync(lambda: run_virsh(lab, *args))
        (event,) = await until(events, StoragePoolLifecycleEvent)
        await anyio.to_thread.run_sync(run_virsh, lab, "net-undefine", "evnet")
        await anyio.to_thread.run_sync(run_virsh, lab, "pool-undefine", "evpool")


async def test_what_happened_while_the_daemon_was_dead(lab: Lab) -> None:
    async with _open.open(lab.uri("unix")) as host:
        await follow_a_death(host, lab)


async def follow_a_death(host: Connection, lab: Lab) -> None:
    """Kill the daemon, and one guest while it is dead; see what is found out."""
    stays = await host.domains.define(guest_xml("ev-stays"))
    dies = await host.domains.define(guest_xml("ev-dies"))
    for vm in (stays, dies):
        await vm.start(paused=True)
    async with host.events() as events:
        lab.kill()
        (lost,) = await until(events, ConnectionEvent)
        os.kill(lab.guest_pid("ev-dies"), signal.SIGKILL)
        lab.restart()
        told = await until(events, ConnectionEvent)
    assert isinstance(lost, ConnectionEvent)
    assert not lost.connected
    assert [(name, detail.kind) for name, detail, _ in details(told)] == [
        ("ev-dies", LifecycleKind.STOPPED)
    ]
    assert details(told)[0][2]
    assert (await stays.state()).state.active
    # It answers when libvirtd has found the guest again, which takes an end before for the guest's.
    await stays.memory_stats()
    await stays.destroy()
    for vm in (stays, dies):
        await vm.undefine()
