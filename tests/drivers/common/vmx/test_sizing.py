"""Memory and processors in a ``.vmx`` file."""

from __future__ import annotations

import pytest

from aiovirt.drivers.common.vmx import Vmx
from aiovirt.drivers.common.vmx.sizing import give_memory, give_processors, limit_memory
from aiovirt.errors import CallerError
from aiovirt.model.units import MiB


def vmx(**settings: str) -> Vmx:
    lines = {"memSize": "64", **{key.replace("_", "."): value for key, value in settings.items()}}
    return Vmx.parse("".join(f'{key} = "{value}"\n' for key, value in lines.items()))


def test_memory_comes_in_steps() -> None:
    file = vmx()
    give_memory(file, MiB(65) - 1)
    assert file == Vmx.parse('memsize = "68"')


def test_what_is_guaranteed_is_no_more_than_there_is() -> None:
    file = vmx(sched_mem_minsize="48")
    give_memory(file, MiB(32))
    assert file.get("sched.mem.minsize") == "32"
    give_memory(file, MiB(64))
    assert file.get("sched.mem.minsize") == "32"


def test_all_memory_is_no_limit() -> None:
    file = vmx(sched_mem_max="32")
    limit_memory(file, MiB(48))
    assert file.get("sched.mem.max") == "48"
    limit_memory(file, MiB(64))
    assert file == vmx()


@pytest.mark.parametrize(("mebibytes", "said"), [(65, "64 MiB"), (8, "guarantees")])
def test_limits_that_cannot_be(mebibytes: int, said: str) -> None:
    with pytest.raises(CallerError, match=said):
        limit_memory(vmx(sched_mem_minsize="16"), MiB(mebibytes))


def test_memory_that_no_machine_has() -> None:
    for memory in (0, 2**80):
        with pytest.raises(CallerError):
            give_memory(vmx(), memory)


def test_processors_fill_sockets() -> None:
    file = vmx(cpuid_coresPerSocket="2")
    give_processors(file, 4)
    assert file.get("numvcpus") == "4"
    for count in (0, 3):
        with pytest.raises(CallerError, match="2 cores"):
            give_processors(file, count)
