"""Events of real guests, each brought about for real."""

from __future__ import annotations

from typing import TypeVar

import anyio
import pytest
from guests import SmallDisk, bare_config, linux_config, read_until, wait_for

from aiovirt.config import Disk, Graphics, Rng, Watchdog
from aiovirt.interfaces import EventStream
from aiovirt.model.domain import StateReason
from aiovirt.model.events import (
    BalloonChangeEvent,
    DeviceRemovedEvent,
    Event,
    EventsLost,
    GraphicsEvent,
    GraphicsPhase,
    IOErrorAction,
    IOErrorEvent,
    LifecycleDetail,
    LifecycleEvent,
    RebootEvent,
    RTCChangeEvent,
    WatchdogAction,
    WatchdogEvent,
)
from aiovirt.objects import Connection, Domain
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real]

E = TypeVar("E", bound=Event)


async def first(events: EventStream, kind: type[E]) -> E:
    """The first event of a kind."""
    with anyio.fail_after(50):
        async for event in events:
            if isinstance(event, kind):
                return event
    pytest.fail(f"no {kind.__name__} came")


async def _type(vm: Domain, line: str) -> None:
    """Type a line at the guest's prompt."""
    async with vm.console() as console:
        await read_until(console, b"tiny# ")
        await console.send(f"{line}\n".encode())


async def test_nothing_is_lost_between_an_action_and_the_first_read(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    async with host.events() as events:
        await vm.start(paused=True)
        await vm.destroy()
        details = [(await first(events, LifecycleEvent)).detail.name for _ in range(3)]
    assert details == ["STARTED_BOOTED", "SUSPENDED_PAUSED", "STOPPED_DESTROYED"]


async def test_slow_subscriber_learns_what_it_lost(host: Connection) -> None:
    async with host.events(limit=2) as events:
        for number in range(5):
            await host.domains.define(bare_config(f"web{number}"))
        assert (await first(events, EventsLost)).count == 3
        assert (await first(events, LifecycleEvent)).domain.name == "web3"


async def test_guest_sets_its_clock(host: Connection, tiny_guest: TinyGuest) -> None:
    vm = await host.domains.define(linux_config(tiny_guest))
    async with host.events() as events:
        await vm.start()
        await _type(vm, "date -s 2031-01-02; hwclock -w -u")
        assert (await first(events, RTCChangeEvent)).offset_s > 86_400 * 365
    await vm.destroy()


async def test_balloon(host: Connection, tiny_guest: TinyGuest) -> None:
    vm = await host.domains.define(linux_config(tiny_guest))
    await vm.start()
    async with vm.console() as console:
        await read_until(console, b"tiny# ")
    async with host.events() as events:
        await vm.monitor_command("balloon", {"value": 100 << 20})
        assert (await first(events, BalloonChangeEvent)).actual >= 100 << 20
    await vm.destroy()


async def test_device_removed(host: Connection, tiny_guest: TinyGuest) -> None:
    config = linux_config(tiny_guest)
    config.rngs.append(Rng.urandom())
    vm = await host.domains.define(config)
    await vm.start()
    async with vm.console() as console:
        await read_until(console, b"tiny# ")
    async with host.events() as events:
        await vm.monitor_command("device_del", {"id": "rng0"})
        assert (await first(events, DeviceRemovedEvent)).alias == "rng0"
    await vm.destroy()


async def test_graphics_client(host: Connection) -> None:
    config = bare_config()
    config.graphics.append(Graphics.vnc())
    vm = await host.domains.define(config)
    await vm.start()
    port = (await vm.config()).graphics[0].port
    async with host.events() as events:
        async with await anyio.connect_tcp("127.0.0.1", port or 0) as client:
            hello = await client.receive()
            await client.send(hello)
            event = await first(events, GraphicsEvent)
            assert (event.phase, event.protocol) == (GraphicsPhase.CONNECT, "vnc")
            assert event.local == ("127.0.0.1", str(port))
        while event.phase is not GraphicsPhase.DISCONNECT:
            event = await first(events, GraphicsEvent)
    await vm.destroy()


async def test_watchdog_that_runs_out_pauses_the_guest(host: Connection) -> None:
    """QEMU's monitor writes to the watchdog's port as a guest would: 14 means two seconds.

    Source: QEMU's hw/watchdog/wdt_ib700.c.
    """
    config = bare_config()
    config.devices.watchdogs.append(Watchdog(model="ib700", action="pause"))
    vm = await host.domains.define(config)
    await vm.start()
    async with host.events() as events:
        await vm.monitor_command("human-monitor-command", {"command-line": "o /b 0x443 14"})
        assert (await first(events, WatchdogEvent)).action is WatchdogAction.PAUSE
        assert (await first(events, LifecycleEvent)).detail.name == "SUSPENDED_WATCHDOG"
    assert await vm.state() is StateReason.PAUSED_WATCHDOG
    await vm.destroy()


async def test_full_disk_pauses_the_guest_until_there_is_room(
    host: Connection, tiny_guest: TinyGuest, small_disk: SmallDisk
) -> None:
    folder = small_disk("1m")
    image = folder / "disk.img"
    async with await anyio.open_file(image, "wb") as file:
        await file.truncate(4 << 20)
    config = linux_config(tiny_guest)
    disk = Disk.file(str(image), target="vda", bus="virtio", format="raw")
    disk.driver.error_policy = "stop"
    config.disks.append(disk)
    vm = await host.domains.define(config)
    async with host.events() as events:
        await vm.start()
        await _type(vm, "dd if=/dev/urandom of=/dev/vda bs=1M count=4")
        event = await first(events, IOErrorEvent)
        assert (event.source, event.alias) == (str(image), "virtio-disk0")
        assert (event.action, event.reason) == (IOErrorAction.PAUSE, "enospc")
        paused = await first(events, LifecycleEvent)
        assert paused.detail.name == "SUSPENDED_IO_ERROR"
    assert await vm.state() is StateReason.PAUSED_IO_ERROR
    await anyio.run_process(["mount", "-o", "remount,size=8m", str(folder)])
    async with vm.console(history=False) as console:
        await vm.resume()
        await read_until(console, b"4+0 records out")
    await vm.destroy()


async def test_pc_boots_and_powers_off(host: Connection, tiny_guest: TinyGuest) -> None:
    vm = await host.domains.define(linux_config(tiny_guest, machine="pc"))
    async with host.events() as events:
        await vm.start()
        await _type(vm, "poweroff -f")
        await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)
    assert await vm.state() is StateReason.SHUTOFF_SHUTDOWN


async def test_microvm_boots_and_reboots(host: Connection, tiny_guest: TinyGuest) -> None:
    config = linux_config(tiny_guest, machine="microvm")
    config.os.cmdline = tiny_guest.microvm_cmdline
    vm = await host.domains.define(config)
    async with host.events() as events:
        await vm.start()
        await _type(vm, "reboot -f")
        await first(events, RebootEvent)
    await vm.destroy()
