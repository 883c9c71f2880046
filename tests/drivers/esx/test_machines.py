"""Machines found by UUID, name and number, while they come, change and go."""

from __future__ import annotations

from uuid import UUID

import anyio
import pytest

from aiovirt.drivers.esx.machine import OFF, ON, Machine, read_machine
from aiovirt.drivers.esx.machines import Machines
from aiovirt.errors import NotFound
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere import Ref

ONE, TWO = UUID(int=1), UUID(int=2)


def machine(value: str, name: str, uuid: UUID = ONE, power: str = ON) -> Machine:
    """Make a machine."""
    known = {"name": name, "config.uuid": str(uuid), "runtime.powerState": power}
    return read_machine(Ref("VirtualMachine", value), known)


def made(*machines: Machine) -> Machines:
    """Make a collection of machines."""
    found = Machines("here")
    for each in machines:
        found.put(each.ref, each)
    return found


def test_they_are_sorted_by_name() -> None:
    machines = made(machine("vm-1", "b"), machine("vm-2", "a", TWO))
    assert [each.name for each in machines] == ["a", "b"]


def test_one_is_found_every_way() -> None:
    web = machine("vm-7", "web1")
    machines = made(web)
    assert machines.by_name("web1") is machines.by_uuid(ONE) is machines.by_number(7) is web
    assert machines.get(DomainKey(ONE, "web1")) is web


def test_one_that_is_off_has_no_number() -> None:
    with pytest.raises(NotFound):
        made(machine("vm-7", "web1", power=OFF)).by_number(7)


def test_a_near_name_is_the_hint() -> None:
    with pytest.raises(NotFound) as caught:
        made(machine("vm-7", "web1")).by_name("wep1")
    assert caught.value.hint == "did you mean web1?"


def test_of_two_with_one_uuid_the_key_tells_which() -> None:
    first, second = machine("vm-1", "a"), machine("vm-2", "b")
    machines = made(second, first)
    assert machines.by_uuid(ONE) is first
    assert machines.get(DomainKey(ONE, "b")) is second


def test_a_renamed_machine_is_not_found_by_its_old_name() -> None:
    machines = made(machine("vm-1", "a"))
    new = machine("vm-1", "b")
    machines.put(new.ref, new)
    assert machines.by_name("b") is new
    with pytest.raises(NotFound):
        machines.by_name("a")


def test_what_is_gone_is_not_found() -> None:
    web = machine("vm-1", "a")
    machines = made(web)
    assert machines.put(web.ref, None) is web
    assert machines.find(web.ref) is None
    with pytest.raises(NotFound):
        machines.by_uuid(ONE)


@pytest.mark.anyio
async def test_waiting_ends_when_it_is_so() -> None:
    web = machine("vm-1", "a", power=OFF)
    machines = made(web)
    async with anyio.create_task_group() as tasks:

        async def wait() -> None:
            assert await machines.until(web.ref, lambda now: now is not None and now.power == ON)

        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        machines.put(web.ref, machine("vm-1", "a"))


@pytest.mark.anyio
async def test_waiting_has_a_bound() -> None:
    machines = made()
    assert not await machines.until(Ref("VirtualMachine", "vm-1"), bool, bound_s=0)
