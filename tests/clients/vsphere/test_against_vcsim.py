"""The client against VMware's own simulator, looked at by VMware's own client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from vcsimlab import Checker, Simulator

from aiovirt.clients.vsphere import (
    DatastoreFile,
    Inventory,
    Login,
    Password,
    SessionCookie,
    TLSTrust,
    VSphereClient,
    VSphereFault,
    VSphereTarget,
    open_client,
)
from aiovirt.errors import AuthenticationFailed, NotFound, PermissionDenied
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.faults import InvalidPowerState
from aiovirt.protocols.vsphere.tables.machine_methods import (
    POWER_OFF_VM_TASK,
    POWER_ON_VM_TASK,
    PowerOnVMTaskArgs,
)

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]

PATHS = ("name", "runtime.powerState")


@asynccontextmanager
async def connected(
    simulator: Simulator, login: Login | None = None, *, readonly: bool = False
) -> AsyncGenerator[VSphereClient, None]:
    target = VSphereTarget(
        "127.0.0.1",
        login or Password(simulator.user, Secret(simulator.password)),
        port=simulator.port,
        trust=TLSTrust(ca_file=str(simulator.ca)),
        readonly=readonly,
    )
    async with open_client(target) as client:
        yield client


@asynccontextmanager
async def listed(
    simulator: Simulator,
) -> AsyncGenerator[tuple[VSphereClient, Inventory], None]:
    async with (
        connected(simulator) as client,
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
    ):
        yield client, inventory


async def machine(client: VSphereClient, name: str) -> Ref:
    async with client.open_inventory({"VirtualMachine": PATHS}) as inventory:
        return next(ref for ref, known in inventory.objects.items() if known["name"] == name)


async def test_a_session_begins_and_ends(vsphere: Simulator) -> None:
    async with connected(vsphere) as client:
        assert client.version == "6.5"
        assert client.user == vsphere.user
        assert client.content.about.api_type in {"VirtualCenter", "HostAgent"}
    assert vsphere.counts()["Logout"] == 1


async def test_a_wrong_password(vcenter: Simulator) -> None:
    login = Password(vcenter.user, Secret("wrong"))
    with pytest.raises(AuthenticationFailed, match="does not let us in") as caught:
        async with connected(vcenter, login=login):
            pass
    assert "wrong" not in str(caught.value)
    assert vcenter.counts()["Login"] == 1


async def test_a_session_is_used_by_its_cookie_and_left_open(vcenter: Simulator) -> None:
    async with connected(vcenter) as first:
        cookie = SessionCookie(first.session_cookie)
        async with connected(vcenter, login=cookie) as second:
            assert second.user == vcenter.user
        assert await first.get(first.content.root_folder, "name") == {"name": "Datacenters"}


async def test_a_cookie_of_no_session(vcenter: Simulator) -> None:
    with pytest.raises(AuthenticationFailed):
        async with connected(vcenter, login=SessionCookie(Secret("none"))):
            pass


async def test_machines_are_listed(vsphere: Simulator, check: Check) -> None:
    async with (
        connected(vsphere) as client,
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
    ):
        known = {properties["name"]: properties for properties in inventory.objects.values()}
        states = {name: str(properties["runtime.powerState"]) for name, properties in known.items()}
        requests = client.requests
        assert len(inventory.of_kind("ManagedEntity")) == len(states)
        assert client.requests == requests
    assert states == check(vsphere).powers()


async def test_power_by_tasks(vsphere: Simulator, check: Check) -> None:
    checker: Checker = check(vsphere)
    name = min(checker.names())
    async with connected(vsphere) as client:
        ref = await machine(client, name)
        await client.run_task(POWER_OFF_VM_TASK, ref)
        assert checker.power(name) == "poweredOff"
        await client.run_task(POWER_ON_VM_TASK, ref, PowerOnVMTaskArgs())
        assert checker.power(name) == "poweredOn"
        with pytest.raises(VSphereFault) as caught:
            await client.run_task(POWER_ON_VM_TASK, ref, PowerOnVMTaskArgs())
    assert isinstance(caught.value.fault, InvalidPowerState)
    assert caught.value.method == "PowerOnVM_Task"


async def test_a_refreshed_object_tells_its_change(vsphere: Simulator) -> None:
    told: list[tuple[object, object, bool]] = []
    async with (
        connected(vsphere) as client,
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
    ):
        ref = inventory.of_kind("VirtualMachine")[0]
        inventory.subscribe(
            lambda _ref, old, new, synthetic: told.append(
                (
                    (old or {}).get("runtime.powerState"),
                    (new or {}).get("runtime.powerState"),
                    synthetic,
                )
            )
        )
        await client.run_task(POWER_OFF_VM_TASK, ref)
        await inventory.refresh(ref)
        assert inventory.get(ref)["runtime.powerState"] == "poweredOff"
    assert told == [("poweredOn", "poweredOff", False)]


async def test_changes_of_others_are_told(vsphere: Simulator, check: Check) -> None:
    checker: Checker = check(vsphere)
    name = min(checker.names())
    async with (
        connected(vsphere) as client,
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
        inventory.changes() as changes,
    ):
        checker.power_off(name)
        change = await anext(changes)
        assert change.new is not None
        assert (change.new["name"], change.new["runtime.powerState"]) == (name, "poweredOff")
        checker.destroy(name)
        change = await anext(changes)
        while change.new is not None:
            change = await anext(changes)
        assert change.ref not in inventory.objects


async def test_all_is_known_once_it_has_settled(vsphere: Simulator, check: Check) -> None:
    checker: Checker = check(vsphere)
    name = min(checker.names())
    async with (
        connected(vsphere) as client,
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
    ):
        ref = next(r for r, known in inventory.objects.items() if known["name"] == name)
        checker.power_off(name)
        await inventory.settled()
        assert inventory.get(ref)["runtime.powerState"] == "poweredOff"


async def test_an_expired_session_is_renewed_once_for_all(vcenter: Simulator) -> None:
    async with connected(vcenter) as client:
        root = client.content.root_folder
        vcenter.expire()
        assert await client.get(root, "name") == {"name": "Datacenters"}
    assert vcenter.counts()["Login"] == 2


async def test_an_inventory_outlives_its_session(vcenter: Simulator, check: Check) -> None:
    checker: Checker = check(vcenter)
    name = min(checker.names())
    async with (
        connected(vcenter) as client,
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
        inventory.changes() as changes,
    ):
        vcenter.expire()
        check(vcenter).power_off(name)
        change = await anext(changes)
        assert change.new is not None
        assert (change.new["name"], change.new["runtime.powerState"]) == (name, "poweredOff")


async def test_an_inventory_outlives_a_restart(vsphere: Simulator) -> None:
    async with (
        connected(vsphere) as client,
        client.open_inventory({"VirtualMachine": PATHS}) as inventory,
    ):
        ref = inventory.of_kind("VirtualMachine")[0]
        await client.run_task(POWER_OFF_VM_TASK, ref)
        await inventory.refresh(ref)
        async with inventory.changes() as changes:
            vsphere.restart()
            change = await anext(changes)
            assert change.synthetic


async def test_a_read_only_connection_sends_no_change(vcenter: Simulator) -> None:
    async with connected(vcenter, readonly=True) as client:
        ref = await machine(client, "DC0_H0_VM0")
        with pytest.raises(PermissionDenied, match="PowerOffVM_Task is not for read-only"):
            await client.run_task(POWER_OFF_VM_TASK, ref)
    assert "PowerOffVM_Task" not in vcenter.counts()


async def test_files_go_up_and_come_down(vsphere: Simulator) -> None:
    center = "DC0" if vsphere.kind == "vcenter" else "ha-datacenter"
    file = DatastoreFile("a folder ö.txt", "LocalDS_0", center)
    content = bytes(range(256)) * 4000
    seen: list[tuple[int, int | None]] = []

    async def parts() -> AsyncGenerator[bytes, None]:
        for begin in range(0, len(content), 100_000):
            yield content[begin : begin + 100_000]

    async with connected(vsphere) as client:
        await client.upload(file, parts(), len(content), progress=lambda *done: seen.append(done))
        async with client.download(file, offset=1000) as reading:
            assert b"".join([part async for part in reading]) == content[1000:]
            assert reading.length == len(content)
        with pytest.raises(NotFound, match="none"):
            async with client.download(DatastoreFile("none", "LocalDS_0", center)):
                pass
    assert seen[-1] == (len(content), len(content))
