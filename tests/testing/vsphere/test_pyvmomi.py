"""VMware's own bindings take the simulator for a server: an independent client of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import anyio
import pytest

from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = [pytest.mark.anyio, pytest.mark.real]

connect = pytest.importorskip("pyVim.connect")
task = pytest.importorskip("pyVim.task")
vmomi = pytest.importorskip("pyVmomi")
vim = vmomi.vim


async def with_pyvmomi(settings: Settings, work: Callable[[FakeVSphere, Any], None]) -> None:
    """Do something with a session of pyvmomi's, in a thread: it blocks."""
    async with run_fake_vsphere(settings) as fake:

        def run() -> None:
            si = connect.SmartConnect(
                host="127.0.0.1",
                port=fake.port,
                user="root",
                pwd="secret",
                disableSslCertValidation=True,
            )
            try:
                work(fake, si)
            finally:
                connect.Disconnect(si)

        await anyio.to_thread.run_sync(run)


def named(si: Any, kind: Any, name: str) -> Any:  # noqa: ANN401 - pyvmomi has no types
    view = si.content.viewManager.CreateContainerView(si.content.rootFolder, [kind], True)
    return next(each for each in view.view if each.name == name)


@pytest.mark.parametrize("api", ["5.5", "8.0"])
@pytest.mark.parametrize("kind", ["vcenter", "esx"])
async def test_it_reads_everything_of_every_object(kind: str, api: str) -> None:
    def work(fake: FakeVSphere, si: Any) -> None:  # noqa: ANN401
        content = si.content
        view = content.viewManager.CreateContainerView(content.rootFolder, [], True)
        collector = vmomi.vmodl.query.PropertyCollector
        spec = collector.FilterSpec(
            objectSet=[
                collector.ObjectSpec(
                    obj=view,
                    skip=True,
                    selectSet=[collector.TraversalSpec(type=vim.view.ContainerView, path="view")],
                )
            ],
            propSet=[collector.PropertySpec(type=vim.ManagedEntity, all=True)],
        )
        found = content.propertyCollector.RetrieveContents([spec])
        assert {each.obj._moId for each in found} == {
            ref.value for ref in fake.site.world.of_kind("ManagedEntity") if ref != fake.site.root
        }

    await with_pyvmomi(Settings(kind="esx" if kind == "esx" else "vcenter", api=api), work)


async def test_it_makes_changes_and_waits_for_tasks() -> None:
    def work(fake: FakeVSphere, si: Any) -> None:  # noqa: ANN401
        vm = named(si, vim.VirtualMachine, "machine0")
        task.WaitForTask(vm.PowerOff())
        assert vm.runtime.powerState == "poweredOff"
        change = vim.vm.device.VirtualDeviceSpec(
            operation="add",
            fileOperation="create",
            device=vim.vm.device.VirtualDisk(
                key=-1,
                controllerKey=1000,
                unitNumber=1,
                capacityInKB=1024,
                backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
                    fileName="", diskMode="persistent", thinProvisioned=True
                ),
            ),
        )
        task.WaitForTask(vm.Reconfigure(vim.vm.ConfigSpec(memoryMB=2048, deviceChange=[change])))
        assert [disk.capacity_in_kb for disk in fake.machine("machine0").disks] == [1048576, 1024]
        assert vm.config.hardware.memoryMB == 2048
        with pytest.raises(vim.fault.InvalidPowerState):
            task.WaitForTask(vm.PowerOff())

    await with_pyvmomi(Settings(), work)


async def test_it_takes_snapshots_and_copies() -> None:
    def work(fake: FakeVSphere, si: Any) -> None:  # noqa: ANN401
        vm = named(si, vim.VirtualMachine, "machine0")
        task.WaitForTask(vm.CreateSnapshot("one", "why", True, False))
        assert vm.snapshot.rootSnapshotList[0].name == "one"
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=True, template=False)
        made = task.WaitForTask(vm.Clone(folder=vm.parent, name="copy", spec=spec))
        assert made == vim.TaskInfo.State.success
        assert fake.machine("copy").power == "poweredOn"
        task.WaitForTask(vm.snapshot.rootSnapshotList[0].snapshot.RemoveSnapshot_Task(False))
        assert vm.snapshot is None

    await with_pyvmomi(Settings(), work)


async def test_it_sees_alarms_and_tasks() -> None:
    def work(fake: FakeVSphere, si: Any) -> None:  # noqa: ANN401
        alarms, machine = fake.site.alarms, fake.machine("machine0").ref
        anyio.from_thread.run_sync(alarms.show, "Guest heartbeat", machine, "red")
        root, manager = si.content.rootFolder, si.content.alarmManager
        (state,) = root.triggeredAlarmState
        assert (state.alarm.info.name, state.entity.name) == ("Guest heartbeat", "machine0")
        assert state.alarm in manager.GetAlarm(root)
        manager.AcknowledgeAlarm(state.alarm, state.entity)
        (state,) = state.entity.triggeredAlarmState
        assert (state.overallStatus, state.acknowledgedByUser) == ("red", "root")
        manager.ClearTriggeredAlarms(vim.alarm.AlarmFilterSpec())
        assert not root.triggeredAlarmState
        task.WaitForTask(named(si, vim.VirtualMachine, "machine0").PowerOff())
        (recent,) = si.content.taskManager.recentTask
        assert recent.info.descriptionId == "VirtualMachine.powerOff"

    await with_pyvmomi(Settings(), work)


async def test_it_runs_programs_and_fetches_files_in_guests() -> None:
    def work(_: FakeVSphere, si: Any) -> None:  # noqa: ANN401
        vm = named(si, vim.VirtualMachine, "machine0")
        manager = si.content.guestOperationsManager
        auth = vim.vm.guest.NamePasswordAuthentication(username="root", password="secret")
        spec = vim.vm.guest.ProcessManager.ProgramSpec(
            programPath="/bin/echo", arguments="hello > /tmp/out"
        )
        pid = manager.processManager.StartProgramInGuest(vm, auth, spec)
        (told,) = manager.processManager.ListProcessesInGuest(vm, auth, [pid])
        assert told.exitCode == 0
        info = manager.fileManager.InitiateFileTransferFromGuest(vm, auth, "/tmp/out")
        loose = ssl._create_unverified_context()  # noqa: S323 - our own, on this machine
        with urlopen(Request(info.url), context=loose) as response:  # noqa: S310 - our own
            assert response.read() == b"hello\n"

    await with_pyvmomi(Settings(), work)


@pytest.mark.parametrize("api", ["5.5", "6.7", "8.0"])
async def test_it_speaks_the_version_that_the_server_has(api: str) -> None:
    def work(_: FakeVSphere, si: Any) -> None:  # noqa: ANN401
        assert si.content.about.apiVersion == api
        events = si.content.eventManager.QueryEvents(vim.event.EventFilterSpec())
        assert type(events[-1]) is vim.event.UserLoginSessionEvent

    await with_pyvmomi(Settings(api=api), work)
