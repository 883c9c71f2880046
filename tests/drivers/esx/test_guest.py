"""The inside of guests by VMware Tools, on the fake vCenter: VMware's simulator has no guests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from aiovirt import _open
from aiovirt.errors import (
    AgentNotReady,
    AuthenticationFailed,
    InvalidState,
    LimitExceeded,
    NotFound,
    Unsupported,
)
from aiovirt.model.credentials import Login
from aiovirt.objects import Connection, Domain
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def entering(kind: str = "esx") -> AsyncIterator[tuple[FakeVSphere, Domain]]:
    """Run a fake server, and have a machine of it whose guest has let us in."""
    settings = Settings(kind="vcenter" if kind == "vpx" else "esx")
    async with run_fake_vsphere(settings, tls=False) as fake, opened(fake, kind) as host:
        vm = await host.domains.get("machine0")
        await vm.guest_log_in("root", "secret")
        yield fake, vm


@asynccontextmanager
async def opened(fake: FakeVSphere, kind: str = "esx") -> AsyncIterator[Connection]:
    """Open a fake server."""
    uri = f"{kind}://root@127.0.0.1:{fake.port}/?transport=http"
    async with _open.open(uri, credentials=Login("root", "secret")) as host:
        yield host


# --- what Tools tell ------------------------------------------------------------------------------


async def test_addresses_and_names() -> None:
    async with entering("vpx") as (_, vm):
        (card,) = await vm.interface_addresses("agent")
        assert (card.name, card.addresses[0].address) == ("ethernet0", "198.51.100.1")
        assert await vm.guest_hostname() == "machine0"
        assert str(await vm.wait_ip()) == "198.51.100.1"
        info = await vm.guest_info()
        assert info["hostname"] == "machine0"
        assert info["if.0.addr.0.addr"] == "198.51.100.1"
        assert len(await vm.filesystems()) == info["fs.count"]


async def test_why_a_guest_does_not_tell() -> None:
    async with entering() as (fake, vm):
        fake.machine("machine0").guest.tools = False
        fake.machine("machine0").refresh()
        with pytest.raises(AgentNotReady, match="VMware Tools"):
            await vm.guest_hostname()
        with pytest.raises(AgentNotReady, match="VMware Tools"):
            await vm.guest_exec(["/bin/true"])
        await vm.destroy()
        with pytest.raises(InvalidState, match="does not run"):
            await vm.guest_hostname()


async def test_a_guest_goes_to_sleep() -> None:
    async with entering() as (fake, vm):
        with pytest.raises(Unsupported):
            await vm.suspend_power("disk")
        await vm.suspend_power("mem")
        assert fake.plan.calls["StandbyGuest"] == 1


# --- accounts -------------------------------------------------------------------------------------


async def test_an_account_that_the_guest_does_not_know() -> None:
    async with entering() as (_, vm):
        with pytest.raises(AuthenticationFailed, match="guest"):
            await vm.guest_log_in("root", "other")


async def test_the_servers_password_is_not_tried_in_guests() -> None:
    async with run_fake_vsphere(Settings(kind="esx"), tls=False) as fake, opened(fake) as host:
        vm = await host.domains.get("machine0")
        with pytest.raises(AuthenticationFailed, match="nobody knows") as caught:
            await vm.guest_exec(["/bin/true"])
        assert "[auth-guest-machine0]" in (caught.value.hint or "")
        assert not fake.plan.calls["StartProgramInGuest"]


async def test_an_account_from_the_auth_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "auth.conf"
    file.write_text(
        "[credentials-g]\nusername=root\npassword=secret\n\n[auth-guest-machine0]\ncredentials=g\n"
    )
    monkeypatch.setenv("LIBVIRT_AUTH_FILE", str(file))
    async with run_fake_vsphere(Settings(kind="esx"), tls=False) as fake, opened(fake) as host:
        vm = await host.domains.get("machine0")
        assert (await vm.guest_exec(["/bin/true"])).ok


# --- programs -------------------------------------------------------------------------------------


async def test_a_program_and_what_it_writes() -> None:
    async with entering() as (fake, vm):
        before = set(fake.machine("machine0").guest.files)
        ended = await vm.guest_exec(["/bin/sh", "-c", "echo 'a b'; hostname"])
        assert (ended.status, ended.stdout, ended.stderr) == (0, b"a b\nmachine0\n", b"")
        assert (await vm.guest_exec(["/bin/cat"], stdin=b"said")).stdout == b"said"
        assert (await vm.guest_exec(["/bin/false"])).status == 1
        assert set(fake.machine("machine0").guest.files) == before
        with pytest.raises(NotFound, match="/bin/gone"):
            await vm.guest_exec(["/bin/gone"])
        assert set(fake.machine("machine0").guest.files) == before


async def test_a_program_is_ended_with_its_caller() -> None:
    async with entering() as (fake, vm):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(vm.guest_exec, ["/bin/sleep", "infinity"])
            while not fake.plan.calls["ListProcessesInGuest"]:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        (program,) = [each for each in await vm.guest_programs() if each.name == "sleep"]
        assert (program.owner, program.status) == ("root", 9)
        with pytest.raises(NotFound, match="not found"):
            await vm.guest_end_program(program.pid)


# --- files ----------------------------------------------------------------------------------------


async def test_files_go_in_and_come_out(tmp_path: Path) -> None:
    async with entering() as (fake, vm):
        data = bytes(range(256)) * 4096
        (tmp_path / "in").write_bytes(data)
        seen: list[tuple[int, int]] = []
        assert await vm.guest_put(tmp_path / "in", "/tmp/x") == len(data)
        assert fake.machine("machine0").guest.files["/tmp/x"].data == data

        def note(done: int, total: int) -> None:
            seen.append((done, total))

        assert await vm.guest_get("/tmp/x", tmp_path / "out", progress=note) == len(data)
        assert (tmp_path / "out").read_bytes() == data
        assert seen[-1] == (len(data), len(data))


async def test_small_files() -> None:
    async with entering() as (_, vm):
        await vm.guest_write("/tmp/note", b"hello")
        assert await vm.guest_read("/tmp/note") == b"hello"
        with pytest.raises(LimitExceeded):
            await vm.guest_read("/tmp/note", limit=4)
        with pytest.raises(NotFound):
            await vm.guest_read("/tmp/gone")
        with pytest.raises(Unsupported, match="end of a guest's file"):
            await vm.guest_write("/tmp/note", b"!", append=True)
        await vm.wait_agent(timeout_s=5)
