"""Statistics, screen and keys of a real guest."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
from pathlib import Path

import anyio
import pytest
from guests import SmallDisk, bare_config, linux_config, poll, qemus_of, read_until

from aiovirt._open import open as open_host
from aiovirt.config import Disk, Video
from aiovirt.errors import (
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    QMPCommandError,
    ResourceUnavailable,
)
from aiovirt.model.statistics import StatsGroup
from aiovirt.objects import Connection
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_disk_reads_are_counted(
    host: Connection, tiny_guest: TinyGuest, tmp_path: Path
) -> None:
    image = anyio.Path(tmp_path / "disk.img")
    await image.write_bytes(bytes(1 << 20))
    config = linux_config(tiny_guest)
    config.disks.append(Disk.file(str(image), target="vda", bus="virtio", format="raw"))
    vm = await host.domains.define(config)
    await vm.start()
    async with vm.console() as console:
        await read_until(console, b"tiny# ")
        await console.send(b"cat /dev/vda | wc -c\n")
        await read_until(console, b"1048576")
    blocks = (await vm.stats()).blocks
    assert blocks is not None
    (block,) = blocks
    assert block.name == "vda"
    assert block.path == str(image)
    assert (block.rd_bytes or 0) >= 1 << 20
    assert block.capacity == 1 << 20
    await vm.destroy()


async def test_all_groups_of_a_running_guest(host: Connection) -> None:
    config = bare_config()
    config.vcpus = 2
    vm = await host.domains.define(config)
    await vm.start()
    stats = await vm.stats()
    assert stats.cpu is not None
    assert (stats.cpu.time_ns or 0) > 0
    assert stats.balloon is not None
    assert stats.balloon.maximum == 16 << 20
    assert stats.vcpus is not None
    assert [vcpu.index for vcpu in stats.vcpus] == [0, 1]
    await vm.destroy()


async def test_what_else_there_is_to_count_of_a_guest(host: Connection) -> None:
    config = bare_config()
    config.iothreads = 1
    vm = await host.domains.define(config)
    await vm.start(paused=True)
    await vm.set_perf_events({"page_faults": True})
    with pytest.raises(CallerError, match="nothing"):
        await vm.set_perf_events({"nothing": True})
    stats = await vm.stats()
    assert stats.iothreads is not None
    assert [thread.index for thread in stats.iothreads] == [1]
    assert "page_faults" in stats.perf
    assert stats.dirty_rate is not None
    assert stats.dirty_rate.status == 0
    assert (await vm.dirty_rate()).rate is not None
    assert stats.cpu is not None
    assert stats.cpu.haltpoll_success_ns == 0
    await vm.destroy()


async def test_only_the_groups_asked_for(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    stats = await vm.stats(groups=StatsGroup.CPU)
    assert stats.cpu is not None
    assert (stats.vcpus, stats.balloon, stats.blocks, stats.interfaces) == (None, None, None, None)
    await vm.destroy()


async def test_statistics_of_a_domain_that_is_off(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    assert (await vm.stats()).cpu is None
    info = await vm.info()
    assert (info.max_memory, info.vcpus, info.cpu_time_ns) == (16 << 20, 1, 0)


async def test_screenshot_is_a_png(host: Connection) -> None:
    config = bare_config()
    config.videos.append(Video("vga"))
    vm = await host.domains.define(config)
    await vm.start()
    png = await vm.screenshot()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) >= (640, 400)
    with pytest.raises(NotFound, match="there is no 5"):
        await vm.screenshot(screen=5)
    await vm.destroy()


async def test_no_screen(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    with pytest.raises(NotFound, match="has no screen 0"):
        await vm.screenshot()
    await vm.destroy()


async def test_late_screenshots_do_not_stay(host: Connection, root: Path) -> None:
    config = bare_config()
    config.videos.append(Video("vga"))
    vm = await host.domains.define(config)
    await vm.start(paused=True)
    (pid,) = qemus_of(root)
    os.kill(pid, signal.SIGSTOP)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(vm.screenshot)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    os.kill(pid, signal.SIGCONT)
    await vm.monitor_command("query-status")  # by now QEMU has written them
    await poll(lambda: not list(root.glob("run/*/qemu/*.ppm")))
    await vm.destroy()


async def test_screenshot_on_a_full_disk(small_disk: SmallDisk) -> None:
    folder = small_disk("1m")
    async with open_host(f"qemu:///embed?root={folder}") as host:
        config = bare_config()
        config.videos.append(Video("vga"))
        vm = await host.domains.define(config)
        await vm.start(paused=True)
        with contextlib.suppress(OSError):
            await anyio.Path(folder / "filler").write_bytes(bytes(1 << 20))
        with pytest.raises(ResourceUnavailable, match="could not write a picture") as caught:
            await vm.screenshot()
        await vm.destroy()
    assert "disk of the root folder is full" in (caught.value.hint or "")


async def test_keys(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    await vm.send_key("KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE")
    await vm.send_key(28)
    with pytest.raises(ConfigError, match="KEY_ENTR"):
        await vm.send_key("KEY_ENTR")
    await vm.destroy()


async def test_monitor_passes_commands_and_errors_through(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    with pytest.raises(InvalidState):
        await vm.monitor_command("query-name")
    await vm.start(paused=True)
    assert await vm.monitor_command("query-name") == {"name": "web1"}
    with pytest.raises(QMPCommandError, match="no-such-device") as caught:
        await vm.monitor_command("device_del", {"id": "no-such-device"})
    assert caught.value.error_class == "DeviceNotFound"
    await vm.destroy()
