"""The client against the simulated vCenter and ESX: pages, long tasks, restarts, planned harm."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.vsphere import (
    Inventory,
    Password,
    TLSTrust,
    VSphereClient,
    VSphereFault,
    VSphereTarget,
    open_client,
)
from aiovirt.errors import AuthenticationFailed, ConnectionLost
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.faults import NoPermission, RequestCanceled
from aiovirt.protocols.vsphere.tables.machine_methods import (
    POWER_OFF_VM_TASK,
    POWER_ON_VM_TASK,
    PowerOnVMTaskArgs,
)
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio

PATHS = ("name", "runtime.powerState")
ADMIN = "administrator@vsphere.local"


@asynccontextmanager
async def connected(
    settings: Settings | None = None, *, user: str = ADMIN, thumbprint: str = ""
) -> AsyncGenerator[tuple[FakeVSphere, VSphereClient], None]:
    async with run_fake_vsphere(settings) as fake:
        assert fake.certificate is not None
        target = VSphereTarget(
            "127.0.0.1",
            Password(user, Secret("secret")),
            port=fake.port,
            trust=TLSTrust(thumbprint=thumbprint or fake.certificate.sha256),
        )
        async with open_client(target) as client:
            yield fake, client


@asynccontextmanager
async def listed(
    settings: Settings | None = None,
) -> AsyncGenerator[tuple[FakeVSphere, VSphereClient, Inventory], None]:
    async with (
        connected(settings) as (fake, client),
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
    ):
        yield fake, client, inventory


def named(inventory: Inventory, name: str) -> Ref:
    return next(ref for ref, known in inventory.objects.items() if known["name"] == name)


@pytest.mark.parametrize("api", ["5.5", "6.0", "6.5", "6.7", "7.0", "8.0"])
async def test_each_version_is_spoken(api: str) -> None:
    async with listed(Settings(api=api)) as (_, client, inventory):
        assert client.version.startswith(api)
        assert len(inventory.objects) == 4


@pytest.mark.parametrize("typed", [True, False])
async def test_an_esx_host(*, typed: bool) -> None:
    settings = Settings(kind="esx", typed_arrays=typed)
    async with run_fake_vsphere(settings) as fake:
        assert fake.certificate is not None
        trust = TLSTrust(thumbprint=fake.certificate.sha1)
        login = Password("root", Secret("secret"))
        target = VSphereTarget("127.0.0.1", login, port=fake.port, trust=trust)
        async with (
            open_client(target) as client,
            client.open_inventory({"VirtualMachine": PATHS}) as inventory,
        ):
            assert inventory.of_kind("VirtualMachine")


async def test_a_listing_in_pages() -> None:
    async with listed(Settings(machines=25, page_size=4)) as (fake, client, inventory):
        assert len(inventory.objects) == 25
        assert fake.plan.calls["WaitForUpdatesEx"] >= 7
        found = await client.get_many(inventory.objects, ["name"])
        assert len(found) == 25
        assert fake.plan.calls["ContinueRetrievePropertiesEx"] == 6


async def test_a_changed_page_is_told_whole() -> None:
    async with listed(Settings(machines=9, page_size=2)) as (_, client, inventory):
        async with inventory.changes() as changes:
            async with open_task_group() as group:
                for ref in inventory.of_kind("VirtualMachine"):
                    group.start_soon(client.run_task, POWER_OFF_VM_TASK, ref)
            told = {(await anext(changes)).ref for _ in inventory.objects}
        assert told == set(inventory.objects)


async def test_a_task_of_three_minutes() -> None:
    async with listed() as (fake, client, inventory):
        fake.plan.slow_task("PowerOffVM_Task", 180)
        ref = named(inventory, "machine0")
        async with open_task_group() as group:
            group.start_soon(client.run_task, POWER_OFF_VM_TASK, ref)
            while not fake.plan.calls["CreateListView"]:
                await anyio.lowlevel.checkpoint()
            fake.clock.advance(180)
        await inventory.refresh(ref)
        assert inventory.get(ref)["runtime.powerState"] == "poweredOff"
        assert fake.plan.calls["RetrievePropertiesEx"] == 2


async def test_a_task_that_never_ends_is_cancelled() -> None:
    async with listed() as (fake, client, inventory):
        fake.plan.slow_task("PowerOffVM_Task", math.inf)
        ref = named(inventory, "machine0")
        async with open_task_group() as group:
            group.start_soon(client.run_task, POWER_OFF_VM_TASK, ref)
            while not fake.plan.calls["CreateListView"]:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        assert fake.plan.calls["CancelTask"] == 1
        assert inventory.get(ref)["runtime.powerState"] == "poweredOn"


async def test_a_task_that_fails() -> None:
    async with listed() as (fake, client, inventory):
        fake.plan.fail_task("PowerOffVM_Task", RequestCanceled())
        with pytest.raises(VSphereFault) as caught:
            await client.run_task(POWER_OFF_VM_TASK, named(inventory, "machine0"))
    assert isinstance(caught.value.fault, RequestCanceled)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_change_whose_connection_is_cut_may_be_done(when: str) -> None:
    async with listed() as (fake, client, inventory):
        fake.plan.cut("PowerOffVM_Task", when="before" if when == "before" else "after")
        ref = named(inventory, "machine0")
        with pytest.raises(ConnectionLost) as caught:
            await client.run_task(POWER_OFF_VM_TASK, ref)
        assert caught.value.maybe_done
        await inventory.refresh(ref)
        state = inventory.get(ref)["runtime.powerState"]
        assert state == ("poweredOn" if when == "before" else "poweredOff")


async def test_what_changed_over_an_expired_session_is_told() -> None:
    async with listed() as (fake, _, inventory), inventory.changes() as changes:
        fake.expire_sessions()
        ref = named(inventory, "machine0")
        fake.drop_connections()
        async with connected_to(fake) as other:
            await other.run_task(POWER_OFF_VM_TASK, ref)
        change = await anext(changes)
        assert change.ref == ref
        assert change.new is not None
        assert change.new["runtime.powerState"] == "poweredOff"


@asynccontextmanager
async def connected_to(fake: FakeVSphere) -> AsyncGenerator[VSphereClient, None]:
    assert fake.certificate is not None
    target = VSphereTarget(
        "127.0.0.1",
        Password(ADMIN, Secret("secret")),
        port=fake.port,
        trust=TLSTrust(thumbprint=fake.certificate.sha256),
    )
    async with open_client(target) as client:
        yield client


async def test_a_restart_loses_nothing() -> None:
    async with listed() as (fake, client, inventory), inventory.changes() as changes:
        ref = named(inventory, "machine0")
        await fake.stop()
        fake.restart()
        fake.machine("machine0")
        await fake.start()
        await client.run_task(POWER_OFF_VM_TASK, ref)
        change = await anext(changes)
        assert (change.ref, change.old is not None) == (ref, True)
        assert inventory.get(ref)["runtime.powerState"] == "poweredOff"


async def test_a_dropped_connection_goes_on_by_its_version() -> None:
    async with listed() as (fake, client, inventory), inventory.changes() as changes:
        ref = named(inventory, "machine0")
        fake.drop_connections()
        await client.run_task(POWER_OFF_VM_TASK, ref)
        change = await anext(changes)
        assert not change.synthetic
        assert fake.plan.calls["CreatePropertyCollector"] == 1


async def test_a_missing_permission() -> None:
    async with (
        connected(user="reader") as (_, client),
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
    ):
        with pytest.raises(VSphereFault) as caught:
            await client.run_task(
                POWER_ON_VM_TASK, named(inventory, "machine0"), PowerOnVMTaskArgs()
            )
    assert isinstance(caught.value.fault, NoPermission)


async def test_another_certificate_than_the_pinned_one() -> None:
    with pytest.raises(AuthenticationFailed, match="not the pinned one"):
        async with connected(thumbprint="00" * 32):
            pass


async def test_all_is_known_once_it_has_settled() -> None:
    async with listed() as (fake, _, inventory):
        ref = named(inventory, "machine0")
        async with connected_to(fake) as other:
            await other.run_task(POWER_OFF_VM_TASK, ref)
        await inventory.settled()
        assert inventory.get(ref)["runtime.powerState"] == "poweredOff"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "method",
    ["CreatePropertyCollector", "CreateContainerView", "CreateFilter", "WaitForUpdatesEx"],
)
async def test_a_session_that_expires_while_an_inventory_opens(method: str, when: str) -> None:
    async with connected() as (fake, client):
        fake.plan.expire(method, when="before" if when == "before" else "after")
        async with client.open_inventory({"VirtualMachine": PATHS}) as inventory:
            assert len(inventory.objects) == 4
