"""Events of an ESX host by SSH: ours at once, those of others at the next look."""

from __future__ import annotations

import anyio
import pytest
from esxshell.lab import EsxLab
from guests import wait_for

from aiovirt.model.events import ConnectionEvent, LifecycleDetail, LifecycleEvent
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_our_own_changes_are_told_once(host: Connection, vm: Domain) -> None:
    async with host.events() as events:
        await vm.start()
        await vm.suspend()
        await vm.resume()
        await vm.shutdown()
        await vm.rename("web2")
        await vm.undefine()
        seen = await wait_for(events, LifecycleDetail.UNDEFINED_REMOVED)
    found = [event for event in seen if isinstance(event, LifecycleEvent)]
    assert not any(event.synthetic for event in found)
    assert [event.detail for event in found] == [
        LifecycleDetail.STARTED_BOOTED,
        LifecycleDetail.SUSPENDED_PAUSED,
        LifecycleDetail.RESUMED_UNPAUSED,
        LifecycleDetail.STOPPED_SHUTDOWN,
        LifecycleDetail.DEFINED_RENAMED,
        LifecycleDetail.UNDEFINED_REMOVED,
    ]


async def test_what_others_do_is_told_later(host: Connection, esx: EsxLab) -> None:
    async with host.events() as events:
        number = esx.add("theirs")
        (added,) = await wait_for(events, LifecycleDetail.DEFINED_ADDED)
        assert added.synthetic
        esx.power(number, "poweredOn")
        await wait_for(events, LifecycleDetail.STARTED_BOOTED)
        esx.power(number, "poweredOff")
        await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)
        with esx.state() as state:
            state.machines.clear()
        await wait_for(events, LifecycleDetail.UNDEFINED_REMOVED)


async def test_what_was_there_before_is_no_news(host: Connection, esx: EsxLab) -> None:
    esx.power(esx.add("before"), "poweredOn")
    async with host.events() as events:
        esx.add("after")
        (event,) = await wait_for(events, LifecycleDetail.DEFINED_ADDED)
    assert isinstance(event, LifecycleEvent)
    assert event.domain.name == "after"


async def test_nobody_looks_while_nobody_listens(host: Connection, esx: EsxLab) -> None:
    async with host.events():
        pass
    with esx.hold("vmsvc/getallvms"), anyio.move_on_after(0.3):
        await anyio.sleep_forever()
    assert not (esx.folder / "holding").exists()


async def test_a_lost_connection_is_told(host: Connection, esx: EsxLab) -> None:
    async with host.events() as events:
        script = esx.folder / "bin" / "vim-cmd"
        script.rename(esx.folder / "bin" / "away")
        with anyio.fail_after(50):
            lost = await anext(events)
            (esx.folder / "bin" / "away").rename(script)
            back = await anext(events)
    assert isinstance(lost, ConnectionEvent)
    assert isinstance(back, ConnectionEvent)
    assert (lost.connected, back.connected) == (False, True)
