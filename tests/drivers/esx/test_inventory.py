"""Whole machines: copied, moved, put in order; and hosts that are maintained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from esxhosts import opening
from vcsimlab import Checker, Simulator

from aiovirt.errors import AlreadyExists, CallerError, InvalidState, NotFound, Unsupported
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]


async def test_a_copy(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    told: list[int] = []
    made = await vm.clone("copy", progress=told.append)
    assert made == await host.domains.get("copy")
    assert made.uuid != vm.uuid
    assert check(vsphere).power("copy") == "poweredOff"
    with pytest.raises(AlreadyExists):
        await vm.clone("copy")


async def test_a_linked_copy_needs_a_snapshot(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    with pytest.raises(InvalidState):
        await vm.clone("copy", linked=True)


async def test_a_copy_goes_where_it_is_told(vcenter: Simulator, check: Check) -> None:
    async with opening(vcenter, "/") as host:
        vm = await host.domains.get("DC0_H0_VM0")
        await vm.move_to_folder("web")
        await vm.clone("copy", folder="web", host="DC0_C0_H0", datastore="LocalDS_0")
        copy = await host.domains.get("copy")
        assert await copy.folder() == "web"
        for wrong in (
            partial(vm.clone, folder="none"),
            partial(vm.clone, host="none"),
            partial(vm.clone, datastore="none"),
        ):
            with pytest.raises(NotFound) as caught:
                await wrong("other")
            assert "there are: " in (caught.value.hint or "")
    assert check(vcenter).power("copy") == "poweredOff"


async def test_a_machine_is_deleted_with_its_files(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    with pytest.raises(InvalidState):
        await vm.delete()
    await vm.destroy()
    await vm.delete()
    checker = check(vsphere)
    assert name not in checker.names()
    assert not (vsphere.datastore() / name / f"{name}.vmx").exists()


async def test_moving_to_another_host(vcenter: Simulator, check: Check) -> None:
    async with opening(vcenter, "/") as host:
        vm = await host.domains.get("DC0_H0_VM0")
        await vm.relocate(host="DC0_C0_H0")
        with pytest.raises(CallerError):
            await vm.relocate()
    assert check(vcenter).machine("DC0_H0_VM0").host == "DC0_C0_H0"


async def test_templates(vcenter: Simulator, check: Check) -> None:
    async with opening(vcenter) as host:
        vm = await host.domains.get("DC0_H0_VM0")
        with pytest.raises(InvalidState):
            await vm.set_template()
        await vm.destroy()
        await vm.set_template()
        assert await vm.is_template()
        assert check(vcenter).machine("DC0_H0_VM0").template
        with pytest.raises(InvalidState, match="template"):
            await vm.start()
        await vm.clone("copy")
        await vm.set_template(template=False)
        assert not await vm.is_template()
        await vm.start()


async def test_folders(vcenter: Simulator) -> None:
    async with opening(vcenter, "/DC0") as host:
        vm = await host.domains.get("DC0_H0_VM0")
        assert await vm.folder() == ""
        await vm.move_to_folder("web/staging")
        assert await vm.folder() == "web/staging"
        await vm.move_to_folder("")
        assert await vm.folder() == ""


async def test_attributes(vcenter: Simulator, check: Check) -> None:
    async with opening(vcenter) as host:
        vm = await host.domains.get("DC0_H0_VM0")
        assert await vm.attributes() == {}
        await vm.set_attribute("owner", "me & you")
        assert await vm.attributes() == {"owner": "me & you"}
        assert list(check(vcenter).machine("DC0_H0_VM0").custom.values()) == ["me & you"]
        await vm.set_attribute("owner", "")
        await vm.set_attribute("none", "")
        assert await vm.attributes() == {}


async def test_attributes_are_a_vcenters(esx: Simulator) -> None:
    async with opening(esx) as host:
        vm = await host.domains.get("ha-host_VM0")
        with pytest.raises(Unsupported):
            await vm.attributes()


async def test_maintenance(vsphere: Simulator, host: Connection, check: Check) -> None:
    for vm in await host.domains.list():
        await vm.destroy()
    assert not await host.maintenance()
    await host.enter_maintenance(timeout_s=60)
    assert await host.maintenance()
    name = (
        "DC0_H0"
        if vsphere.kind == "vcenter"
        else next(iter(check(vsphere).all_named("HostSystem")))
    )
    assert check(vsphere).in_maintenance(name)
    await host.leave_maintenance()
    assert not await host.maintenance()


async def test_which_host_must_be_said_in_a_vcenter(vcenter: Simulator) -> None:
    async with opening(vcenter, "/") as host:
        assert not await host.maintenance("DC0_H0")
        with pytest.raises(NotFound) as caught:
            await host.maintenance()
    assert "DC0_C0_H0, DC0_H0" in (caught.value.hint or "")
