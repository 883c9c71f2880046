"""Alarms and tasks on the command line, at a simulated vCenter in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from clirun import Done

from aiovirt import _open
from aiovirt.cli import main
from aiovirt.errors import AiovirtError
from aiovirt.model.credentials import Login
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

AUTH = "[credentials-f]\npassword=secret\n[auth-esx-127.0.0.1]\ncredentials=f\n"


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    """Return the thread of the server."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def fake(portal: BlockingPortal) -> Iterator[FakeVSphere]:
    """Return the server."""
    running = run_fake_vsphere(Settings(machines=1))
    with portal.wrap_async_context_manager(running) as fake:
        yield fake


@pytest.fixture
def program(
    fake: FakeVSphere,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Done]:
    """Run one command at the whole of the vCenter."""
    (tmp_path / "auth.conf").write_text(AUTH)
    monkeypatch.setenv("LIBVIRT_AUTH_FILE", str(tmp_path / "auth.conf"))
    uri = fake.uri.replace("/DC0/Cluster0/esx0.example.com", "")

    def run(*argv: str) -> Done:
        status = main(["--connect", uri, *argv])
        out, err = capfd.readouterr()
        return Done(status, out, err)

    return run


def test_alarms_are_listed_and_acknowledged(
    fake: FakeVSphere, portal: BlockingPortal, program: Callable[..., Done]
) -> None:
    machine = fake.machine("machine0").ref
    key = portal.call(fake.site.alarms.show, "Guest heartbeat", machine, "red")
    (row,) = program("alarms", "-o", "json").json
    assert (row["key"], row["name"], row["status"]) == (key, "Guest heartbeat", "red")
    assert row["time"].startswith("20")
    assert program("alarm-acknowledge", key).out == f"Alarm {key} acknowledged\n"
    assert {"machine0", "domain", "by", "root"} <= set(program("alarms").out.split())
    assert program("alarms", "--open", "-o", "json").json == []


def test_tasks_are_listed_and_cancelled(
    fake: FakeVSphere, portal: BlockingPortal, program: Callable[..., Done]
) -> None:
    async def begin() -> None:
        async with _open.open(fake.uri, credentials=Login("root", "secret")) as host:
            vm = await host.domains.get("machine0")
            await vm.clone("copy")

    slow = fake.plan.slow_task("CloneVM_Task", float("inf"))
    theirs = portal.start_task_soon(begin)
    portal.call(slow.reached.wait)
    (row,) = program("tasks", "-o", "json").json
    assert (row["operation"], row["target"]) == ("VirtualMachine.clone", "machine0")
    assert program("task-cancel", row["key"]).status == 0
    with pytest.raises(AiovirtError, match="canceled"):
        theirs.result(20)
    assert {row["key"], "error", "root"} <= set(program("tasks", "--all").out.split())
    assert program("tasks", "-o", "json").json == []
