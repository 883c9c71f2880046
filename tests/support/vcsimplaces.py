"""Operations that the simulator can do with copies, hosts, folders, attributes and networks."""

from __future__ import annotations

from vcsimlab.session import vim
from vcsimmachines import exists, is_gone, off
from vcsimscene import Operation, Scene, Stage, on_vm

__all__ = ["PLACES"]

HOSTS = {"vcenter": "DC0_H0", "esx": "localhost.localdomain"}
"""The name of the host that is worked on."""


async def clone(scene: Scene) -> None:
    """Copy the machine; the copy is found at once."""
    copy = await (await scene.vm()).clone("copy")
    assert not await copy.is_active()
    assert await scene.host.domains.get("copy") == copy


def template(stage: Stage) -> None:
    """Make a template of the machine."""
    off(stage)
    stage.checker.target(stage.name).MarkAsTemplate()


def is_template(stage: Stage) -> bool:
    """The machine is a template."""
    return stage.machine().template


def in_maintenance(stage: Stage) -> bool:
    """The host is in maintenance mode."""
    return stage.checker.in_maintenance(HOSTS[stage.simulator.kind])


def enter_maintenance(stage: Stage) -> None:
    """Let the host enter maintenance mode."""
    host = stage.checker.session.named(vim.HostSystem, HOSTS[stage.simulator.kind])
    stage.checker.session.finish(host.EnterMaintenanceMode_Task(0))


MOVED = (
    Operation("CloneVM_Task", "Domain.clone", clone, exists("copy")),
    Operation("Destroy_Task", "Domain.delete", on_vm(lambda vm: vm.delete()), is_gone, off),
    Operation(
        "MarkAsTemplate",
        "Domain.set_template",
        on_vm(lambda vm: vm.set_template()),
        is_template,
        off,
    ),
    Operation(
        "MarkAsVirtualMachine",
        "Domain.set_template to none",
        on_vm(lambda vm: vm.set_template(template=False)),
        lambda stage: not stage.machine().template,
        template,
    ),
    Operation(
        "RelocateVM_Task",
        "Domain.relocate",
        on_vm(lambda vm: vm.relocate(host="DC0_C0_H0")),
        lambda stage: stage.machine().host == "DC0_C0_H0",
        kinds=("vcenter",),
    ),
    Operation(
        "MoveIntoFolder_Task",
        "Domain.move_to_folder",
        on_vm(lambda vm: vm.move_to_folder("web/staging")),
        lambda stage: stage.machine().folder == "staging",
        kinds=("vcenter",),
    ),
    Operation(
        "SetField",
        "Domain.set_attribute",
        on_vm(lambda vm: vm.set_attribute("owner", "somebody")),
        lambda stage: stage.checker.custom(stage.name) == {"owner": "somebody"},
        kinds=("vcenter",),
    ),
    Operation(
        "EnterMaintenanceMode_Task",
        "Connection.enter_maintenance",
        lambda scene: scene.host.enter_maintenance(),
        in_maintenance,
    ),
    Operation(
        "ExitMaintenanceMode_Task",
        "Connection.leave_maintenance",
        lambda scene: scene.host.leave_maintenance(),
        lambda stage: not in_maintenance(stage),
        enter_maintenance,
    ),
)

NETWORK = "<network><name>vSwitch7</name><portgroup name='inside'/></network>"


def groups(stage: Stage) -> set[str] | None:
    """The port groups of the switch that is made."""
    return stage.checker.switches(HOSTS[stage.simulator.kind]).get("vSwitch7")


async def define_network(scene: Scene) -> None:
    """Make a virtual switch with a port group."""
    await scene.host.networks.define(NETWORK)


async def undefine_network(scene: Scene) -> None:
    """Make a virtual switch, and remove it."""
    await (await scene.host.networks.define(NETWORK)).undefine()


NETWORKS = (
    Operation(
        "AddVirtualSwitch",
        "Networks.define",
        define_network,
        lambda stage: groups(stage) is not None,
    ),
    Operation(
        "AddPortGroup",
        "Networks.define with a port group",
        define_network,
        lambda stage: groups(stage) == {"inside"},
    ),
    Operation(
        "RemoveVirtualSwitch",
        "Network.undefine",
        undefine_network,
        lambda stage: groups(stage) is None,
    ),
)

PLACES = (*MOVED, *NETWORKS)
"""All of them."""
