"""A start that is cancelled or fails leaves nothing: tried at every await."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from guests import bare_config, qemus_of
from steps import run_cancelled_at

from aiovirt.errors import InvalidState
from aiovirt.model.domain import DomainState
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def _left(root: Path) -> list[str]:
    """What a domain that is off must not leave: processes and run folders."""
    folders = [path.name async for path in anyio.Path(root / "run").iterdir()]
    return [*map(str, qemus_of(root)), *(name for name in folders if name != "autostarted")]


async def _off(vm: Domain) -> None:
    """Destroy a domain that a late cancellation let run, or that is just ending."""
    while (await vm.record()).state.active:
        with suppress(InvalidState):
            await vm.destroy()


@pytest.mark.timeout(180)
async def test_start_cancelled_at_each_await(host: Connection, root: Path) -> None:
    vm = await host.domains.define(bare_config())
    step = 1
    while await run_cancelled_at(vm.start(), step):
        if (await vm.record()).state is not DomainState.RUNNING:
            assert await _left(root) == [], f"after cancellation at wait {step}"
        await _off(vm)
        step += 1
    assert step > 5
    await _off(vm)
    assert await _left(root) == []


@pytest.mark.timeout(180)
async def test_destroy_cancelled_at_each_await(host: Connection, root: Path) -> None:
    vm = await host.domains.define(bare_config())
    step, again = 1, True
    while again:
        await vm.start()
        again = await run_cancelled_at(vm.destroy(), step)
        if again:
            await _off(vm)
        assert await _left(root) == []
        step += 1


@pytest.mark.timeout(180)
async def test_define_cancelled_at_each_await_is_whole_or_not_there(
    host: Connection, root: Path
) -> None:
    step = 1
    while await run_cancelled_at(host.domains.define(bare_config()), step):
        on_disk = await anyio.Path(root / "config" / "web1.xml").exists()
        known = [record.key.name for record in await host.domains.records()]
        assert (known == ["web1"]) is on_disk
        for vm in await host.domains.list():
            await vm.undefine()
        step += 1
    assert step > 1
