"""A host that is closed in the middle of a change: the change is undone, and later ones refused."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from guests import bare_config, qemus_of

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
