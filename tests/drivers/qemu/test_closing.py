"""A host that is closed in the middle of a change: the change is undone, and later ones refused."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anyio
import pytest
from guests import bare_config, poll, qemus_of

from aiovirt._open import open as open_host
from aiovirt.errors import Closed
from aiovirt.model.domain import DomainState
from aiovirt.objects import Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def _refused(vm: Domain) -> None:
    with pytest.raises(Closed, match="the host was closed"):
        await vm.start()


async def test_start_under_way_is_undone_before_the_root_is_free(root: Path) -> None:
    async with anyio.create_task_group() as tasks:
        async with open_host(f"qemu:///embed?root={root}") as host:
            vm = await host.domains.define(bare_config())
            tasks.start_soon(_refused, vm)
            while not qemus_of(root):  # noqa: ASYNC110 - there is no event to wait for
                await anyio.sleep(0.001)
        assert qemus_of(root) == []
        assert [path.name for path in (root / "run").iterdir()] == ["autostarted"]


async def test_closed_host_changes_nothing(root: Path) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(bare_config())
    await _refused(vm)
    with pytest.raises(Closed):
        await vm.undefine()
    assert (root / "config" / "web1.xml").exists()


async def test_closed_host_tells_nothing_stale(root: Path) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(bare_config())
    for question in (vm.state, vm.stats, vm.xml, vm.screenshot, host.domains.list, host.hostname):
        with pytest.raises(Closed, match="the host was closed"):
            await question()
    with pytest.raises(Closed):
        await vm.monitor_command("query-status")
    with pytest.raises(Closed):
        vm.console()


async def test_question_under_way_is_told_that_the_host_was_closed(root: Path) -> None:
    async def ask(vm: Domain) -> None:
        with pytest.raises(Closed, match="the host was closed meanwhile"):
            await vm.monitor_command("query-status")

    uri = f"qemu:///embed?root={root}"
    async with anyio.create_task_group() as tasks, open_host(uri) as host:
        vm = await host.domains.define(bare_config())
        await vm.start(paused=True)
        os.kill(qemus_of(root)[0], signal.SIGSTOP)
        tasks.start_soon(ask, vm)
        await anyio.wait_all_tasks_blocked()
    os.kill(qemus_of(root)[0], signal.SIGKILL)
    await poll(lambda: not qemus_of(root))


async def test_reader_of_a_console_is_told_what_ended(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    async with open_host(uri) as host:
        vm = await host.domains.define(bare_config())
        await vm.start(paused=True)
        leaving = vm.console()
        console = await leaving.__aenter__()
    with pytest.raises(Closed, match="serial0 of web1 was closed: the host's"):
        await console.receive()
    with pytest.raises(Closed):
        await console.send(b"x")
    await leaving.__aexit__(None, None, None)
    async with open_host(uri) as host:
        vm = await host.domains.get("web1")
        async with vm.console() as console:
            await vm.destroy()
            with pytest.raises(anyio.EndOfStream):
                await console.receive()


async def test_wait_for_a_shutdown_does_not_end_as_if_it_were_off(root: Path) -> None:
    async def wait(vm: Domain) -> None:
        with pytest.raises(Closed):
            await vm.shutdown(wait=True)

    uri = f"qemu:///embed?root={root}"
    async with anyio.create_task_group() as tasks, open_host(uri) as host:
        vm = await host.domains.define(bare_config())
        await vm.start()
        tasks.start_soon(wait, vm)
        await anyio.wait_all_tasks_blocked()
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.get("web1")
        assert (await vm.record()).state is DomainState.RUNNING
        await vm.destroy()
