"""Domains of the host in memory are saved into its files."""

from __future__ import annotations

import pytest

from aiovirt.errors import CallerError, InvalidState, NotFound
from aiovirt.model.domain import StateReason
from aiovirt.objects import Domain
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio


async def test_a_saved_domain_goes_on(host: TestHost, vm: Domain) -> None:
    await vm.save("/lab/test.save")
    assert await vm.state() is StateReason.SHUTOFF_SAVED
    await host.domains.restore("/lab/test.save")
    assert await vm.state() is StateReason.RUNNING_RESTORED
    with pytest.raises(InvalidState):
        await host.domains.restore("/lab/test.save")


async def test_a_finished_save_tells_of_every_page(vm: Domain) -> None:
    memory = int((await vm.config()).current_memory or 0)
    await vm.save("/lab/test.save")
    ended = await vm.job_stats(completed=True)
    assert ended.figure("memory_normal_bytes") == ended.processed == memory
    size, pages = ended.figure("memory_page_size"), ended.figure("memory_normal")
    assert (size or 0) * (pages or 0) == memory
    assert (ended.figure("downtime") or 0) > 0


async def test_only_the_files_in_memory_are_looked_at(host: TestHost) -> None:
    with pytest.raises(NotFound):
        await host.domains.restore("/etc/passwd")


async def test_any_file_is_no_saved_domain(host: TestHost, vm: Domain) -> None:
    await vm.dump("/lab/core")
    with pytest.raises(CallerError):
        await host.domains.restore("/lab/core")


async def test_the_configuration_in_a_saved_domain_changes(vm: Domain) -> None:
    await vm.managed_save()
    config = await vm.managed_save_config()
    config.title = "restored"
    await vm.set_managed_save_config(config)
    await vm.start()
    assert await vm.title() == "restored"
