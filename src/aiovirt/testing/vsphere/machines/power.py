"""Switching machines on and off: what a task does at its end, and what it refuses."""

from __future__ import annotations

from msgspec.structs import replace

from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.devices import VirtualDevice
from aiovirt.protocols.vsphere.tables.hosts import HostHardwareInfo, HostRuntimeInfo
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.machines.machine import OFF, ON, SUSPENDED, Machine, file_of

__all__ = ["power_off", "power_on", "reboot", "reset", "shut_down", "stand_by", "suspend"]

MB = 1024 * 1024


def power_on(machine: Machine, user: str) -> None:
    """Start it, or let it go on from where it was suspended.

    Raises:
        VimFault: It runs, is a template, its host has no room or takes none, or a disk is missing.
    """
    machine.demand(OFF, SUSPENDED)
    if machine.config.template:
        raise faults.not_supported()
    _check_host(machine)
    _check_disks(machine)
    kind = e.VmResumingEvent if machine.power == SUSPENDED else e.VmStartingEvent
    post(machine, kind, "is starting", user)
    _forget_state(machine)
    resumed = machine.power == SUSPENDED
    machine.run(
        power_state=ON,
        boot_time=machine.runtime.boot_time if resumed else machine.site.clock.now(),
        suspend_time=None,
        clean_power_off=None,
        memory_overhead=40 * MB,
    )
    _connect_cards(machine)
    post(machine, e.VmPoweredOnEvent, "is powered on", user)


def power_off(machine: Machine, user: str) -> None:
    """Stop it at once.

    Raises:
        VimFault: It is off.
    """
    machine.demand(ON, SUSPENDED)
    post(machine, e.VmStoppingEvent, "is stopping", user)
    _stop(machine, clean=False)
    post(machine, e.VmPoweredOffEvent, "is powered off", user)


def suspend(machine: Machine, user: str) -> None:
    """Save its memory and stop it.

    Raises:
        VimFault: It does not run.
    """
    machine.demand(ON)
    post(machine, e.VmSuspendingEvent, "is being suspended", user)
    machine.guest.processes.clear()
    files, inner = machine.site.place(machine.path, machine.ref)
    files.write(f"{inner.removesuffix('.vmx')}.vmss", b"suspended")
    machine.run(power_state=SUSPENDED, suspend_time=machine.site.clock.now())
    post(machine, e.VmSuspendedEvent, "is suspended", user)


def reset(machine: Machine, user: str) -> None:
    """Start it anew at once.  To vSphere it was powered on when it was before.

    Raises:
        VimFault: It does not run.
    """
    machine.demand(ON)
    _start_anew(machine)
    post(machine, e.VmResettingEvent, "is reset", user)


def shut_down(machine: Machine) -> None:
    """Let the guest do what it was asked for: end by itself."""
    if machine.power == ON:
        _stop(machine, clean=True)
        post(machine, e.VmPoweredOffEvent, "is powered off", "")


def reboot(machine: Machine) -> None:
    """Let the guest do what it was asked for: start anew by itself."""
    if machine.power == ON:
        _start_anew(machine)


def _start_anew(machine: Machine) -> None:
    machine.guest.processes.clear()
    machine.guest.reboots += 1


def stand_by(machine: Machine) -> None:
    """Let the guest do what it was asked for: sleep."""
    if machine.power == ON:
        suspend(machine, "")


def post(machine: Machine, kind: type[e.Event], what: str, user: str) -> None:
    """Write an event about a machine."""
    machine.site.events.post(kind, f"{machine.config.name} {what}", about=machine.ref, user=user)


def _stop(machine: Machine, *, clean: bool) -> None:
    machine.guest.processes.clear()
    _forget_state(machine)
    machine.run(
        power_state=OFF,
        boot_time=None,
        suspend_time=None,
        clean_power_off=clean,
        memory_overhead=None,
        question=None,
    )


def _forget_state(machine: Machine) -> None:
    """Remove the file of a suspended machine's memory."""
    files, inner = machine.site.place(machine.path, machine.ref)
    state = f"{inner.removesuffix('.vmx')}.vmss"
    if state in files.files:
        files.delete(state)


def _connect_cards(machine: Machine) -> None:
    """Connect what is to be connected at the start."""
    devices = tuple(_connected(each) for each in machine.devices)
    if devices != machine.devices:
        machine.set_devices(devices)


def _connected(device: VirtualDevice) -> VirtualDevice:
    known = device.connectable
    if known is None or known.connected or not known.start_connected:
        return device
    return replace(device, connectable=replace(known, connected=True, status="ok"))


def _check_host(machine: Machine) -> None:
    world, host = machine.site.world, machine.host
    if world.get(host, "runtime", HostRuntimeInfo).in_maintenance_mode:
        raise faults.invalid_state()
    if not _reserved(machine):
        return
    total = world.get(host, "hardware", HostHardwareInfo).memory_size
    running = [machine.site.machine(ref) for ref in world.refs(host, "vm")]
    taken = sum(_reserved(each) for each in running if each.power == ON)
    if taken + _reserved(machine) > total:
        fault = f.InsufficientHostMemoryCapacityFault(
            unreserved=total - taken, requested=_reserved(machine), host=host
        )
        text = "The host does not have sufficient memory resources to satisfy the reservation."
        raise faults.VimFault(fault, text)


def _reserved(machine: Machine) -> int:
    """Bytes that a machine is guaranteed."""
    allocation = machine.config.memory_allocation
    return MB * ((allocation.reservation if allocation else 0) or 0)


def _check_disks(machine: Machine) -> None:
    for disk in machine.disks:
        path = file_of(disk)
        if not path:
            continue
        files, inner = machine.site.place(path, machine.ref)
        files.get(inner)
        if _is_held(machine, files.path(inner)):
            raise faults.file_locked(files.path(inner))


def _is_held(machine: Machine, path: str) -> bool:
    """Whether another machine has a disk open."""
    others = machine.site.users.get(path, set()) - {machine.ref}
    return any(machine.site.machine(ref).power == ON for ref in others)
