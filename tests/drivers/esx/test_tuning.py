"""Shares, limits and reservations, as another client and libvirt's own driver see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from vcsimlab import Checker, Simulator
from vcsimlab.fixtures import Reference

from aiovirt.drivers.esx.tuning import MEMORY, SCHEDULER, allocation_from, params_of
from aiovirt.errors import CallerError
from aiovirt.model.params import ParamValue, plain
from aiovirt.objects import Connection
from aiovirt.protocols.vsphere.tables.base import SharesInfo
from aiovirt.protocols.vsphere.tables.enums import SharesLevel

pytestmark = pytest.mark.anyio
real = pytest.mark.real

Check = Callable[[Simulator], Checker]


def plainly(params: Mapping[str, ParamValue]) -> dict[str, object]:
    return {name: plain(value) for name, value in params.items()}


@real
async def test_processors(
    vsphere: Simulator, host: Connection, name: str, check: Check, virsh: Reference
) -> None:
    vm = await host.domains.get(name)
    assert (await vm.scheduler()).name == "allocation"
    await vm.set_scheduler_parameters({"reservation": 100, "limit": 2000, "shares": -3})
    seen = check(vsphere).target(name).config.cpuAllocation
    assert (seen.reservation, seen.limit, seen.shares.level) == (100, 2000, "high")
    await vm.set_scheduler_parameters({"reservation": 100, "limit": 2000, "shares": 1234})
    ours = plainly(await vm.scheduler_parameters())
    assert ours == {"reservation": 100, "limit": 2000, "shares": 1234}
    lines = virsh(vsphere).run("schedinfo", name).splitlines()
    theirs = {each.split(":")[0].strip(): each.split(":")[1].strip() for each in lines if each}
    assert theirs.pop("Scheduler") == "allocation"
    assert theirs == {key: str(value) for key, value in ours.items()}


@real
async def test_memory(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    await vm.set_memory_parameters({"min_guarantee": 16 << 10, "hard_limit": 64 << 10})
    seen = check(vsphere).target(name).config.memoryAllocation
    assert (seen.reservation, seen.limit) == (16, 64)
    found = plainly(await vm.memory_parameters())
    assert (found["min_guarantee"], found["hard_limit"]) == (16 << 10, 64 << 10)


@real
@pytest.mark.parametrize(
    "params", [{"cpu_shares": 3}, {"limit": -2}, {"shares": -4}, {"reservation": "much"}]
)
async def test_what_cannot_be_is_said_before_anything_is_changed(
    host: Connection, name: str, params: dict[str, int | str]
) -> None:
    vm = await host.domains.get(name)
    before = await vm.scheduler_parameters()
    with pytest.raises(CallerError, match=next(iter(params))):
        await vm.set_scheduler_parameters({**params})
    assert await vm.scheduler_parameters() == before


@pytest.mark.parametrize(
    ("number", "level"), [(-1, SharesLevel.LOW), (-2, SharesLevel.NORMAL), (7, SharesLevel.CUSTOM)]
)
def test_shares_are_there_and_back(number: int, level: SharesLevel) -> None:
    said = allocation_from(SCHEDULER, {"shares": number})
    assert said.shares == SharesInfo(level=level, shares=max(number, 0))
    assert plainly(params_of(SCHEDULER, said)) == {"shares": number}


def test_no_limit_of_memory_is_libvirts_number() -> None:
    said = allocation_from(MEMORY, {"hard_limit": 9007199254740991, "min_guarantee": 1})
    assert (said.limit, said.reservation) == (-1, 1)
    assert plainly(params_of(MEMORY, said)) == {
        "hard_limit": 9007199254740991,
        "min_guarantee": 1024,
    }
