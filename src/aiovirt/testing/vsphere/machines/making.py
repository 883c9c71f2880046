"""Making machines: new ones, ones of a configuration file, and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import (
    VirtualMachineConnectionState,
)
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualHardware,
    VirtualMachineCapability,
    VirtualMachineConfigInfo,
    VirtualMachineConfigInfoDatastoreUrlPair,
    VirtualMachineConfigSpec,
    VirtualMachineDefaultPowerOpInfo,
    VirtualMachineFlagInfo,
    VirtualMachineRuntimeInfo,
)
from aiovirt.protocols.vsphere.tables.storage import DatastoreSummary, VirtualMachineFileInfo
from aiovirt.testing.vsphere.building.places import entity
from aiovirt.testing.vsphere.files import folder_of
from aiovirt.testing.vsphere.machines.guest import Guest
from aiovirt.testing.vsphere.machines.hardware import default_devices
from aiovirt.testing.vsphere.machines.machine import OFF, Machine
from aiovirt.testing.vsphere.making import filled

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.site import Site

__all__ = ["Home", "add_machine", "blank_config", "move", "remove_machine"]

MEMORY_MB: Final = 32
"""What a machine has when nothing is said."""


class Home:
    """Where a machine is.

    Args:
        folder: The folder of the inventory.
        pool: Its resource pool; a template has none.
        host: Its host.
    """

    def __init__(self, folder: Ref, pool: Ref | None, host: Ref) -> None:
        self.folder = folder
        self.pool = pool
        self.host = host


def blank_config(site: Site, spec: VirtualMachineConfigSpec, path: str) -> VirtualMachineConfigInfo:
    """The configuration of a machine of which nothing is said but its file."""
    folder = folder_of(path)
    name = path[1:].partition("]")[0]
    datastore = site.datastore(name)
    urls: tuple[VirtualMachineConfigInfoDatastoreUrlPair, ...] = ()
    if datastore is not None:
        url = site.world.get(datastore, "summary", DatastoreSummary).url
        urls = (VirtualMachineConfigInfoDatastoreUrlPair(name=name, url=url),)
    return VirtualMachineConfigInfo(
        change_version="0",
        modified=site.clock.now(),
        create_date=site.clock.now() if site.settings.has("6.7") else None,
        name=spec.name or folder.rpartition("/")[2],
        guest_id="otherGuest",
        guest_full_name="Other (32-bit)",
        alternate_guest_name="",
        version=site.settings.product.hardware,
        uuid=site.world.uuid(),
        instance_uuid=site.world.uuid(),
        template=False,
        annotation="",
        files=VirtualMachineFileInfo(
            vm_path_name=path,
            snapshot_directory=f"{folder}/",
            suspend_directory=f"{folder}/",
            log_directory=f"{folder}/",
        ),
        flags=VirtualMachineFlagInfo(snapshot_disabled=False, snapshot_locked=False),
        default_power_ops=VirtualMachineDefaultPowerOpInfo(
            power_off_type="soft", suspend_type="hard", reset_type="soft"
        ),
        hardware=VirtualHardware(
            num_cpu=1, num_cores_per_socket=1, memory_mb=MEMORY_MB, device=default_devices()
        ),
        memory_hot_add_enabled=False,
        cpu_hot_add_enabled=False,
        cpu_hot_remove_enabled=False,
        change_tracking_enabled=False,
        firmware="bios",
        datastore_url=urls,
    )


def add_machine(
    site: Site, config: VirtualMachineConfigInfo, home: Home, guest: Guest | None = None
) -> Machine:
    """Put a machine into the inventory, switched off."""
    world = site.world
    ref = Ref("VirtualMachine", _identifier(site))
    site.guests[ref] = guest or Guest()
    compute = world.get(home.host, "parent", Ref)
    world.make(
        ref,
        **entity(
            config.name,
            home.folder,
            config=config,
            runtime=VirtualMachineRuntimeInfo(
                host=home.host,
                connection_state=VirtualMachineConnectionState.CONNECTED,
                power_state=OFF,
                fault_tolerance_state="notConfigured",
                tools_installer_mounted=False,
                num_mks_connections=0,
                record_replay_state="inactive",
                online_standby=False,
                consolidation_needed=False,
            ),
            capability=filled(
                VirtualMachineCapability,
                snapshot_operations_supported=True,
                multiple_snapshots_supported=True,
                memory_snapshots_supported=True,
                revert_to_snapshot_supported=True,
                powered_off_snapshots_supported=True,
                quiesced_snapshots_supported=True,
            ),
            environmentBrowser=Ref("EnvironmentBrowser", f"envbrowser-{compute.value}"),
            resourcePool=home.pool,
            datastore=(),
            network=(),
            rootSnapshot=(),
            snapshot=None,
        ),
    )
    for place, name in ((home.folder, "childEntity"), (home.host, "vm"), (home.pool, "vm")):
        if place is not None:
            world.append_to(place, name, ref)
    machine = Machine(site, ref)
    machine.refresh()
    return machine


def remove_machine(machine: Machine) -> None:
    """Take a machine out of the inventory; its files stay."""
    site, world, ref = machine.site, machine.site.world, machine.ref
    places = [
        (world.find(ref, "parent", Ref), "childEntity"),
        (machine.runtime.host, "vm"),
        (world.find(ref, "resourcePool", Ref), "vm"),
        *((each, "vm") for name in ("datastore", "network") for each in world.refs(ref, name)),
    ]
    for place, name in places:
        if place is not None:
            world.take_from(place, name, ref)
    for snapshot in list(world.of_kind("VirtualMachineSnapshot")):
        if world.find(snapshot, "vm", Ref) == ref:
            world.remove(snapshot)
    world.remove(ref)
    del site.guests[ref]


def move(machine: Machine, home: Home) -> None:
    """Let a machine be elsewhere in the inventory."""
    world, ref = machine.site.world, machine.ref
    before = machine.runtime.host
    pool = world.find(ref, "resourcePool", Ref)
    folder = world.get(ref, "parent", Ref)
    moves = (
        (before, home.host, "vm"),
        (pool, home.pool, "vm"),
        (folder, home.folder, "childEntity"),
    )
    for old, new, name in moves:
        if old == new:
            continue
        if old is not None:
            world.take_from(old, name, ref)
        if new is not None:
            world.add_to(new, name, ref)
    world.put(
        ref,
        parent=home.folder,
        resourcePool=home.pool,
        runtime=replace(machine.runtime, host=home.host),
    )
    machine.tell()


def _identifier(site: Site) -> str:
    """vCenter's names are ``vm-21``, those of a host bare numbers."""
    number = site.world.number("vm", 21 if site.settings.is_vcenter else 1)
    return number if site.settings.is_vcenter else number.removeprefix("vm-")
