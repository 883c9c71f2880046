"""What is followed from the moment on when it is asked for: recent tasks, the news of alarms."""

from __future__ import annotations

import anyio
import pytest

from aiovirt.clients.vsphere import (
    NewEvents,
    Password,
    RecentTasks,
    SessionCookie,
    TLSTrust,
    VSphereFault,
    VSphereTarget,
    open_client,
)
from aiovirt.clients.vsphere.target import Login
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.faults import InvalidState, NoPermission
from aiovirt.protocols.vsphere.tables.machine_methods import POWER_OFF_VM_TASK
from aiovirt.testing.vsphere import FakeVSphere, run_fake_vsphere

pytestmark = pytest.mark.anyio

ROOT = Password("root", Secret("secret"))


def target(fake: FakeVSphere, login: Login = ROOT) -> VSphereTarget:
    assert fake.certificate is not None
    trust = TLSTrust(thumbprint=fake.certificate.sha256)
    return VSphereTarget("127.0.0.1", login, port=fake.port, trust=trust)


OFF = NewEvents(["VmPoweredOffEvent"])


async def test_only_the_first_who_asks_costs_something() -> None:
    async with run_fake_vsphere() as fake, open_client(target(fake)) as client:
        calls = fake.plan.calls
        followed = client.follow(RecentTasks())
        assert not followed.heard
        assert not calls["CreateFilter"]
        await client.run_task(POWER_OFF_VM_TASK, fake.machine("machine0").ref)
        kept = await followed.get()
        assert [known["info.state"] for known in kept.values()] == ["success"]
        assert await followed.get() is kept
        assert followed.heard
        assert calls["CreateFilter"] == 1


async def test_events_are_told_as_they_are_written() -> None:
    told: list[tuple[list[str], bool]] = []
    written = anyio.Event()

    def listen(known: object, synthetic: bool) -> None:  # noqa: FBT001 - a listener
        assert isinstance(known, dict)
        told.append(([event.vm.name for event in known["latestPage"]], synthetic))
        if len(told) > 1:
            written.set()

    async with run_fake_vsphere() as fake, open_client(target(fake)) as client:
        followed = client.follow(OFF, listen)
        await followed.get()
        await client.run_task(POWER_OFF_VM_TASK, fake.machine("machine0").ref)
        with anyio.fail_after(20):
            await written.wait()
    assert told == [([], True), (["machine0"], False)]


@pytest.mark.parametrize("fault", [NoPermission(), InvalidState()])
async def test_what_was_refused_is_tried_again(fault: NoPermission | InvalidState) -> None:
    async with run_fake_vsphere() as fake, open_client(target(fake)) as client:
        fake.plan.fail("CreateCollectorForEvents", fault)
        followed = client.follow(OFF)
        with pytest.raises(VSphereFault, match=type(fault).__name__):
            await followed.get()
        assert not followed.heard
        with anyio.fail_after(20):
            while not followed.heard:
                try:
                    await followed.get()
                except VSphereFault:
                    await anyio.wait_all_tasks_blocked()


async def test_a_session_that_is_not_ours_gets_back_what_was_made() -> None:
    async with run_fake_vsphere() as fake, open_client(target(fake)) as owner:
        async with open_client(target(fake, SessionCookie(owner.session_cookie))) as client:
            await client.follow(OFF).get()
            await client.follow(RecentTasks()).get()
            made = {ref.kind for ref in fake.site.world.objects}
            assert {"EventHistoryCollector"} <= made
        assert "EventHistoryCollector" not in {ref.kind for ref in fake.site.world.objects}
        assert fake.plan.calls["DestroyCollector"] == 1
        assert fake.plan.calls["DestroyPropertyCollector"] == 2
        assert Ref("TaskManager", "TaskManager") in fake.site.world
