"""vSphere with a server that cuts, expires, restarts and stalls at each call that a task needs."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.backoff import Backoff
from aiovirt.clients.vsphere import (
    Inventory,
    Password,
    VSphereClient,
    VSphereFault,
    VSphereTarget,
    _refresh,
    _tasklist,
    collector,
    open_client,
)
from aiovirt.errors import ConnectionLost, Unresponsive
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.machine_methods import POWER_OFF_VM_TASK
from aiovirt.testing.vsphere import FakeVSphere, run_fake_vsphere
from aiovirt.testing.vsphere.plan import When

pytestmark = pytest.mark.anyio

KINDS = {"VirtualMachine": ("name", "runtime.powerState")}
CHAIN = ["PowerOffVM_Task", "RetrievePropertiesEx", "CreateListView", "CreateFilter"]
WHENS: list[When] = ["before", "after"]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is lost be tried again at once: how long it waits is tested where that is made."""
    for module in (_refresh, _tasklist, collector):
        monkeypatch.setattr(module, "Backoff", partial(Backoff, 0.01))


@asynccontextmanager
async def connected(
    fake: FakeVSphere, call_s: float = 30
) -> AsyncGenerator[tuple[VSphereClient, Inventory], None]:
    login = Password("root", Secret("secret"))
    target = VSphereTarget("127.0.0.1", login, port=fake.port, tls=False, call_s=call_s)
    async with open_client(target) as client, client.open_inventory(KINDS) as inventory:
        yield client, inventory


async def power_off(client: VSphereClient, ref: Ref, ends: list[str]) -> None:
    """Note how a task ends: well, with its end unknown, or refused since it was done before."""
    try:
        await client.run_task(POWER_OFF_VM_TASK, ref)
        ends.append("well")
    except ConnectionLost as error:
        ends.append("maybe done" if error.maybe_done else "not done")
    except VSphereFault as error:
        # A call that the server carried out, and whose session then ended, was made once more.
        ends.append(type(error.fault).__name__)


async def off_at_last(fake: FakeVSphere, inventory: Inventory, ref: Ref) -> None:
    """Wait until the inventory has what the server has, over all that went wrong."""
    async with inventory.changes() as changes:
        while inventory.get(ref).get("runtime.powerState") != fake.machine("machine0").power:
            await anext(changes)


@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize("method", CHAIN)
@pytest.mark.parametrize("harm", ["cut", "expire", "restart"])
async def test_a_long_task_over_harm_at_each_call(harm: str, method: str, when: When) -> None:
    ends: list[str] = []
    async with run_fake_vsphere(tls=False) as fake, connected(fake) as (client, inventory):
        ref = next(ref for ref, known in inventory.objects.items() if known["name"] == "machine0")
        fake.plan.slow_task("PowerOffVM_Task", 100, times=None)
        planned = getattr(fake.plan, harm)(method, when=when)
        async with open_task_group() as group:
            group.start_soon(power_off, client, ref, ends)
            calls = 0
            while not ends:
                if planned.hits and calls != fake.plan.calls.total():
                    calls = fake.plan.calls.total()
                    fake.clock.advance(200)  # with each call, and so after the task has begun
                await anyio.lowlevel.checkpoint()
        assert planned.hits
        assert ends[0] in {"well", "maybe done", "InvalidPowerState"}
        with anyio.fail_after(30):
            await off_at_last(fake, inventory, ref)


@pytest.mark.parametrize("sent", [0, 1, 100, 300, 600])
async def test_updates_that_are_cut_within_bring_the_truth(sent: int) -> None:
    async with run_fake_vsphere(tls=False) as fake, connected(fake) as (client, inventory):
        ref = next(ref for ref, known in inventory.objects.items() if known["name"] == "machine0")
        fake.plan.cut("WaitForUpdatesEx", sent, when="after", times=3)
        await power_off(client, ref, [])
        with anyio.fail_after(30):
            await off_at_last(fake, inventory, ref)
        assert fake.machine("machine0").power == "poweredOff"


async def test_a_call_that_hangs_is_bounded_and_holds_up_no_other() -> None:
    async with run_fake_vsphere(tls=False) as fake, connected(fake, call_s=0.3) as opened:
        client, inventory = opened
        ref = next(iter(inventory.of_kind("VirtualMachine")))
        planned = fake.plan.hang("PowerOffVM_Task", of=ref.value)
        async with open_task_group() as group:

            async def stuck() -> None:
                with pytest.raises(Unresponsive, match=r"0\.3 s"):
                    await client.run_task(POWER_OFF_VM_TASK, ref)

            group.start_soon(stuck)
            for other in inventory.of_kind("VirtualMachine")[1:]:
                await client.run_task(POWER_OFF_VM_TASK, other)
        planned.remove()


@pytest.mark.parametrize("after", range(0, 60, 6))
async def test_a_task_that_is_given_up_at_any_await_harms_no_other(after: int) -> None:
    async with run_fake_vsphere(tls=False) as fake, connected(fake) as (client, inventory):
        first, second, *_ = inventory.of_kind("VirtualMachine")
        async with open_task_group() as group:
            group.start_soon(client.run_task, POWER_OFF_VM_TASK, first)
            for _ in range(after):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        await client.run_task(POWER_OFF_VM_TASK, second)
        await inventory.refresh(first, second)
        assert inventory.get(second)["runtime.powerState"] == "poweredOff"
