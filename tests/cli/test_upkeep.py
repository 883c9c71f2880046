"""Verbs for VMware's snapshots, consoles and guests, as a new user types them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from clirun import Run

from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

VM = "machine0"
AUTH = """[credentials-host]
username=root
password=secret

[auth-esx-127.0.0.1]
credentials=host

[auth-guest-machine0]
credentials=host
"""


@pytest.fixture
def settings() -> Settings:
    """Return what is simulated: an ESX host."""
    return Settings(kind="esx")


@pytest.fixture
def fake(settings: Settings) -> Iterator[FakeVSphere]:
    """Run it on a loop of its own, beside the program's."""
    with (
        start_blocking_portal() as beside,
        beside.wrap_async_context_manager(run_fake_vsphere(settings, tls=False)) as fake,
    ):
        yield fake


@pytest.fixture
def program(fake: FakeVSphere, at: Callable[..., Run], tmp_path: Path) -> Run:
    """Return what runs the program at it."""
    file = tmp_path / "auth.conf"
    file.write_text(AUTH)
    scheme, path = ("esx", "") if fake.settings.kind == "esx" else ("vpx", "DC0")
    return at(f"{scheme}://root@127.0.0.1:{fake.port}/{path}?transport=http", file)


def test_snapshots(program: Run) -> None:
    assert program("snapshot-create-as", VM, "first").status == 0
    renamed = program("snapshot-rename", VM, "first", "zeroth")
    assert renamed.out == f"Snapshot first of '{VM}' renamed to zeroth\n"
    assert program("snapshot-consolidate", VM, "--check").out == "no\n"
    assert program("snapshot-delete-all", VM).status == 0
    assert program("snapshot-list", VM, "--name").out.split() == []


def test_a_guest_and_its_console(program: Run, tmp_path: Path) -> None:
    assert program("guest-exec", VM, "--", "/bin/hostname").out == "machine0\n"
    (tmp_path / "motd").write_text("hello\n")
    assert program("guest-put", VM, str(tmp_path / "motd"), "/tmp/motd").status == 0
    assert program("guest-get", VM, "/tmp/motd", str(tmp_path / "back")).status == 0
    assert (tmp_path / "back").read_text() == "hello\n"
    assert "/bin/hostname" in program("guest-programs", VM).out
    gone = program("guest-end", VM, "1")
    assert (gone.status, "not found" in gone.err) == (1, True)
    assert program("console-ticket", VM).out.startswith("wss://")


def test_more_memory_than_a_domain_has_is_not_what_it_gets(program: Run) -> None:
    more = program("setmem", "machine0", "2G")
    assert "may have all of its 1 GiB of memory; setmaxmem gives it more" in more.out


@pytest.mark.parametrize("settings", [Settings(machines=1)])
def test_a_host_of_the_same_vcenter_has_a_uri_too(program: Run, fake: FakeVSphere) -> None:
    done = program("migrate", "machine0", "esx1.example.com")
    assert done.status == 2
    assert f"vpx://root@127.0.0.1:{fake.port}/DATACENTER/CLUSTER/esx1.example.com" in done.err
    assert "aiovirt relocate machine0 --host esx1.example.com" in done.err
