"""Operations on what machines have that the simulator can do: snapshots, devices, shares."""

from __future__ import annotations

from vcsimmachines import off
from vcsimscene import STORE, Act, Check, Operation, Scene, Stage, on_vm, reconfigured
from vcsimstores import GIB, create_volume

__all__ = ["PARTS"]


def two_snapshots(stage: Stage) -> None:
    """Make two snapshots, one below the other."""
    stage.checker.snapshot(stage.name, "one")
    stage.checker.snapshot(stage.name, "two")


def snapshots(*paths: str) -> Check:
    """The machine has these snapshots."""
    return lambda stage: tuple(each.path for each in stage.machine().snapshots) == paths


def current(name: str) -> Check:
    """The machine's current snapshot is that."""

    def check(stage: Stage) -> bool:
        found = stage.machine().current_snapshot
        return found is not None and found.name == name

    return check


def devices(kind: str, count: int) -> Check:
    """The machine has that many devices of a kind."""
    return lambda stage: len(stage.machine().of_kind(kind)) == count


# --- snapshots ----------------------------------------------------------------------------------

SNAPSHOT = "<domainsnapshot><name>one</name><description>the first</description></domainsnapshot>"


def on_snapshot(name: str, *, children: bool = False) -> Act:
    """Delete a snapshot of the machine."""

    async def act(scene: Scene) -> None:
        snapshot = await (await scene.vm()).snapshots.get(name)
        await snapshot.delete(children=children)

    return act


async def revert_to_one(scene: Scene) -> None:
    """Go back to the first snapshot."""
    await (await (await scene.vm()).snapshots.get("one")).revert()


def is_described(stage: Stage) -> bool:
    """The snapshot is there with its description."""
    (found,) = stage.machine().snapshots
    return (found.name, found.description) == ("one", "the first")


SNAPSHOTS = (
    Operation(
        "CreateSnapshot_Task",
        "Snapshots.create",
        on_vm(lambda vm: vm.snapshots.create(SNAPSHOT)),
        is_described,
    ),
    Operation(
        *("RevertToSnapshot_Task", "Snapshot.revert", revert_to_one, current("one")),
        two_snapshots,
    ),
    Operation(
        *("RemoveSnapshot_Task", "Snapshot.delete", on_snapshot("two"), snapshots("one")),
        two_snapshots,
    ),
    Operation(
        "RemoveSnapshot_Task",
        "Snapshot.delete with its children",
        on_snapshot("one", children=True),
        snapshots(),
        two_snapshots,
    ),
    Operation(
        "RemoveAllSnapshots_Task",
        "Snapshots.delete_all",
        on_vm(lambda vm: vm.snapshots.delete_all()),
        snapshots(),
        two_snapshots,
    ),
)


# --- devices and shares

NIC = "<interface type='bridge'><source bridge='VM Network'/><model type='vmxnet3'/></interface>"
CDROM = "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>"


async def attach_disk(scene: Scene) -> None:
    """Give the machine a second disk."""
    await create_volume(scene, f"{scene.name}/more.vmdk")
    text = (
        "<disk type='file' device='disk'>"
        f"<source file='[{STORE}] {scene.name}/more.vmdk'/><target dev='sdb' bus='scsi'/></disk>"
    )
    await (await scene.vm()).attach(text, config=True)


async def grow_first_disk(scene: Scene) -> None:
    """Grow the machine's first disk."""
    await (await scene.vm()).block_resize("sda", 12 * GIB)


CONFIGURED = (
    reconfigured(
        "Domain.set_scheduler_parameters",
        on_vm(lambda vm: vm.set_scheduler_parameters({"shares": 700})),
        lambda stage: stage.machine().shares == 700,
    ),
    reconfigured("Domain.attach of a disk", attach_disk, devices("VirtualDisk", 2), off),
    reconfigured(
        "Domain.attach of a network card",
        on_vm(lambda vm: vm.attach(NIC, config=True)),
        devices("VirtualVmxnet3", 1),
        off,
    ),
    reconfigured(
        "Domain.attach of a CD-ROM",
        on_vm(lambda vm: vm.attach(CDROM, config=True)),
        devices("VirtualCdrom", 2),
        off,
    ),
    reconfigured(
        "Domain.block_resize",
        grow_first_disk,
        lambda stage: stage.machine().disks[0].capacity_kib == 12 * GIB >> 10,
    ),
)


async def measure(scene: Scene) -> None:
    """Take the statistics of all machines that run."""
    found = await scene.host.stats()
    assert {each.key.name for each in found} <= scene.checker.names()
    assert all(each.figures["cpu.time"] != 0 for each in found if each.id is not None)
    assert any(each.key.name == scene.name for each in found)


MEASURED = (
    Operation(
        *("QueryPerf", "Connection.stats", measure),
        lambda stage: stage.machine().power == "poweredOn",
    ),
)

PARTS = (*SNAPSHOTS, *CONFIGURED, *MEASURED)
"""All of parts of machines."""
