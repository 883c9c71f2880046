"""The real agent in a real guest of the embedded host: one guest, since it takes long to boot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from aiovirt.clients.guest_agent import GuestAgentClient, connect_guest_agent
from aiovirt.config import Disk, DomainConfig, SnapshotConfig
from aiovirt.errors import (
    AgentDisabled,
    AgentError,
    AgentHung,
    AgentNotReady,
    CallerError,
    InvalidState,
    NotFound,
)
from aiovirt.model.events import AgentLifecycleEvent
from aiovirt.objects import Connection, Domain
from aiovirt.testing.agentguest import agent_guest_xml, initrd_with_agent
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(180)]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample someone@example"
AGENT = "aiovirt.drivers.qemu.engine.agent.connect_guest_agent"


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: a guest boots for it."""
    return "asyncio"


@pytest.fixture(scope="module")
def initrd(tiny_guest: TinyGuest, qemu_ga: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the guest's first root with the agent."""
    target = tmp_path_factory.mktemp("agent") / "agent.img"
    return initrd_with_agent(tiny_guest, target, qemu_ga)


@pytest.fixture
def config(tiny_guest: TinyGuest, initrd: Path, tmp_path: Path) -> DomainConfig:
    """Return a guest with the agent, a disk, and a balloon that tells of its memory."""
    config = DomainConfig.parse(agent_guest_xml(tiny_guest, initrd))
    image = tmp_path / "a.img"
    image.write_bytes(bytes(1 << 20))
    config.disks.append(Disk.file(str(image), target="vda", bus="virtio", format="raw"))
    config.memballoon.model, config.memballoon.stats_period = "virtio", 1
    return config


@pytest.fixture
async def guest(host: Connection, config: DomainConfig) -> AsyncIterator[Domain]:
    """Return it with its agent; before that came, it was told that there is none yet."""
    vm = await host.domains.define(config)
    async with host.events() as events:
        await vm.start()
        with pytest.raises(AgentNotReady) as caught:
            await vm.guest_time()
        assert "qemu-guest-agent" in (caught.value.hint or "")
        async for event in events:
            if isinstance(event, AgentLifecycleEvent):
                assert event.state == 1
                break
    await vm.wait_agent()
    yield vm
    await vm.destroy()


async def test_a_guest_by_its_agent(
    guest: Domain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await it_is_asked(guest)
    await it_is_told(guest)
    await it_is_worked_in(guest, tmp_path)
    await it_stands_still_for_snapshots(guest, monkeypatch, tmp_path)
    await its_figures_are_told(guest)
    await it_is_lost(guest, monkeypatch)


async def it_is_asked(vm: Domain) -> None:
    assert (await vm.config()).channels[0].target.state == "connected"
    assert await vm.guest_hostname() == "tiny"
    with pytest.raises(NotFound):
        await vm.guest_hostname(source="lease")
    info = await vm.guest_info()
    assert (info["os.id"], info["hostname"]) == ("tiny", "tiny")
    assert (info["disk.0.name"], info["disk.0.alias"]) == ("/dev/vda", "vda")
    (loopback,) = await vm.interface_addresses("agent")
    assert loopback.name == "lo"
    with pytest.raises(InvalidState, match="no network interface"):
        await vm.wait_ip()


async def it_is_told(vm: Domain) -> None:
    await vm.set_guest_vcpus({1}, enable=False)
    assert dict(await vm.guest_vcpus()) == {"vcpus": "0-1", "online": "0", "offlinable": "1"}
    with pytest.raises(CallerError, match="missing vCPUs '7'"):
        await vm.set_guest_vcpus({7})
    with pytest.raises(CallerError, match="without the processors 0"):
        await vm.set_guest_vcpus({0}, enable=False)
    await vm.set_guest_time(1_600_000_000 * 10**9)
    assert 1_600_000_000 <= await vm.guest_time() // 10**9 < 1_600_000_100
    await vm.set_ssh_keys("root", [KEY])
    assert list(await vm.ssh_keys("root")) == [KEY]
    await vm.set_user_password("root", "secret")
    with pytest.raises(CallerError, match="all file systems"):
        await vm.thaw_filesystems("/")
    with pytest.raises(AgentDisabled):
        await vm.agent_command("guest-get-devices")


async def it_is_worked_in(vm: Domain, tmp_path: Path) -> None:
    async with vm.guest_process(["/bin/sh", "-c", "read a; echo got $a; exit 3"]) as process:
        await process.stdin.send(b"it\n")
        assert await process.stdout.read() == b"got it\n"
        assert (await process.wait()).status == 3
    (tmp_path / "here").write_bytes(b"x" * 5000)
    await vm.guest_put(tmp_path / "here", "/tmp/there")
    assert await vm.guest_get("/tmp/there", tmp_path / "back") == 5000
    async with vm.frozen_filesystems() as count:
        assert count == 0  # it has none on a disk
    ended = await vm.guest_exec(["/bin/ls", "/tmp"])
    assert b"aiovirt-" not in ended.stdout


async def it_stands_still_for_snapshots(
    vm: Domain, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Take one, and one that is given up while the file systems stand still."""
    heard: list[str] = []
    execute, stands_still = GuestAgentClient.execute, anyio.Event()

    async def noted(self: GuestAgentClient, command: str, *args: Any, **more: Any) -> object:  # noqa: ANN401 - of all
        answer = await execute(self, command, *args, **more)
        heard.append(command)
        if command == FREEZE:
            stands_still.set()
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(GuestAgentClient, "execute", noted)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(quiesced, vm, "given-up")
            await stands_still.wait()
            tasks.cancel_scope.cancel()
        assert heard == [FREEZE, THAW]
        assert (await vm.snapshots.list(), (folder / "a.given-up").exists()) == ([], False)
        await quiesced(vm, "still")
        assert heard == [FREEZE, THAW] * 2
        await (await vm.snapshots.get("still")).delete()


FREEZE, THAW = "guest-fsfreeze-freeze", "guest-fsfreeze-thaw"


async def quiesced(vm: Domain, name: str) -> None:
    await vm.snapshots.create(SnapshotConfig(name=name), disk_only=True, quiesce=True)


async def its_figures_are_told(vm: Domain) -> None:
    with anyio.fail_after(20):
        while True:  # the guest tells its memory once a second
            balloon = (await vm.stats()).balloon
            if balloon is not None and balloon.available is not None:
                break
    assert 0 < (balloon.unused or 0) < balloon.available <= 256 << 20


async def it_is_lost(vm: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AGENT, partial(connect_guest_agent, sync_timeout_s=0.5))
    await vm.set_agent_timeout(1)
    stop = ["-c", "kill -STOP $PPID"]
    await vm.agent_command("guest-exec", {"path": "/bin/sh", "arg": stop})
    with pytest.raises(AgentHung, match="not responding"):
        await asked_until_it_fails(vm)
    await vm.suspend()
    with pytest.raises(AgentError, match="it is paused"):
        await vm.guest_time()


async def asked_until_it_fails(vm: Domain) -> None:
    """Ask until the signal has got there."""
    with anyio.fail_after(30):
        while True:
            await vm.guest_time()
