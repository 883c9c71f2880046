"""Who may log in to the simulator, for how long, and what they may do then."""

from __future__ import annotations

import pytest
from vspherecaller import SERVICE, Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import collector_methods as cm
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables import session_methods as sm
from aiovirt.protocols.vsphere.tables import tasks_methods as tm
from aiovirt.testing.vsphere import Account, Settings
from aiovirt.testing.vsphere.settings import PRODUCTS

pytestmark = pytest.mark.anyio


async def test_a_session_begins_and_ends() -> None:
    async with calling() as (fake, caller):
        (session,) = fake.site.sessions.open.values()
        known = await caller.one(caller.the("session_manager"), "currentSession")
        assert (known.key, known.user_name) == (session.key, "root")
        await caller.call(sm.LOGOUT, caller.the("session_manager"))
        with pytest.raises(Refused, match="NotAuthenticated"):
            await caller.call(sm.CURRENT_TIME, SERVICE)


@pytest.mark.parametrize(("user", "password"), [("root", "wrong"), ("nobody", "secret")])
async def test_who_is_unknown_stays_outside(user: str, password: str) -> None:
    async with calling(user=None) as (fake, caller):
        with pytest.raises(Refused, match="InvalidLogin"):
            await caller.login(user, password)
        assert type(fake.site.events.entries[-1].event).__name__ == "BadUsernameSessionEvent"


async def test_a_second_login_of_one_session_is_refused() -> None:
    async with calling() as (_, caller):
        with pytest.raises(Refused, match="InvalidState"):
            await caller.login()


async def test_without_a_session_only_the_service_tells_of_itself() -> None:
    async with calling(user=None) as (fake, caller):
        caller.content = await caller.call(sm.RETRIEVE_SERVICE_CONTENT, SERVICE)
        assert caller.content.about.api_type == "VirtualCenter"
        assert await caller.one(SERVICE, "content.about.version") == "7.0.3"
        with pytest.raises(Refused, match="NotAuthenticated"):
            await caller.get(fake.site.root, "name")
        with pytest.raises(Refused, match="NotAuthenticated"):
            await caller.call(mm.POWER_OFF_VM_TASK, Ref("VirtualMachine", "vm-21"))


async def test_a_session_that_nobody_uses_ends() -> None:
    async with calling(Settings(idle_s=100)) as (fake, caller):
        fake.clock.advance(99)
        await caller.call(sm.CURRENT_TIME, SERVICE)
        fake.clock.advance(101)
        with pytest.raises(Refused, match="NotAuthenticated"):
            await caller.call(sm.CURRENT_TIME, SERVICE)
        await caller.login()


async def test_a_ticket_gives_one_further_session() -> None:
    async with calling() as (fake, caller):
        manager = caller.the("session_manager")
        ticket = await caller.call(sm.ACQUIRE_CLONE_TICKET, manager)
        other = Caller(fake.port)
        args = sm.CloneSessionArgs(clone_ticket=ticket)
        told = await other.call(sm.CLONE_SESSION, manager, args)
        active = sm.SessionIsActiveArgs(session_id=told.key, user_name="root")
        assert await caller.call(sm.SESSION_IS_ACTIVE, manager, active)
        with pytest.raises(Refused, match="InvalidLogin"):
            await Caller(fake.port, stream=other.stream).call(sm.CLONE_SESSION, manager, args)
        await other.close()


async def test_sessions_of_others_can_be_ended() -> None:
    async with calling() as (fake, caller):
        other = Caller(fake.port)
        await other.login("reader")
        (key,) = [each.key for each in fake.site.sessions.open.values() if each.user == "reader"]
        args = sm.TerminateSessionArgs(session_id=(key,))
        await caller.call(sm.TERMINATE_SESSION, caller.the("session_manager"), args)
        with pytest.raises(Refused, match="NotAuthenticated"):
            await other.call(sm.CURRENT_TIME, SERVICE)
        await other.close()


async def test_with_a_session_goes_what_belongs_to_it() -> None:
    async with calling() as (fake, caller):
        args = cm.CreateContainerViewArgs(container=fake.site.root, recursive=True)
        view = await caller.call(cm.CREATE_CONTAINER_VIEW, caller.the("view_manager"), args)
        await caller.watch(caller.the("property_collector"), view, "view")
        before = len(fake.site.world.objects)
        fake.expire_sessions()
        assert len(fake.site.world.objects) == before - 2
        assert view not in fake.site.world


async def test_what_an_account_may_not_do_is_named() -> None:
    async with calling(user="reader") as (fake, caller):
        ref = fake.machine("machine0").ref
        assert await caller.one(ref, "name") == "machine0"
        with pytest.raises(Refused) as caught:
            await caller.call(mm.POWER_OFF_VM_TASK, ref)
        fault = caught.value.fault
        assert isinstance(fault, f.NoPermission)
        assert (fault.object, fault.privilege_id) == (ref, "VirtualMachine.Interact.PowerOff")


async def test_accounts_have_the_privileges_they_are_given() -> None:
    accounts = {"op": Account("secret", ("System.*", "VirtualMachine.Interact.*"))}
    async with calling(Settings(accounts=accounts), user="op") as (fake, caller):
        ref = fake.machine("machine0").ref
        await caller.do(mm.POWER_OFF_VM_TASK, ref)
        with pytest.raises(Refused, match="NoPermission"):
            await caller.call(mm.UNREGISTER_VM, ref)


async def test_the_free_licence_lets_nothing_be_changed() -> None:
    settings = Settings(kind="esx", read_only_licence=True)
    async with calling(settings) as (fake, caller):
        ref = fake.machine("machine0").ref
        with pytest.raises(Refused, match="RestrictedVersion"):
            await caller.call(mm.POWER_OFF_VM_TASK, ref)
        await caller.watch(caller.the("property_collector"), ref, "name")
        assert await caller.one(ref, "runtime.powerState") == "poweredOn"


async def test_missing_methods_and_objects() -> None:
    async with calling(Settings(missing=("*Guest",))) as (fake, caller):
        with pytest.raises(Refused, match="MethodNotFound"):
            await caller.call(mm.REBOOT_GUEST, fake.machine("machine0").ref)
        with pytest.raises(Refused, match="ManagedObjectNotFound"):
            await caller.call(mm.POWER_OFF_VM_TASK, Ref("VirtualMachine", "vm-999"))
        with pytest.raises(Refused, match="MethodNotFound"):
            await caller.call(tm.CANCEL_TASK, fake.machine("machine0").ref)


@pytest.mark.parametrize("api", PRODUCTS)
async def test_every_version_of_the_api(api: str) -> None:
    async with calling(Settings(api=api)) as (_, caller):
        assert caller.content is not None
        assert caller.content.about.api_version == api
        document = await caller.http("GET", "/sdk/vimServiceVersions.xml")
        assert f"<version>{api}</version>".encode() in document.body
        assert (b"<version>8.0</version>" in document.body) is (api == "8.0")


async def test_methods_of_newer_versions_are_not_there() -> None:
    async with calling(Settings(api="6.0")) as (fake, caller):
        args = mm.CreateSnapshotExTaskArgs(name="s", memory=False)
        with pytest.raises(Refused, match="MethodNotFound"):
            await caller.call(mm.CREATE_SNAPSHOT_EX_TASK, fake.machine("machine0").ref, args)
        caller.version = "8.0"
        with pytest.raises(Refused, match="InvalidRequest"):
            await caller.call(sm.CURRENT_TIME, SERVICE)
