"""Operations on machines that the simulator can do: their life, and what they are."""

from __future__ import annotations

from vcsimscene import STORE, Act, Check, Operation, Scene, Stage, on_vm, reconfigured

from aiovirt.model.events import LifecycleEvent
from aiovirt.model.units import MiB
from aiovirt.objects import Domain

__all__ = ["MACHINES", "exists", "is_gone", "off"]


# --- what is looked for, and what is so before --------------------------------------------------


def power(state: str) -> Check:
    """The machine's power state is that."""
    return lambda stage: stage.machine().power == state


def off(stage: Stage) -> None:
    """Power the machine off."""
    stage.checker.power_off(stage.name)


def suspended(stage: Stage) -> None:
    """Suspend the machine."""
    stage.checker.suspend(stage.name)


def exists(name: str) -> Check:
    """There is a machine of that name."""
    return lambda stage: name in stage.checker.names()


def is_gone(stage: Stage) -> bool:
    """The machine is not there any more."""
    return stage.name not in stage.checker.names()


# --- a machine's life ---------------------------------------------------------------------------


def new_disk(stage: Stage) -> None:
    """Lay down what the simulator wants beside a .vmx that is registered."""
    folder = stage.store / "new"
    folder.mkdir()
    for name in ("new.nvram", "vmware.log", "new.vmdk"):
        (folder / name).touch()


NEW_DISK = f"<disk type='file'><source file='[{STORE}] new/new.vmdk'/><target dev='sda'/></disk>"


def defining(disk: str = "") -> Act:
    """Define a new machine."""
    text = (
        "<domain type='vmware'><name>new</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
        f"<os><type arch='x86_64'>hvm</type></os><devices>{disk}</devices></domain>"
    )

    async def act(scene: Scene) -> None:
        await scene.host.domains.define(text)

    return act


async def redefine(scene: Scene) -> None:
    """Define the machine once more, with more memory."""
    config = await (await scene.vm()).config()
    config.memory = config.current_memory = MiB(256)
    await scene.host.domains.define(config)


async def notice(scene: Scene) -> None:
    """Hear that another client has powered the machine off."""
    vm = await scene.vm()
    async with scene.host.events() as events:
        scene.checker.power_off(scene.name)
        async for event in events:
            if isinstance(event, LifecycleEvent) and event.domain == vm.key:
                break
    assert not await vm.is_active()


async def notice_of_a_clone(scene: Scene) -> None:
    """Hear of a machine that another client has made, and find it."""
    async with scene.host.events() as events:
        scene.checker.clone(scene.name, "copy")
        async for event in events:
            if isinstance(event, LifecycleEvent) and event.domain.name == "copy":
                break
    await scene.host.domains.get("copy")


async def read_xml(scene: Scene) -> None:
    """Read the machine's file."""
    vm = await scene.vm()
    assert (await vm.config()).name == scene.name


def write_vmx(stage: Stage) -> None:
    """Fill in the machine's file, which the simulator leaves empty."""
    path = stage.store / stage.name / f"{stage.name}.vmx"
    path.write_text(
        f'config.version = "8"\nvirtualHW.version = "10"\ndisplayName = "{stage.name}"\n'
        'guestOS = "other"\nmemsize = "64"\n',
        encoding="utf-8",
    )


LIFE = (
    Operation("PowerOnVM_Task", "Domain.start", on_vm(Domain.start), power("poweredOn"), off),
    Operation("PowerOffVM_Task", "Domain.destroy", on_vm(Domain.destroy), power("poweredOff")),
    Operation("SuspendVM_Task", "Domain.suspend", on_vm(Domain.suspend), power("suspended")),
    Operation(
        *("PowerOnVM_Task", "Domain.resume", on_vm(Domain.resume), power("poweredOn"), suspended)
    ),
    Operation("ResetVM_Task", "Domain.reset", on_vm(Domain.reset), power("poweredOn")),
    Operation("ShutdownGuest", "Domain.shutdown", on_vm(Domain.shutdown), power("poweredOff")),
    Operation("UnregisterVM", "Domain.undefine", on_vm(Domain.undefine), is_gone, off),
    Operation("CreateVM_Task", "Domains.define", defining(), exists("new")),
    Operation(
        *("RegisterVM_Task", "Domains.define with a disk", defining(NEW_DISK), exists("new")),
        new_disk,
    ),
    Operation("Rename_Task", "Domain.rename", on_vm(lambda vm: vm.rename("new")), exists("new")),
    Operation("GET /folder", "Domain.config", read_xml, power("poweredOn"), write_vmx),
    Operation("WaitForUpdatesEx", "Connection.events", notice, power("poweredOff")),
    Operation(
        *("WaitForUpdatesEx", "Connection.events of a new machine", notice_of_a_clone),
        exists("copy"),
    ),
)


# --- settings -----------------------------------------------------------------------------------

SETTINGS = (
    reconfigured(
        "Domain.set_memory of its maximum",
        on_vm(lambda vm: vm.set_memory(MiB(64), maximum=True, config=True)),
        lambda stage: stage.machine().memory_mib == 64,
        off,
    ),
    reconfigured(
        "Domain.set_memory",
        on_vm(lambda vm: vm.set_memory(MiB(16))),
        lambda stage: stage.machine().memory_limit_mib == 16,
    ),
    reconfigured(
        "Domain.set_vcpu_count",
        on_vm(lambda vm: vm.set_vcpu_count(2, config=True)),
        lambda stage: stage.machine().cpus == 2,
        off,
    ),
    reconfigured(
        "Domain.set_description",
        on_vm(lambda vm: vm.set_description("what it is for", config=True)),
        lambda stage: stage.machine().notes == "what it is for",
    ),
    reconfigured(
        "Domains.define of what is there",
        redefine,
        lambda stage: stage.machine().memory_mib == 256,
        off,
    ),
)

MACHINES = (*LIFE, *SETTINGS)
"""All of machines but their parts."""
