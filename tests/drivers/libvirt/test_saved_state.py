"""A guest's memory in files, with a real libvirtd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
import tunedguest
from labsamples import guest_xml
from libvirtlab import Lab

from aiovirt.errors import AiovirtError, InvalidState, NotFound
from aiovirt.interfaces import LegacyWork, SavedState
from aiovirt.model.domain import DomainState
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
async def vm(host: Connection) -> AsyncIterator[Domain]:
    """Return a guest that stands still."""
    async with tunedguest.running(host, guest_xml("saved1")) as vm:
        yield vm


async def test_saved_and_restored(vm: Domain, host: Connection, lab: Lab) -> None:
    path = str(lab.folder / "saved1.save")
    seen: list[JobStats] = []
    await vm.save(path, progress=seen.append)
    assert (await vm.state()).state is DomainState.SHUTOFF
    config = await host.domains.saved_config(path)
    assert config.name == "saved1"
    config.title = "changed"
    await host.domains.set_saved_config(path, config, paused=True)
    assert (await host.domains.saved_config(path, secure=True)).title == "changed"
    restored = await host.domains.restore(path)
    assert restored == vm
    assert (await vm.state()).state is DomainState.PAUSED
    with pytest.raises(AiovirtError):
        await host.domains.restore(path)


async def test_saved_by_parameters_and_by_the_first_procedure(
    vm: Domain, host: Connection, lab: Lab
) -> None:
    path = str(lab.folder / "saved1.save")
    saved, first = host.driver.ability(SavedState), host.driver.ability(LegacyWork)
    await saved.save_with(vm.key, {"file": path})
    await saved.restore_with({"file": path})
    await first.save(vm.key, path)
    await first.restore(path)
    assert (await vm.state()).state.active


async def test_a_save_that_the_host_keeps(vm: Domain) -> None:
    assert not await vm.has_managed_save()
    await vm.managed_save(paused=True)
    assert await vm.has_managed_save()
    config = await vm.managed_save_config()
    config.title = "changed"
    await vm.set_managed_save_config(config)
    assert (await vm.managed_save_config(secure=True)).title == "changed"
    await vm.remove_managed_save()
    with pytest.raises(AiovirtError):
        await vm.managed_save_config()


async def test_dumps(vm: Domain, host: Connection, lab: Lab) -> None:
    path = lab.folder / "saved1.core"
    await vm.dump(str(path), memory_only=True)
    assert _is_elf(path)
    path.unlink()
    await host.driver.ability(LegacyWork).dump(vm.key, str(path))
    assert path.stat().st_size
    path.unlink()
    with pytest.raises(AiovirtError):
        await vm.dump(str(path), dump_format="win_dmp", memory_only=True)


def _is_elf(path: Path) -> bool:
    return path.read_bytes()[:4] == b"\x7fELF"


async def test_jobs(vm: Domain, host: Connection) -> None:
    assert (await vm.job_stats()).kind is JobKind.NONE
    first = host.driver.ability(LegacyWork)
    assert (await first.job_info(vm.key)).kind is JobKind.NONE
    with pytest.raises(InvalidState):
        await first.abort_job(vm.key)
    with pytest.raises(InvalidState):
        await vm.abort_job()
    with pytest.raises(AiovirtError):
        await vm.abort_job(postcopy=True)
    await vm.measure_dirty_rate(1)


async def test_a_save_that_is_cancelled_leaves_the_guest_as_it_was(vm: Domain, lab: Lab) -> None:
    path = lab.folder / "cancelled.save"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(vm.save, str(path))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    state = (await vm.state()).state
    assert state is DomainState.PAUSED or path.exists()


async def test_what_is_not_there_is_told(host: Connection) -> None:
    with pytest.raises((NotFound, AiovirtError), match="nowhere"):
        await host.domains.restore("/nowhere/at/all")
    vm = await host.domains.define(guest_xml("off1"))
    try:
        with pytest.raises(InvalidState):
            await vm.save("/tmp/never")
    finally:
        await vm.undefine()
