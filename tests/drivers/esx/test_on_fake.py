"""What VMware's own simulator cannot do, on ours: questions, permissions, licences, versions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import anyio
import pytest

from aiovirt import _open
from aiovirt.config import DomainConfig
from aiovirt.errors import AiovirtError, Busy, InvalidState, PermissionDenied, Unsupported
from aiovirt.model.credentials import Login
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.units import MiB
from aiovirt.objects import Connection
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.base import ChoiceOption, ElementDescription
from aiovirt.protocols.vsphere.tables.faults import TaskInProgress
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineQuestionInfo
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere
from aiovirt.testing.vsphere.machines.snapshots import take

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(
    settings: Settings | None = None, *, user: str = "root", query: str = ""
) -> AsyncGenerator[tuple[FakeVSphere, Connection], None]:
    """Run a simulated ESX host, or another server, and open it."""
    async with run_fake_vsphere(settings or Settings(kind="esx", machines=1)) as fake:
        assert fake.certificate is not None
        scheme = "vpx" if fake.settings.kind == "vcenter" else "esx"
        trust = f"thumbprint={fake.certificate.sha256}"
        uri = f"{scheme}://{user}@127.0.0.1:{fake.port}/?{trust}{query}"
        async with _open.open(uri, credentials=Login(password="secret")) as host:
            yield fake, host


def question(default: int | None = 1) -> VirtualMachineQuestionInfo:
    """Return what a machine asks that was copied by hand."""
    words = [("0", "Cancel"), ("1", "I moved it"), ("2", "I copied it")]
    choices = tuple(ElementDescription(key=k, label=label, summary=label) for k, label in words)
    choice = ChoiceOption(choice_info=choices, default_index=default)
    return VirtualMachineQuestionInfo(id="7", text="Was it moved\nor copied?", choice=choice)


@pytest.mark.parametrize("api", ["5.5", "6.0", "6.5", "6.7", "7.0", "8.0"])
async def test_every_version_is_driven(api: str) -> None:
    async with opened(Settings(kind="esx", api=api, machines=1)) as (_, host):
        (vm,) = await host.domains.list()
        await vm.destroy()
        await vm.start()
        assert await vm.state() is StateReason.RUNNING_BOOTED
        assert (await vm.config()).name == vm.name


async def test_a_question_ends_what_was_to_be_done() -> None:
    async with opened() as (fake, host):
        (vm,) = await host.domains.list()
        fake.machine(vm.name).run(question=question())
        fake.plan.slow_task("SuspendVM_Task", float("inf"))
        with pytest.raises(InvalidState, match=r"'Was it moved or copied\?'") as caught:
            await vm.suspend()
        assert "auto_answer=1" in (caught.value.hint or "")
        assert "'I moved it'" in str(caught.value)
        assert not fake.plan.calls["AnswerVM"]


async def test_a_question_is_answered_when_the_uri_says_so() -> None:
    async with opened(query="&auto_answer=1") as (fake, host):
        (vm,) = await host.domains.list()
        fake.machine(vm.name).run(question=question())
        slow = fake.plan.slow_task("ResetVM_Task", float("inf"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(vm.reset)
            with anyio.fail_after(20):
                while fake.machine(vm.name).runtime.question is not None:
                    await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert fake.plan.calls["AnswerVM"] == 1
        slow.remove()


async def test_who_may_not_is_told_what_is_lacking() -> None:
    async with opened(user="reader") as (_, host):
        (vm,) = await host.domains.list()
        with pytest.raises(PermissionDenied, match=r"VirtualMachine\.Interact\.PowerOff") as caught:
            await vm.destroy()
        assert vm.name in str(caught.value)
        assert await vm.is_active()


async def test_a_free_licence_leads_to_ssh() -> None:
    settings = Settings(kind="esx", machines=1, read_only_licence=True)
    async with opened(settings) as (_, host):
        (vm,) = await host.domains.list()
        with pytest.raises(Unsupported) as caught:
            await vm.destroy()
        assert "esx+ssh://" in (caught.value.hint or "")


async def test_an_expired_session_is_not_noticed() -> None:
    async with opened() as (fake, host):
        (vm,) = await host.domains.list()
        fake.expire_sessions()
        await vm.destroy()
        assert (await vm.state()).state is DomainState.SHUTOFF


async def test_another_task_that_changes_it_is_busy() -> None:
    async with opened() as (fake, host):
        (vm,) = await host.domains.list()
        fault = TaskInProgress(task=Ref("Task", "task-1"))
        fake.plan.fail("PowerOffVM_Task", fault)
        with pytest.raises(Busy):
            await vm.destroy()
        await vm.destroy()


async def test_starting_with_the_host() -> None:
    async with opened() as (_, host):
        (vm,) = await host.domains.list()
        assert not await vm.autostart()
        await vm.set_autostart()
        assert await vm.autostart()
        assert (await vm.record()).autostart
        await vm.set_autostart(autostart=False)
        assert not await vm.autostart()


async def test_a_definition_that_is_given_up_leaves_nothing() -> None:
    async with opened(Settings(kind="esx", machines=0)) as (fake, host):
        fake.plan.slow_task("CreateVM_Task", float("inf"))
        config = DomainConfig(type="vmware", name="web1", memory=MiB(16), vcpus=1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(host.domains.define, config)
            with anyio.fail_after(20):
                while not fake.plan.calls["CreateVM_Task"]:
                    await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert await host.domains.list() == []
        assert fake.plan.calls["CancelTask"] == 1


async def test_a_failed_definition_leaves_nothing() -> None:
    async with opened(Settings(kind="esx", machines=0)) as (fake, host):
        fake.plan.fail_task("ReconfigVM_Task", TaskInProgress(task=Ref("Task", "task-1")))
        xml = (
            "<domain type='vmware'><name>web1</name><memory>16384</memory><vcpu>1</vcpu>"
            "<os><type>hvm</type></os><devices><interface type='bridge'>"
            "<source bridge='VM Network'/></interface></devices></domain>"
        )
        with pytest.raises(AiovirtError):
            await host.domains.define(xml)
        assert await host.domains.list() == []
        assert fake.plan.calls["Destroy_Task"] == 1


async def test_templates_and_folders_of_a_vcenter() -> None:
    settings = Settings(kind="vcenter", machines=1, hosts=1, running=0)
    async with opened(settings, user="administrator%40vsphere.local") as (_, host):
        (vm,) = await host.domains.list()
        await vm.move_to_folder("web/staging")
        assert await vm.folder() == "web/staging"
        await vm.set_template()
        copy = await vm.clone("copy", folder="web")
        assert await copy.folder() == "web"
        await copy.start()
        await vm.set_attribute("owner", "me")
        assert await vm.attributes() == {"owner": "me"}


@pytest.mark.parametrize("kind", ["vcenter", "esx"])
async def test_names_that_only_others_give(kind: Literal["vcenter", "esx"]) -> None:
    names = ["a/b", "/", "x//y%2f", "a b\\c&<>"]
    async with run_fake_vsphere(Settings(kind=kind, machines=1)) as fake:
        for each in names:
            take(fake.machine("machine0"), each, "", memory=False, quiesce=False)
        async with _open.open(fake.uri, credentials=Login("root", "secret")) as host:
            vm = await host.domains.get("machine0")
            found = {each.name: each for each in await vm.snapshots.list()}
            assert found.keys() == set(names)
            assert (await found["/"].config()).parent == "a/b"
            assert await found["x//y%2f"].parent() == found["/"]
            await found["/"].revert()
            assert await vm.snapshots.current() == found["/"]
            await found["x//y%2f"].delete(children=True)
            assert {each.name for each in await vm.snapshots.list()} == {"/", "a/b"}
            renamed = await found["a/b"].rename("plain")
            await renamed.delete()
            assert [each.name for each in await vm.snapshots.list()] == ["/"]
