"""The process that holds a root may die at any moment; the next one finds all that runs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from guests import bare_config, linux_config, poll, qemus_of, read_until, wait_for

from aiovirt._open import open as open_host
from aiovirt.clients.qmp import connect_qmp
from aiovirt.errors import Busy
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import LifecycleDetail, LifecycleEvent
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real]

# Another process: it starts the domains named on its command line, says so, and waits.
STARTER = """
import sys, anyio
from aiovirt._open import open as open_host
from pathlib import Path
async def main(root, *files):
    async with open_host(f"qemu:///embed?root={root}") as host:
        for file in files:
            vm = await host.domains.define(Path(file).read_text())
            await vm.start(paused="paused" in file)
        print("ready", flush=True)
        await anyio.sleep_forever()
anyio.run(main, *sys.argv[1:])
"""

# Another process: it starts and destroys domains without end, several at once.
CHURN = """
import sys, anyio
from aiovirt._open import open as open_host
from aiovirt.config import DomainConfig, Serial
from aiovirt.model.units import MiB
async def churn(host, name):
    config = DomainConfig(name=name, memory=MiB(16), vcpus=1, serials=[Serial.pty()])
    while True:
        vm = await host.domains.define(config)
        await vm.start(paused=True)
        await vm.resume()
        await vm.destroy()
        await vm.undefine()
async def main(root):
    async with open_host(f"qemu:///embed?root={root}") as host, anyio.create_task_group() as tasks:
        for name in ("one", "two", "three"):
            tasks.start_soon(churn, host, name)
        print("ready", flush=True)
anyio.run(main, sys.argv[1])
"""


class Other:
    """Another process that holds the root; it is killed at the end."""

    def __init__(self, script: str, *arguments: object) -> None:
        words = [sys.executable, "-c", script, *map(str, arguments)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline().strip() == "ready"

    def kill(self) -> None:
        """Kill it as an out-of-memory killer would."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


async def kill(pid: int) -> None:
    """Kill a process, and wait until all its threads are gone."""
    pidfd = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        with anyio.fail_after(20):
            await anyio.wait_readable(pidfd)
    finally:
        os.close(pidfd)


def _start_elsewhere(root: Path, tmp_path: Path, *configs: object) -> Other:
    """Start domains in another process."""
    files = []
    for number, config in enumerate(configs):
        path = tmp_path / f"{number}.xml"
        path.write_text(str(config), encoding="utf-8")
        files.append(path)
    other = Other(STARTER, root, *files)
    assert other.ready
    return other


async def test_running_guest_is_adopted_with_its_id(root: Path, tmp_path: Path) -> None:
    other = await anyio.to_thread.run_sync(
        _start_elsewhere, root, tmp_path, bare_config("web1").to_xml(), bare_config("web2").to_xml()
    )
    other.kill()
    before = qemus_of(root)
    async with open_host(f"qemu:///embed?root={root}") as host:
        records = await host.domains.records()
        assert [(r.key.name, r.id, r.state) for r in records] == [
            ("web1", 1, DomainState.RUNNING),
            ("web2", 2, DomainState.RUNNING),
        ]
        assert qemus_of(root) == before
        vm = await host.domains.get("web1")
        await vm.suspend()
        assert await vm.state() is StateReason.PAUSED_USER
        for vm in await host.domains.list():
            await vm.destroy()
    assert qemus_of(root) == []


async def test_console_goes_on_with_its_history(
    root: Path, tmp_path: Path, tiny_guest: TinyGuest
) -> None:
    other = await anyio.to_thread.run_sync(
        _start_elsewhere, root, tmp_path, linux_config(tiny_guest).to_xml()
    )
    log = next((root / "run").glob("*/qemu/serial0.log"))
    await poll(lambda: b"tiny# " in log.read_bytes())
    other.kill()
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.get("web1")
        async with vm.console() as console:
            assert b"tiny guest ready" in await read_until(console, b"tiny# ")
            await console.send(b"echo $((6*7))\n")
            await read_until(console, b"42")
        async with host.events() as events:
            await vm.shutdown(wait=True)
            await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)


async def test_death_meanwhile_is_told(root: Path, tmp_path: Path) -> None:
    other = await anyio.to_thread.run_sync(_start_elsewhere, root, tmp_path, bare_config().to_xml())
    other.kill()
    (pid,) = qemus_of(root)
    await kill(pid)
    async with open_host(f"qemu:///embed?root={root}") as host, host.events() as events:
        with anyio.fail_after(5):
            event = await anext(aiter(events))
        assert isinstance(event, LifecycleEvent)
        assert (event.detail, event.synthetic) == (LifecycleDetail.STOPPED_FAILED, True)
        vm = await host.domains.get("web1")
        assert await vm.state() is StateReason.SHUTOFF_CRASHED


async def test_power_off_meanwhile_is_finished_and_told(
    root: Path, tmp_path: Path, tiny_guest: TinyGuest
) -> None:
    other = await anyio.to_thread.run_sync(
        _start_elsewhere, root, tmp_path, linux_config(tiny_guest).to_xml()
    )
    log = next((root / "run").glob("*/qemu/serial0.log"))
    await poll(lambda: b"tiny# " in log.read_bytes())
    other.kill()
    monitor = log.parent.parent / "monitor.sock"
    async with (
        connect_qmp(monitor, check_schema=False) as qmp,
        qmp.events("SHUTDOWN") as shutdowns,
    ):
        await qmp.execute("system_powerdown")
        await anext(aiter(shutdowns))
    async with open_host(f"qemu:///embed?root={root}") as host, host.events() as events:
        seen = await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)
        told = [event for event in seen if isinstance(event, LifecycleEvent)]
        assert told[0].detail is LifecycleDetail.SHUTDOWN_GUEST
        assert told[0].synthetic
    assert qemus_of(root) == []


async def test_pause_meanwhile_is_told(root: Path, tmp_path: Path) -> None:
    other = await anyio.to_thread.run_sync(_start_elsewhere, root, tmp_path, bare_config().to_xml())
    other.kill()
    (folder,) = (path for path in (root / "run").iterdir() if path.is_dir())
    async with connect_qmp(folder / "monitor.sock", check_schema=False) as qmp:
        await qmp.execute("stop")
    async with open_host(f"qemu:///embed?root={root}") as host, host.events() as events:
        event = await anext(aiter(events))
        assert isinstance(event, LifecycleEvent)
        assert (event.detail, event.synthetic) == (LifecycleDetail.SUSPENDED_PAUSED, True)
        vm = await host.domains.get("web1")
        assert await vm.state() is StateReason.PAUSED_USER
        await vm.destroy()


async def test_second_process_gets_a_clear_error(root: Path, tmp_path: Path) -> None:
    other = await anyio.to_thread.run_sync(_start_elsewhere, root, tmp_path, bare_config().to_xml())
    try:
        with pytest.raises(Busy, match=rf"another process \(pid {other.process.pid}\) has"):
            async with open_host(f"qemu:///embed?root={root}"):
                pass
    finally:
        other.kill()
    async with open_host(f"qemu:///embed?root={root}") as host:
        await (await host.domains.get("web1")).destroy()


async def test_same_process_cannot_open_a_root_twice(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    async with open_host(uri):
        with pytest.raises(Busy):
            async with open_host(uri):
                pass
    async with open_host(uri):
        pass


async def test_closing_leaves_guests_running(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    async with open_host(uri) as host:
        vm = await host.domains.define(bare_config())
        await vm.start()
    assert len(qemus_of(root)) == 1
    async with open_host(uri) as host:
        vm = await host.domains.get("web1")
        await vm.destroy()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_killed_at_random_moments_nothing_is_lost_or_orphaned(
    root: Path, anyio_backend: str
) -> None:
    """The oracle: after each kill, what runs is exactly what the next process knows to run."""
    assert anyio_backend
    moments = random.Random(7)  # noqa: S311
    for _ in range(12):
        other = await anyio.to_thread.run_sync(Other, CHURN, root)
        assert other.ready
        await anyio.sleep(moments.uniform(0, 0.4))
        other.kill()
        async with open_host(f"qemu:///embed?root={root}") as host:
            running = qemus_of(root)
            records = await host.domains.records()
            assert len([r for r in records if r.state.active]) == len(running)
            assert len({r.key.name for r in records}) == len(records)
            for vm in await host.domains.list(active=True):
                assert await vm.monitor_command("query-status")
                await vm.destroy()
            for vm in await host.domains.list():
                await vm.undefine()
            assert qemus_of(root) == []
            assert [p.name async for p in anyio.Path(root / "run").iterdir()] == ["autostarted"]
