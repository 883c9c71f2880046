"""Memory and processors of machines, as another client sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from vcsimlab import Checker, Simulator

from aiovirt.errors import CallerError
from aiovirt.model.units import MiB
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]


async def test_memory(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    assert await vm.max_memory() == MiB(32)
    await vm.set_memory(MiB(250), maximum=True)
    assert check(vsphere).machine(name).memory_mib == 252
    await vm.set_memory(MiB(128))
    info = await vm.info()
    assert (info.max_memory, info.memory) == (MiB(252), MiB(128))


async def test_processors(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    await vm.set_vcpu_count(3)
    assert await vm.vcpu_count() == check(vsphere).machine(name).cpus == 3


async def test_no_memory_and_no_processors_are_too_few(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    with pytest.raises(CallerError):
        await vm.set_memory(0)
    with pytest.raises(CallerError):
        await vm.set_vcpu_count(0)
