"""Creating a machine of a specification, and registering one of its configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.base import OptionValue
from aiovirt.protocols.vsphere.tables.enums import (
    VirtualDeviceConfigSpecOperation as Operation,
)
from aiovirt.protocols.vsphere.tables.enums import VirtualSCSISharing
from aiovirt.protocols.vsphere.tables.hosts import HostHardwareInfo
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineConfigInfo,
    VirtualMachineConfigSpec,
)
from aiovirt.protocols.vsphere.tables.networks import DistributedVirtualSwitchPortConnection
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.files import DatastoreFiles, folder_of, join
from aiovirt.testing.vsphere.machines.backings import Backings, Effect
from aiovirt.testing.vsphere.machines.devicechange import DeviceChanges
from aiovirt.testing.vsphere.machines.guest import Guest
from aiovirt.testing.vsphere.machines.machine import Machine
from aiovirt.testing.vsphere.machines.making import Home, add_machine, blank_config
from aiovirt.testing.vsphere.machines.reconfigure import (
    GUESTS,
    check_guest,
    check_name,
    check_size,
    configured,
)
from aiovirt.testing.vsphere.machines.vmx import Vmx, VmxDisk, VmxNic, read_vmx, write_vmx

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.site import Site

__all__ = [
    "check_free_name",
    "create_machine",
    "register_machine",
    "reload_machine",
    "was_changed",
]

_CONTROLLERS: Final[dict[str, type[d.VirtualController]]] = {
    "pvscsi": d.ParaVirtualSCSIController,
    "lsisas1068": d.VirtualLsiLogicSASController,
    "buslogic": d.VirtualBusLogicController,
    "lsilogic": d.VirtualLsiLogicController,
    "sata": d.VirtualAHCIController,
    "nvme": d.VirtualNVMEController,
}
_CARDS: Final[dict[str, type[d.VirtualEthernetCard]]] = {
    "vmxnet3": d.VirtualVmxnet3,
    "vmxnet": d.VirtualVmxnet2,
    "e1000e": d.VirtualE1000e,
    "e1000": d.VirtualE1000,
    "vlance": d.VirtualPCNet32,
}


def check_free_name(site: Site, folder: Ref, name: str, but: Ref | None = None) -> None:
    """Refuse a name that something else in a folder has.

    Raises:
        VimFault: DuplicateName.
    """
    for ref in site.world.named(name):
        if ref != but and site.world.find(ref, "parent", Ref) == folder:
            raise faults.duplicate_name(name, ref)


def create_machine(
    site: Site, spec: VirtualMachineConfigSpec, home: Home, guest: Guest | None = None
) -> Machine:
    """Create a machine and its files.

    Raises:
        VimFault: The specification is wrong, or the name or a file is taken.
    """
    name = spec.name or ""
    check_name(name)
    check_free_name(site, home.folder, name)
    check_size(spec, site.world.get(home.host, "hardware", HostHardwareInfo))
    check_guest(spec)
    files, inner = _new_path(site, spec, home)
    path = files.path(inner)
    backings = Backings(site, name, folder_of(path), home.host, running=False)
    config, effects = _assembled(blank_config(site, spec, path), spec, backings)
    for effect in effects:
        effect()
    files.write(inner, write_vmx(config))
    files.write(inner.removesuffix(".vmx") + ".vmsd", b"")
    machine = add_machine(site, config, home, guest)
    site.recount()
    return machine


def _new_path(site: Site, spec: VirtualMachineConfigSpec, home: Home) -> tuple[DatastoreFiles, str]:
    """Where a new machine's file is to be; its folder is made."""
    wanted = spec.files.vm_path_name if spec.files else None
    if not wanted:
        raise faults.invalid_argument("configSpec.files.vmPathName")
    files, inner = site.place(wanted, home.host)
    if not inner.endswith(".vmx"):
        return files, f"{files.free_folder(inner or spec.name or '')}/{spec.name}.vmx"
    if files.exists(inner):
        raise faults.file_already_exists(files.path(inner))
    folder = inner.rpartition("/")[0]
    if folder not in files.folders:
        files.make_folder(folder, parents=True)
    return files, inner


def _assembled(
    blank: VirtualMachineConfigInfo, spec: VirtualMachineConfigSpec, backings: Backings
) -> tuple[VirtualMachineConfigInfo, list[Effect]]:
    """A new machine's configuration, and what is to be done to files for it."""
    changes = DeviceChanges(blank.hardware.device, backings, running=False)
    devices = changes.apply(spec.device_change)
    config = configured(blank, spec)
    hardware = replace(config.hardware, device=devices)
    return replace(config, hardware=hardware), changes.effects


# --- registering ---------------------------------------------------------------


def register_machine(site: Site, path: str, name: str | None, home: Home) -> Machine:
    """Take up the machine of a configuration file.

    Raises:
        VimFault: There is no such file, it is none, or it is registered already.
    """
    files, inner = site.place(path, home.folder)
    path = files.path(inner)
    if inner not in files.files:
        raise faults.file_not_found(path)
    _check_unregistered(site, path)
    vmx = _vmx_of(files, inner)
    chosen = name or vmx.values.get("displayname") or inner.rpartition("/")[2][:-4]
    check_name(chosen)
    check_free_name(site, home.folder, chosen)
    return add_machine(site, _config_of(site, vmx, path, chosen, home.host), home)


def reload_machine(machine: Machine, path: str) -> None:
    """Let a machine be what a configuration file says; what is not in that stays with it.

    Raises:
        VimFault: There is no such file, it is none, or another machine is registered by it.
    """
    site = machine.site
    files, inner = site.place(path, machine.ref)
    path = files.path(inner)
    if inner not in files.files:
        raise faults.file_not_found(path)
    _check_unregistered(site, path, but=machine.ref)
    vmx = _vmx_of(files, inner)
    name = vmx.values.get("displayname") or machine.config.name
    folder = site.world.get(machine.ref, "parent", Ref)
    check_name(name)
    check_free_name(site, folder, name, but=machine.ref)
    made = _config_of(site, vmx, path, name, machine.host)
    kept = ("change_version", "create_date", "modified", "template")
    made = replace(made, **{each: getattr(machine.config, each) for each in kept})
    site.world.put(machine.ref, config=replace(made, extra_config=_further(vmx, made)))
    machine.configure()


def was_changed(machine: Machine) -> bool:
    """Whether somebody has changed a machine's configuration file by hand."""
    files, inner = machine.site.place(machine.path, machine.ref)
    file, config = files.get(inner), machine.config
    return file.modified >= config.modified and file.data != write_vmx(config)


def _further(vmx: Vmx, config: VirtualMachineConfigInfo) -> tuple[OptionValue, ...]:
    """What a file says beyond what there are words for."""
    known = read_vmx(write_vmx(config))
    ours = set() if known is None else set(known.values)
    return tuple(OptionValue(key=k, value=v) for k, v in vmx.values.items() if k not in ours)


def _vmx_of(files: DatastoreFiles, inner: str) -> Vmx:
    """What a configuration file says.

    Raises:
        VimFault: It is none.
    """
    vmx = read_vmx(files.get(inner).data)
    if vmx is None:
        text = "The virtual machine configuration is invalid."
        raise faults.VimFault(f.InvalidVmConfig(property="path"), text)
    return vmx


def _config_of(site: Site, vmx: Vmx, path: str, name: str, host: Ref) -> VirtualMachineConfigInfo:
    """The configuration of a machine that is registered by its file."""
    spec = _spec_of(vmx, name, folder_of(path))
    backings = Backings(site, name, folder_of(path), host, running=False, registering=True)
    config, _ = _assembled(blank_config(site, spec, path), spec, backings)
    return config


def _check_unregistered(site: Site, path: str, but: Ref | None = None) -> None:
    for ref in site.world.of_kind("VirtualMachine"):
        if ref != but and site.machine(ref).path == path:
            text = f"The specified key, name, or identifier '{path}' already exists."
            raise faults.VimFault(f.AlreadyExists(name=path), text)


def _spec_of(vmx: Vmx, name: str, folder: str) -> VirtualMachineConfigSpec:
    """What a configuration file says, as a specification."""
    guest = vmx.values.get("guestos", "other").replace("-", "_") + "Guest"
    spelled = {each.lower(): each for each in GUESTS}
    return VirtualMachineConfigSpec(
        name=name,
        guest_id=spelled.get(guest.lower(), "otherGuest"),
        version=f"vmx-{vmx.number('virtualHW.version', 8):02d}",
        num_cpus=vmx.number("numvcpus", 1),
        num_cores_per_socket=vmx.number("cpuid.coresPerSocket", 1),
        memory_mb=vmx.number("memSize", 32),
        annotation=vmx.values.get("annotation"),
        firmware=vmx.values.get("firmware"),
        uuid=vmx.uuid("uuid.bios"),
        instance_uuid=vmx.uuid("vc.uuid"),
        device_change=(*_controllers(vmx), *_drives(vmx, folder), *_cards(vmx.nics)),
    )


def _add(device: d.VirtualDevice) -> d.VirtualDeviceConfigSpec:
    return d.VirtualDeviceConfigSpec(operation=Operation.ADD, device=device)


def _controllers(vmx: Vmx) -> list[d.VirtualDeviceConfigSpec]:
    places = ((bus, number) for bus in ("scsi", "sata", "nvme") for number in range(4))
    return [
        _add(_controller(vmx, bus, number))
        for bus, number in places
        if vmx.values.get(f"{bus}{number}.present", "").lower() == "true"
    ]


def _controller(vmx: Vmx, bus: str, number: int) -> d.VirtualController:
    model = vmx.values.get(f"{bus}{number}.virtualdev", "lsilogic").lower()
    kind = _CONTROLLERS.get(model if bus == "scsi" else bus, d.VirtualLsiLogicController)
    key = _controller_key(bus, number)
    if issubclass(kind, d.VirtualSCSIController):
        return kind(key=key, bus_number=number, shared_bus=VirtualSCSISharing.NO_SHARING)
    return kind(key=key, bus_number=number)


def _controller_key(bus: str, number: int) -> int:
    first = {"scsi": -100, "sata": -200, "nvme": -300, "ide": 200}[bus]
    return first + (number if bus == "ide" else -number)


def _drives(vmx: Vmx, folder: str) -> list[d.VirtualDeviceConfigSpec]:
    return [_add(_drive(each, folder)) for each in vmx.disks]


def _drive(drive: VmxDisk, folder: str) -> d.VirtualDevice:
    controller = _controller_key(drive.bus, drive.controller)
    path = _datastore_path(drive.path, folder)
    if not drive.cdrom:
        return d.VirtualDisk(
            key=-1,
            controller_key=controller,
            unit_number=drive.unit,
            capacity_in_kb=0,
            backing=d.VirtualDiskFlatVer2BackingInfo(file_name=path, disk_mode="persistent"),
        )
    backing: d.VirtualDeviceBackingInfo
    backing = d.VirtualCdromRemotePassthroughBackingInfo(device_name="", exclusive=False)
    if drive.path.endswith(".iso"):
        backing = d.VirtualCdromIsoBackingInfo(file_name=path)
    connectable = d.VirtualDeviceConnectInfo(
        start_connected=False, allow_guest_control=True, connected=False
    )
    return d.VirtualCdrom(
        key=-1,
        controller_key=controller,
        unit_number=drive.unit,
        backing=backing,
        connectable=connectable,
    )


def _datastore_path(path: str, folder: str) -> str:
    """A path of a configuration file as a datastore path."""
    if path.startswith("/vmfs/volumes/"):
        datastore, _, inner = path.removeprefix("/vmfs/volumes/").partition("/")
        return f"[{datastore}] {inner}"
    return path if path.startswith("[") else join(folder, path)


def _cards(nics: tuple[VmxNic, ...]) -> list[d.VirtualDeviceConfigSpec]:
    return [
        _add(
            _CARDS.get(nic.model, d.VirtualVmxnet3)(
                key=-1, mac_address=nic.mac or None, backing=_network(nic)
            )
        )
        for nic in nics
    ]


def _network(nic: VmxNic) -> d.VirtualDeviceBackingInfo:
    if nic.switch is None:
        return d.VirtualEthernetCardNetworkBackingInfo(device_name=nic.network)
    port = DistributedVirtualSwitchPortConnection(
        switch_uuid=nic.switch, portgroup_key=nic.portgroup
    )
    return d.VirtualEthernetCardDistributedVirtualPortBackingInfo(port=port)
