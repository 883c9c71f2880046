"""What goes wrong in the simulator on purpose, and what of a call takes effect then."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from vspherecaller import SERVICE, Caller, Refused, calling

from aiovirt.errors import ConfigError, ConnectionLost, ProtocolError
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables import session_methods as sm
from aiovirt.testing.vsphere import Plan

pytestmark = pytest.mark.anyio

OFF = "PowerOffVM_Task"
GONE = (anyio.EndOfStream, ConnectionLost)


async def test_a_call_fails_the_nth_time_on_one_machine() -> None:
    async with calling() as (fake, caller):
        one, two = fake.machine("machine0").ref, fake.machine("machine1").ref
        planned = fake.plan.fail("*", f.HostCommunication(), of=one.value, nth=2)
        await caller.do(mm.POWER_OFF_VM_TASK, two)
        await caller.do(mm.POWER_OFF_VM_TASK, one)
        with pytest.raises(Refused, match="HostCommunication"):
            await caller.call(mm.POWER_ON_VM_TASK, one, mm.PowerOnVMTaskArgs())
        await caller.do(mm.POWER_ON_VM_TASK, one, mm.PowerOnVMTaskArgs())
        assert (planned.hits, fake.plan.calls[OFF]) == (1, 2)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_connection_ends_before_or_after_the_call(when: str) -> None:
    async with calling() as (fake, caller):
        fake.plan.cut(OFF, when="after" if when == "after" else "before")
        with pytest.raises(GONE):
            await caller.call(mm.POWER_OFF_VM_TASK, fake.machine("machine0").ref)
        began = len([ref for ref in fake.site.world.objects if ref.kind == "Task"])
        assert began == (1 if when == "after" else 0)
        await caller.call(sm.CURRENT_TIME, SERVICE)


async def test_the_connection_ends_amid_the_answer() -> None:
    async with calling() as (fake, caller):
        fake.plan.cut("CurrentTime", 100, when="after")
        with pytest.raises(GONE):
            await caller.call(sm.CURRENT_TIME, SERVICE)


async def test_another_answer_comes_instead() -> None:
    async with calling() as (fake, caller):
        fake.plan.answer("CurrentTime", b"<html>no service", 503)
        with pytest.raises(ProtocolError):
            await caller.call(sm.CURRENT_TIME, SERVICE)
        await caller.call(sm.CURRENT_TIME, SERVICE)


@pytest.mark.parametrize("end", ["expire", "restart"])
async def test_sessions_end_at_a_call(end: str) -> None:
    async with calling() as (fake, caller):
        act: Callable[..., object] = getattr(fake.plan, end)
        act("CurrentTime")
        with pytest.raises((Refused, *GONE)):
            await caller.call(sm.CURRENT_TIME, SERVICE)
        await caller.close()
        with pytest.raises(Refused, match="NotAuthenticated"):
            await caller.call(sm.CURRENT_TIME, SERVICE)
        await caller.login()
        assert fake.machine("machine0").power == "poweredOn"


async def test_a_call_hangs_until_it_is_let_go() -> None:
    async with calling() as (fake, caller), anyio.create_task_group() as tasks:
        planned = fake.plan.hang("CurrentTime")

        async def call() -> None:
            await caller.call(sm.CURRENT_TIME, SERVICE)

        tasks.start_soon(call)
        await planned.reached.wait()
        other = Caller(fake.port, cookie=caller.cookie)
        await other.call(sm.RETRIEVE_SERVICE_CONTENT, SERVICE)
        await other.close()
        planned.remove()


async def test_a_delay_is_on_the_simulators_clock() -> None:
    async with calling() as (fake, caller), anyio.create_task_group() as tasks:
        planned = fake.plan.delay("CurrentTime", 3600)

        async def call() -> None:
            await caller.call(sm.CURRENT_TIME, SERVICE)

        tasks.start_soon(call)
        await planned.reached.wait()
        await anyio.lowlevel.checkpoint()
        fake.clock.advance(3600)


async def test_requests_that_are_no_calls_go_wrong_as_well() -> None:
    async with calling() as (fake, caller):
        fake.plan.answer("GET /folder", b"busy", 503)
        assert (await caller.http("GET", "/folder")).status == 503
        assert (await caller.http("GET", "/folder")).status == 200
        assert fake.plan.calls["GET /folder"] == 2


async def test_the_end_of_a_plan() -> None:
    async with calling() as (fake, caller):
        fake.plan.fail("*", f.Timedout(), times=None)
        fake.plan.clear()
        await caller.call(sm.CURRENT_TIME, SERVICE)


def test_calls_are_counted_from_one() -> None:
    with pytest.raises(ConfigError):
        Plan().fail("*", f.Timedout(), nth=0)
