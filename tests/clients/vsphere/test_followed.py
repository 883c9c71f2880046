"""What is followed from the moment on when it is asked for: recent tasks, the news of alarms."""

from __future__ import annotations

import anyio
import pytest

from aiovirt.clients.vsphere import (
    Followed,
    NewEvents,
    Password,
    RecentTasks,
    SessionCookie,
    TLSTrust,
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


async def heard(followed: Followed) -> None:
    """Wait until what is followed is kept; who does not get it asks anew."""
    with anyio.fail_after(20):
        while not followed.heard:
            followed.begin()
            await anyio.wait_all_tasks_blocked()


async def test_only_the_first_who_asks_costs_something() -> None:
    async with run_fake_vsphere() as fake, open_client(target(fake)) as client:
        calls = fake.plan.calls
        followed = client.follow(RecentTasks())
        assert not followed.heard
        assert not calls["CreateFilter"]
        await client.run_task(POWER_OFF_VM_TASK, fake.machine("machine0").ref)
        await heard(followed)
        kept = followed.objects.values()
        assert [known["info.state"] for known in kept] == ["success"]
        assert not followed.announced
        followed.begin()
        await client.run_task(POWER_OFF_VM_TASK, fake.machine("machine1").ref)
        with anyio.fail_after(20):
            while [known["info.state"] for known in kept] != ["success", "success"]:
                await anyio.wait_all_tasks_blocked()
        assert followed.announced
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
        await heard(client.follow(OFF, listen))
        await client.run_task(POWER_OFF_VM_TASK, fake.machine("machine0").ref)
        with anyio.fail_after(20):
            await written.wait()
    assert told == [([], True), (["machine0"], False)]


@pytest.mark.parametrize("fault", [NoPermission(), InvalidState()])
async def test_what_was_refused_is_tried_again(fault: NoPermission | InvalidState) -> None:
    async with run_fake_vsphere() as fake, open_client(target(fake)) as client:
        refused = fake.plan.fail("CreateCollectorForEvents", fault)
        followed = client.follow(OFF)
        followed.begin()
        await refused.reached.wait()
        assert not followed.heard
        await heard(followed)
        assert fake.plan.calls["CreateCollectorForEvents"] == 2


async def test_what_is_not_heard_any_more_is_said_so() -> None:
    async with run_fake_vsphere() as fake, open_client(target(fake)) as client:
        followed = client.follow(RecentTasks())
        await heard(followed)
        cut = fake.plan.hang("WaitForUpdatesEx")
        fake.restart()
        with anyio.fail_after(20):
            while followed.heard:
                await anyio.wait_all_tasks_blocked()
        cut.remove()
        await heard(followed)


async def test_a_session_that_is_not_ours_gets_back_what_was_made() -> None:
    async with run_fake_vsphere() as fake, open_client(target(fake)) as owner:
        async with open_client(target(fake, SessionCookie(owner.session_cookie))) as client:
            await heard(client.follow(OFF))
            await heard(client.follow(RecentTasks()))
            assert "EventHistoryCollector" in {ref.kind for ref in fake.site.world.objects}
        assert "EventHistoryCollector" not in {ref.kind for ref in fake.site.world.objects}
        assert fake.plan.calls["DestroyCollector"] == 1
        assert fake.plan.calls["DestroyPropertyCollector"] == 2
        assert Ref("TaskManager", "TaskManager") in fake.site.world
