"""What a machine really is, as a client that is not ours sees it: plain values, read anew.

The verbs at the end are for tests that need somebody else to change something.  It knows nothing of
aiovirt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vcsimlab.session import Session, vim

__all__ = ["Checker", "Device", "Machine", "Snapshot"]

PATHS = (
    "name",
    "runtime.powerState",
    "config.uuid",
    "config.annotation",
    "config.template",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "config.hardware.device",
    "config.files.vmPathName",
    "config.extraConfig",
    "config.cpuAllocation.shares",
    "config.memoryAllocation.limit",
    "runtime.host",
    "parent",
    "snapshot",
    "customValue",
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a machine.

    Attributes:
        kind: Its class without `vim.vm.device.`, such as `VirtualDisk` or `VirtualVmxnet3`.
        key: Its number within the machine.
        label: As users see it.
        unit: Its place on its controller.
        controller: The key of that.
        capacity_kib: Of a disk.
        backing: The file, the network's name, or the distributed port group's key, of what has one.
        mac: Of a network card.
    """

    kind: str
    key: int
    label: str
    unit: int | None = None
    controller: int | None = None
    capacity_kib: int | None = None
    backing: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot in its tree; `path` has the names from the root, divided by slashes."""

    moid: str
    name: str
    path: str
    description: str
    state: str
    quiesced: bool
    current: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine, as it is on the server now.

    Attributes:
        moid: Its reference, such as `vm-54`.
        name: Its name, as the server writes it.
        power: `poweredOn`, `poweredOff` or `suspended`.
        uuid: Its BIOS UUID.
        notes: Its annotation.
        template: Whether it is one.
        cpus: How many.
        memory_mib: How much.
        memory_limit_mib: How much of the host's it may have; none below zero.
        vmx: Its file: `[datastore] folder/name.vmx`.
        host: The name of the host that it is on.
        folder: The name of the folder that it is in.
        shares: Of the processors.
        devices: All of them.
        snapshots: All of them, parents first.
        extra: Its further settings.
        custom: Its custom values, by the key of the field.
    """

    moid: str
    name: str
    power: str
    uuid: str
    notes: str
    template: bool
    cpus: int
    memory_mib: int
    memory_limit_mib: int
    vmx: str
    host: str
    folder: str
    shares: int
    devices: tuple[Device, ...]
    snapshots: tuple[Snapshot, ...]
    extra: dict[str, str]
    custom: dict[int, str]

    def of_kind(self, kind: str) -> tuple[Device, ...]:
        """Return its devices of one class."""
        return tuple(device for device in self.devices if device.kind == kind)

    @property
    def disks(self) -> tuple[Device, ...]:
        """Its disks."""
        return self.of_kind("VirtualDisk")

    @property
    def nics(self) -> tuple[Device, ...]:
        """Its network cards."""
        return tuple(device for device in self.devices if device.mac is not None)

    @property
    def current_snapshot(self) -> Snapshot | None:
        """Where it is in the tree of its snapshots."""
        return next((each for each in self.snapshots if each.current), None)


def _backing(backing: Any) -> str | None:  # noqa: ANN401  pyvmomi's
    port = getattr(backing, "port", None)
    known = (
        getattr(backing, "fileName", None),
        getattr(backing, "deviceName", None),
        getattr(port, "portgroupKey", None),
    )
    return next((value for value in known if value), None)


def _device(device: Any) -> Device:  # noqa: ANN401  pyvmomi's
    return Device(
        kind=type(device).__name__.rpartition(".")[2],
        key=device.key,
        label=device.deviceInfo.label if device.deviceInfo else "",
        unit=device.unitNumber,
        controller=device.controllerKey,
        capacity_kib=getattr(device, "capacityInKB", None),
        backing=_backing(device.backing),
        mac=getattr(device, "macAddress", None),
    )


def _snapshots(tree: Sequence[Any], current: str, above: str = "") -> Iterator[Snapshot]:
    for each in tree:
        path = f"{above}{each.name}"
        moid = each.snapshot._GetMoId()
        yield Snapshot(
            *(moid, each.name, path, each.description, str(each.state)),
            quiesced=bool(each.quiesced),
            current=moid == current,
        )
        yield from _snapshots(each.childSnapshotList, current, f"{path}/")


class Checker:
    """Looks at a simulator by a session of its own, and changes it where a test wants somebody to.

    Every call blocks for some milliseconds; on an event loop that is the test's own affair.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    # ----------------------------------------------------------------- what there is

    def names(self) -> set[str]:
        """Return the names of all machines and templates."""
        facts = self.session.facts(vim.VirtualMachine, ["name"])
        return {each["name"] for each in facts.values()}

    def power(self, name: str) -> str:
        """Return a machine's power state: `poweredOn`, `poweredOff` or `suspended`."""
        return self.machine(name).power

    def powers(self) -> dict[str, str]:
        """Return the power state of each machine."""
        facts = self.session.facts(vim.VirtualMachine, ["name", "runtime.powerState"])
        return {each["name"]: str(each["runtime.powerState"]) for each in facts.values()}

    def machine(self, name: str) -> Machine:
        """Return all of a machine, read now."""
        target = self.target(name)
        facts = self.session.of(target, *PATHS)
        snapshot = facts.get("snapshot")
        current = snapshot.currentSnapshot if snapshot else None
        tree = snapshot.rootSnapshotList if snapshot else ()
        return Machine(
            moid=target._GetMoId(),
            name=facts["name"],
            power=str(facts["runtime.powerState"]),
            uuid=facts["config.uuid"],
            notes=facts.get("config.annotation", ""),
            template=facts["config.template"],
            cpus=facts["config.hardware.numCPU"],
            memory_mib=facts["config.hardware.memoryMB"],
            memory_limit_mib=facts.get("config.memoryAllocation.limit", -1),
            vmx=facts["config.files.vmPathName"],
            host=self.session.of(facts["runtime.host"], "name")["name"],
            folder=self.session.of(facts["parent"], "name")["name"],
            shares=facts["config.cpuAllocation.shares"].shares
            if "config.cpuAllocation.shares" in facts
            else 0,
            devices=tuple(map(_device, facts["config.hardware.device"])),
            snapshots=tuple(_snapshots(tree, current._GetMoId() if current else "")),
            extra={each.key: each.value for each in facts.get("config.extraConfig", ())},
            custom={each.key: each.value for each in facts.get("customValue", ())},
        )

    def all_named(self, kind: str) -> set[str]:
        """Return the names of all objects of a kind, such as `HostSystem` or `Datastore`."""
        facts = self.session.facts(getattr(vim, kind), ["name"])
        return {each["name"] for each in facts.values()}

    def files(self, folder: str = "", datastore: str = "LocalDS_0") -> set[str]:
        """Return the names of the files in a folder of a datastore."""
        session = self.session
        store = session.named(vim.Datastore, datastore)
        browser = session.of(store, "browser")["browser"]
        spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*"])
        path = f"[{datastore}] {folder}"
        result = session.finish(browser.SearchDatastore_Task(path, spec))
        return {each.path for each in result.file}

    def custom(self, name: str) -> dict[str, str]:
        """Return the custom attributes that a machine has."""
        manager = self.session.content.customFieldsManager
        names = {each.key: each.name for each in self.session.of(manager, "field")["field"]}
        return {names[key]: value for key, value in self.machine(name).custom.items()}

    def switches(self, host: str) -> dict[str, set[str]]:
        """Return the virtual switches of a host, with their port groups."""
        target = self.session.named(vim.HostSystem, host)
        path = "configManager.networkSystem"  # the simulator's host does not know what it does
        system = self.session.of(target, path)[path]
        network = self.session.of(system, "networkInfo")["networkInfo"]
        found: dict[str, set[str]] = {switch.name: set() for switch in network.vswitch}
        for group in network.portgroup:
            found[group.spec.vswitchName].add(group.spec.name)
        return found

    def in_maintenance(self, host: str) -> bool:
        """Return whether a host is in maintenance mode."""
        target = self.session.named(vim.HostSystem, host)
        return bool(
            self.session.of(target, "runtime.inMaintenanceMode")["runtime.inMaintenanceMode"]
        )

    def target(self, name: str) -> Any:  # noqa: ANN401  pyvmomi's
        """Return pyvmomi's object of a machine, for what is not here."""
        return self.session.named(vim.VirtualMachine, name)

    # ----------------------------------------------------------------- what another client does

    def power_on(self, name: str) -> None:
        """Power a machine on."""
        self.session.finish(self.target(name).PowerOnVM_Task())

    def power_off(self, name: str) -> None:
        """Power a machine off."""
        self.session.finish(self.target(name).PowerOffVM_Task())

    def suspend(self, name: str) -> None:
        """Suspend a machine."""
        self.session.finish(self.target(name).SuspendVM_Task())

    def rename(self, name: str, new: str) -> None:
        """Give a machine another name."""
        spec = vim.vm.ConfigSpec(name=new)
        self.session.finish(self.target(name).ReconfigVM_Task(spec))

    def snapshot(self, name: str, snapshot: str, description: str = "") -> None:
        """Make a snapshot without memory."""
        task = self.target(name).CreateSnapshot_Task(
            name=snapshot, description=description, memory=False, quiesce=False
        )
        self.session.finish(task)

    def clone(self, name: str, new: str) -> None:
        """Make a copy of a machine, powered off, in the same folder."""
        target = self.target(name)
        folder = self.session.of(target, "parent")["parent"]
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
        self.session.finish(target.CloneVM_Task(folder=folder, name=new, spec=spec))

    def destroy(self, name: str) -> None:
        """Remove a machine that is powered off, with its files."""
        self.session.finish(self.target(name).Destroy_Task())
