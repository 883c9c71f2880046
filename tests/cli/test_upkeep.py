"""Verbs for VMware's snapshots, consoles and guests, as a new user types them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from clirun import Done, environment

from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize(
        "anyio_backend", ["asyncio"]
    ),  # the programs are processes of their own
    pytest.mark.timeout(120),
]

Program = Callable[..., Awaitable[Done]]
VM = "machine0"
AUTH = """[credentials-host]
username=root
password=secret

[auth-esx-127.0.0.1]
credentials=host

[auth-guest-machine0]
credentials=host
"""


@asynccontextmanager
async def at_fake_host(folder: Path) -> AsyncIterator[tuple[FakeVSphere, Program]]:
    """Run a fake ESX host, and have what runs the program at it."""
    file = folder / "auth.conf"
    file.write_text(AUTH)
    async with run_fake_vsphere(Settings(kind="esx"), tls=False) as fake:
        uri = f"esx://root@127.0.0.1:{fake.port}/?transport=http"
        env = environment(AIOVIRT_DEFAULT_URI=uri, LIBVIRT_AUTH_FILE=str(file))

        async def run(*argv: str) -> Done:
            done = await anyio.run_process(
                [sys.executable, "-m", "aiovirt", *argv],
                stdin=subprocess.DEVNULL,
                env=env,
                check=False,
            )
            return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

        yield fake, run


async def test_snapshots(tmp_path: Path) -> None:
    async with at_fake_host(tmp_path) as (_, program):
        assert (await program("snapshot-create-as", VM, "first")).status == 0
        renamed = await program("snapshot-rename", VM, "first", "zeroth")
        assert renamed.out == f"Snapshot first of '{VM}' renamed to zeroth\n"
        assert (await program("snapshot-consolidate", VM, "--check")).out == "no\n"
        assert (await program("snapshot-delete-all", VM)).status == 0
        assert (await program("snapshot-list", VM, "--name")).out.split() == []


async def test_a_guest_and_its_console(tmp_path: Path) -> None:
    async with at_fake_host(tmp_path) as (_, program):
        assert (await program("guest-exec", VM, "--", "/bin/hostname")).out == "machine0\n"
        (tmp_path / "motd").write_text("hello\n")
        assert (await program("guest-put", VM, str(tmp_path / "motd"), "/tmp/motd")).status == 0
        assert (await program("guest-get", VM, "/tmp/motd", str(tmp_path / "back"))).status == 0
        assert (tmp_path / "back").read_text() == "hello\n"
        assert "/bin/hostname" in (await program("guest-programs", VM)).out
        gone = await program("guest-end", VM, "1")
        assert (gone.status, "not found" in gone.err) == (1, True)
        assert (await program("console-ticket", VM)).out.startswith("wss://")


async def test_more_memory_than_a_domain_has_is_not_what_it_gets(tmp_path: Path) -> None:
    async with at_fake_host(tmp_path) as (_, program):
        more = await program("setmem", "machine0", "2G")
        assert "may have all of its 1 GiB of memory; setmaxmem gives it more" in more.out


async def test_a_host_of_the_same_vcenter_has_a_uri_too(tmp_path: Path) -> None:
    file = tmp_path / "auth.conf"
    file.write_text(AUTH)
    async with run_fake_vsphere(Settings(machines=1), tls=False) as fake:
        uri = f"vpx://root@127.0.0.1:{fake.port}/DC0?transport=http"
        env = environment(AIOVIRT_DEFAULT_URI=uri, LIBVIRT_AUTH_FILE=str(file))
        words = [sys.executable, "-m", "aiovirt", "migrate", "machine0", "esx1.example.com"]
        done = await anyio.run_process(words, stdin=subprocess.DEVNULL, env=env, check=False)
    told = done.stderr.decode()
    assert done.returncode == 2
    assert f"vpx://root@127.0.0.1:{fake.port}/DATACENTER/CLUSTER/esx1.example.com" in told
    assert "aiovirt relocate machine0 --host esx1.example.com" in told
