"""One QEMU that stands still holds up nobody, and is reported."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import pytest
from guests import bare_config, qemus_of

from aiovirt.errors import Unresponsive
from aiovirt.model.domain import Control
from aiovirt.model.events import ControlEvent
from aiovirt.model.statistics import DomainStats
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

GUESTS = 20


async def _start_many(host: Connection) -> list[Domain]:
    domains = [
        await host.domains.define(bare_config(f"web{number:02}")) for number in range(GUESTS)
    ]
    async with anyio.create_task_group() as tasks:
        for vm in domains:
            tasks.start_soon(partial(vm.start, paused=True))
    return domains


async def _stop_process_of(vm: Domain, root: Path) -> int:
    """SIGSTOP the QEMU of a domain; return its pid."""
    for pid in qemus_of(root):
        command = await anyio.Path(f"/proc/{pid}/cmdline").read_bytes()
        if f"guest={vm.name},".encode() in command:
            os.kill(pid, signal.SIGSTOP)
            return pid
    pytest.fail(f"{vm.name} has no process")


@pytest.mark.timeout(120)
async def test_stopped_qemu_delays_none_of_twenty(
    host: Connection, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others answer while the stopped one owes its answer; `benchmarks/stuck` times it."""
    monkeypatch.setattr("aiovirt.drivers.qemu.engine.figures.STATS_BOUND_S", 2)  # a busy machine
    stuck, *others = await _start_many(host)
    await _stop_process_of(stuck, root)
    rows: Sequence[DomainStats] = ()
    answered: list[object] = []

    async def ask_the_stuck_one() -> None:
        answered.append(await stuck.monitor_command("query-status"))

    async with anyio.create_task_group() as unanswered:
        unanswered.start_soon(ask_the_stuck_one)
        async with anyio.create_task_group() as tasks:
            for vm in others:
                tasks.start_soon(vm.monitor_command, "query-status")
                tasks.start_soon(vm.info)
            tasks.start_soon(host.domains.records)
            tasks.start_soon(host.stats)
        rows = await host.stats()
        assert not answered
        unanswered.cancel_scope.cancel()
    stats = {row.key.name: row for row in rows}
    assert stats[stuck.name].control.control is Control.UNRESPONSIVE
    assert stats[stuck.name].control.since is not None
    assert stats[stuck.name].vcpus is None
    assert all(stats[vm.name].control.control is Control.OK for vm in others)
    assert all(stats[vm.name].vcpus for vm in others)
    async with anyio.create_task_group() as tasks:
        for vm in (stuck, *others):
            tasks.start_soon(vm.destroy)
    assert qemus_of(root) == []


async def test_it_is_told_when_it_answers_again(host: Connection, root: Path) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    async with host.events() as events:
        pid = await _stop_process_of(vm, root)
        await vm.stats()
        os.kill(pid, signal.SIGCONT)
        told = []
        with anyio.fail_after(10):
            async for event in events:
                if isinstance(event, ControlEvent):
                    told.append(event.responsive)
                if told == [False, True]:
                    break
    assert (await vm.record()).control.control is Control.OK
    await vm.destroy()


async def test_a_call_to_a_stuck_one_obeys_the_callers_deadline(
    host: Connection, root: Path
) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    pid = await _stop_process_of(vm, root)
    with anyio.move_on_after(0.1) as scope:
        await vm.suspend()
    assert scope.cancelled_caught
    os.kill(pid, signal.SIGCONT)
    await vm.resume()
    assert await vm.monitor_command("query-name") == {"name": "web1"}
    await vm.destroy()


async def test_graceful_destroy_never_kills(
    host: Connection, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A QEMU that ignores SIGTERM is not killed when grace is asked for."""
    monkeypatch.setattr("aiovirt.drivers.qemu.engine.stop.KILL_GRACE_S", 0.2)
    monkeypatch.setattr("aiovirt.drivers.qemu.engine.stop.signal.SIGCONT", signal.SIGSTOP)
    vm = await host.domains.define(bare_config())
    await vm.start()
    await _stop_process_of(vm, root)
    with pytest.raises(Unresponsive, match="did not end within"):
        await vm.destroy(graceful=True)
    assert len(qemus_of(root)) == 1
    monkeypatch.undo()
    await vm.destroy()
    assert qemus_of(root) == []
