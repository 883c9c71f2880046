"""Changing a machine's configuration by a specification, with all that a real server refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.base import OptionValue, SharesInfo
from aiovirt.protocols.vsphere.tables.enums import SharesLevel
from aiovirt.protocols.vsphere.tables.hosts import HostHardwareInfo
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualHardware,
    VirtualMachineConfigInfo,
    VirtualMachineConfigSpec,
)
from aiovirt.protocols.vsphere.tables.storage import VirtualMachineFileInfo
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.machines.backings import Backings
from aiovirt.testing.vsphere.machines.devicechange import DeviceChanges
from aiovirt.testing.vsphere.machines.machine import OFF, ON, Machine
from aiovirt.testing.vsphere.machines.vmx import write_vmx

__all__ = ["GUESTS", "backings_of", "configured", "reconfigure", "save"]

MAX_NAME: Final = 80
MIN_MEMORY_MB: Final = 4

GUESTS: Final = {
    "otherGuest": "Other (32-bit)",
    "otherGuest64": "Other (64-bit)",
    "otherLinuxGuest": "Other Linux (32-bit)",
    "otherLinux64Guest": "Other Linux (64-bit)",
    "other5xLinux64Guest": "Other 5.x or later Linux (64-bit)",
    "debian11_64Guest": "Debian GNU/Linux 11 (64-bit)",
    "debian12_64Guest": "Debian GNU/Linux 12 (64-bit)",
    "ubuntu64Guest": "Ubuntu Linux (64-bit)",
    "centos64Guest": "CentOS 4/5 (64-bit)",
    "rhel8_64Guest": "Red Hat Enterprise Linux 8 (64-bit)",
    "rhel9_64Guest": "Red Hat Enterprise Linux 9 (64-bit)",
    "windows9_64Guest": "Microsoft Windows 10 (64-bit)",
    "windows2019srv_64Guest": "Microsoft Windows Server 2019 (64-bit)",
    "freebsd13_64Guest": "FreeBSD 13 or later versions (64-bit)",
}
"""The guests that are known, and how they are called."""

# Fields that a specification and a configuration have alike.
_ALIKE: Final = (
    "version",
    "uuid",
    "instance_uuid",
    "location_id",
    "annotation",
    "tools",
    "flags",
    "memory_hot_add_enabled",
    "cpu_hot_add_enabled",
    "cpu_hot_remove_enabled",
    "latency_sensitivity",
    "cpu_affinity",
    "memory_affinity",
    "network_shaper",
    "swap_placement",
    "boot_options",
    "v_asserts_enabled",
    "change_tracking_enabled",
    "firmware",
    "max_mks_connections",
    "guest_auto_lock_enabled",
    "managed_by",
    "memory_reservation_locked_to_max",
    "nested_hv_enabled",
    "v_pmc_enabled",
)
# What can be changed only while the machine is off.
_COLD: Final = (
    "version",
    "uuid",
    "instance_uuid",
    "guest_id",
    "firmware",
    "num_cores_per_socket",
    "memory_hot_add_enabled",
    "cpu_hot_add_enabled",
    "cpu_hot_remove_enabled",
    "nested_hv_enabled",
    "v_pmc_enabled",
)
_SHARES: Final = {SharesLevel.LOW: 0.5, SharesLevel.NORMAL: 1.0, SharesLevel.HIGH: 2.0}


def reconfigure(machine: Machine, spec: VirtualMachineConfigSpec) -> None:
    """Change a machine; either all of it is done, or nothing.

    Raises:
        VimFault: The specification is wrong, or does not fit the machine's state.
    """
    known = machine.config
    _check_state(machine, spec)
    check_hardware(machine, spec)
    changes = DeviceChanges(machine.devices, backings_of(machine), running=machine.power == ON)
    devices = changes.apply(spec.device_change)
    for effect in changes.effects:
        effect()
    changed = configured(known, spec)
    machine.configure(
        **{name: getattr(changed, name) for name in changed.__struct_fields__ if name not in _OWN},
        hardware=replace(changed.hardware, device=devices),
    )
    save(machine)
    machine.site.recount()


def _check_state(machine: Machine, spec: VirtualMachineConfigSpec) -> None:
    """Refuse what has changed meanwhile, or cannot be changed now."""
    if spec.change_version not in {None, machine.config.change_version}:
        text = "The virtual machine was changed meanwhile."
        raise faults.VimFault(f.ConcurrentAccess(), text)
    if machine.power != OFF:
        _check_cold(machine.config, spec)
    if machine.power == ON:
        _check_hot(machine.config, spec)


_OWN: Final = frozenset({"change_version", "modified", "hardware"})


def backings_of(machine: Machine) -> Backings:
    """The files and networks that a machine can have."""
    return Backings(
        site=machine.site,
        name=machine.config.name,
        folder=machine.folder_path,
        host=machine.host,
        running=machine.power == ON,
    )


def save(machine: Machine) -> None:
    """Write a machine's configuration file."""
    files, inner = machine.site.place(machine.path, machine.ref)
    files.write(inner, write_vmx(machine.config))


def configured(
    known: VirtualMachineConfigInfo, spec: VirtualMachineConfigSpec
) -> VirtualMachineConfigInfo:
    """The configuration that a specification leads to, but for devices."""
    given = {name: value for name in _ALIKE if (value := getattr(spec, name)) is not None}
    hardware = _hardware(known.hardware, spec)
    guest = spec.guest_id or known.guest_id
    return replace(
        known,
        **given,
        name=spec.name or known.name,
        guest_id=guest,
        guest_full_name=spec.alternate_guest_name or GUESTS.get(guest, guest),
        alternate_guest_name=spec.alternate_guest_name or known.alternate_guest_name,
        files=_files(known.files, spec.files),
        default_power_ops=spec.power_op_info or known.default_power_ops,
        hardware=hardware,
        cpu_allocation=_allocation(
            known.cpu_allocation, spec.cpu_allocation, 1000 * hardware.num_cpu
        ),
        memory_allocation=_allocation(
            known.memory_allocation, spec.memory_allocation, 10 * hardware.memory_mb
        ),
        extra_config=_extra(known.extra_config, spec.extra_config),
    )


def _hardware(known: VirtualHardware, spec: VirtualMachineConfigSpec) -> VirtualHardware:
    return replace(
        known,
        num_cpu=spec.num_cpus or known.num_cpu,
        num_cores_per_socket=spec.num_cores_per_socket or known.num_cores_per_socket,
        memory_mb=spec.memory_mb or known.memory_mb,
    )


def _files(
    known: VirtualMachineFileInfo, spec: VirtualMachineFileInfo | None
) -> VirtualMachineFileInfo:
    if spec is None:
        return known
    return replace(
        known,
        snapshot_directory=spec.snapshot_directory or known.snapshot_directory,
        suspend_directory=spec.suspend_directory or known.suspend_directory,
        log_directory=spec.log_directory or known.log_directory,
    )


def _allocation(
    known: ResourceAllocationInfo | None, spec: ResourceAllocationInfo | None, normal: int
) -> ResourceAllocationInfo:
    base = known or ResourceAllocationInfo(reservation=0, expandable_reservation=False, limit=-1)
    if spec is not None:
        names = [name for name in base.__struct_fields__ if getattr(spec, name) is not None]
        base = replace(base, **{name: getattr(spec, name) for name in names})
    shares = base.shares or SharesInfo(shares=normal, level=SharesLevel.NORMAL)
    if shares.level in _SHARES:
        part = _SHARES[SharesLevel(shares.level)]
        shares = SharesInfo(shares=int(normal * part), level=shares.level)
    return replace(base, shares=shares)


def _extra(known: Iterable[OptionValue], spec: Iterable[OptionValue]) -> tuple[OptionValue, ...]:
    """Options by their keys; an empty text takes one away."""
    found = {each.key: each for each in known}
    for option in spec:
        if option.value in {None, ""}:
            found.pop(option.key, None)
        else:
            found[option.key] = option
    return tuple(found.values())


# --- rules ---------------------------------------------------------------


def check_hardware(machine: Machine, spec: VirtualMachineConfigSpec) -> None:
    """Refuse what no host has.

    Raises:
        VimFault: A name, or a number of processors or megabytes, that cannot be.
    """
    if spec.name is not None:
        check_name(spec.name)
    hardware = machine.site.world.get(machine.host, "hardware", HostHardwareInfo)
    check_size(spec, hardware)
    check_guest(spec)


def check_name(name: str) -> None:
    """Refuse what cannot be a name.

    Raises:
        VimFault: InvalidName.
    """
    if not name or len(name) > MAX_NAME:
        raise faults.invalid_name(name)


def check_size(spec: VirtualMachineConfigSpec, hardware: HostHardwareInfo) -> None:
    """Refuse numbers of processors or megabytes that a host does not have."""
    _check_cpus(spec, hardware.cpu_info.num_cpu_threads)
    memory = spec.memory_mb
    if memory is not None and (memory < MIN_MEMORY_MB or memory % 4):
        raise faults.invalid_argument("configSpec.memoryMB")


def _check_cpus(spec: VirtualMachineConfigSpec, threads: int) -> None:
    cpus, per_socket = spec.num_cpus, spec.num_cores_per_socket
    if cpus is not None and cpus < 1:
        raise faults.invalid_argument("configSpec.numCPUs")
    if cpus is not None and cpus > threads:
        fault = f.NumVirtualCpusExceedsLimit(max_supported_vcpus=threads)
        raise faults.VimFault(fault, f"The host has only {threads} logical processors.")
    if per_socket is not None and (cpus or per_socket) % max(per_socket, 1):
        raise faults.invalid_argument("configSpec.numCoresPerSocket")


def check_guest(spec: VirtualMachineConfigSpec) -> None:
    """Refuse a guest that nobody knows."""
    if spec.guest_id is not None and spec.guest_id not in GUESTS:
        raise faults.invalid_argument("configSpec.guestId")


def _check_cold(known: VirtualMachineConfigInfo, spec: VirtualMachineConfigSpec) -> None:
    """Refuse changes that need the machine to be off."""
    for name in _COLD:
        wanted = getattr(spec, name)
        if wanted is not None and wanted != getattr(known, name, None):
            raise faults.invalid_power_state(ON, OFF)


def _check_hot(known: VirtualMachineConfigInfo, spec: VirtualMachineConfigSpec) -> None:
    """Refuse processors and memory that cannot be changed while it runs."""
    wanted = _hardware(known.hardware, spec)
    more = wanted.num_cpu > known.hardware.num_cpu
    allowed = known.cpu_hot_add_enabled if more else known.cpu_hot_remove_enabled
    if wanted.num_cpu != known.hardware.num_cpu and not allowed:
        text = "CPU hot plug is not supported for this virtual machine."
        raise faults.VimFault(f.CpuHotPlugNotSupported(), text)
    more = wanted.memory_mb > known.hardware.memory_mb
    if wanted.memory_mb != known.hardware.memory_mb and not (more and known.memory_hot_add_enabled):
        text = "Memory hot plug is not supported for this virtual machine."
        raise faults.VimFault(f.MemoryHotPlugNotSupported(), text)
