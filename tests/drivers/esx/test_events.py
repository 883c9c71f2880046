"""Events from the stream of the inventory: our own changes, those of others, and losses."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from esxhosts import opening
from guests import wait_for
from vcsimlab import Checker, Simulator

from aiovirt.interfaces import EventStream
from aiovirt.model.events import ConnectionEvent, Event, LifecycleDetail, LifecycleEvent
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]


def told(events: list[Event]) -> list[tuple[str, LifecycleDetail]]:
    """Return what life cycle events tell."""
    return [(e.domain.name, e.detail) for e in events if isinstance(e, LifecycleEvent)]


async def until_connected(events: EventStream) -> list[Event]:
    """Read events until the connection is there again."""
    seen: list[Event] = []
    with anyio.fail_after(50):
        async for event in events:
            seen.append(event)
            if isinstance(event, ConnectionEvent) and event.connected:
                break
    return seen


async def test_our_own_changes(host: Connection, name: str) -> None:
    async with host.events() as events:
        vm = await host.domains.get(name)
        await vm.suspend()
        await vm.resume()
        await vm.destroy()
        await vm.rename("other")
        await vm.start()
        await vm.destroy()
        await vm.undefine()
        seen = await wait_for(events, LifecycleDetail.UNDEFINED_REMOVED)
    assert told(seen) == [
        (name, LifecycleDetail.SUSPENDED_PAUSED),
        (name, LifecycleDetail.RESUMED_UNPAUSED),
        (name, LifecycleDetail.STOPPED_DESTROYED),
        (name, LifecycleDetail.UNDEFINED_RENAMED),
        ("other", LifecycleDetail.DEFINED_RENAMED),
        ("other", LifecycleDetail.STARTED_BOOTED),
        ("other", LifecycleDetail.STOPPED_DESTROYED),
        ("other", LifecycleDetail.UNDEFINED_REMOVED),
    ]
    assert not any(event.synthetic for event in seen)


async def test_changes_of_others(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    checker = check(vsphere)
    async with host.events() as events:
        for change, detail in (
            (checker.power_off, LifecycleDetail.STOPPED_SHUTDOWN),
            (checker.power_on, LifecycleDetail.STARTED_BOOTED),
            (checker.suspend, LifecycleDetail.SUSPENDED_PAUSED),
            (checker.power_on, LifecycleDetail.RESUMED_UNPAUSED),
        ):
            change(name)
            assert told(await wait_for(events, detail)) == [(name, detail)]
        checker.power_off(name)
        await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)
        checker.destroy(name)
        await wait_for(events, LifecycleDetail.UNDEFINED_REMOVED)
    assert name not in {each.name for each in await host.domains.list()}


async def test_a_restart_is_told_with_what_has_changed(esx: Simulator) -> None:
    async with opening(esx) as host, host.events() as events:
        vm = await host.domains.get("ha-host_VM0")
        await vm.destroy()
        await wait_for(events, LifecycleDetail.STOPPED_DESTROYED)
        esx.restart()  # all machines of the new one run
        seen = await until_connected(events)
    lost = [event for event in seen if isinstance(event, ConnectionEvent)]
    assert [event.connected for event in lost] == [False, True]
    changes = [event for event in seen if isinstance(event, LifecycleEvent)]
    assert changes
    assert all(event.synthetic for event in changes)
