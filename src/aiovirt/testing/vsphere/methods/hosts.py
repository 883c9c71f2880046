"""Hosts: maintenance, power, connection, overhead, time, and what starts with them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import hosts_methods as m
from aiovirt.protocols.vsphere.tables.enums import (
    HostSystemConnectionState,
    HostSystemPowerState,
    VirtualMachineConnectionState,
)
from aiovirt.protocols.vsphere.tables.hosts import (
    AutoStartPowerInfo,
    HostAutoStartManagerConfig,
    HostConfigInfo,
    HostConfigManager,
    HostRuntimeInfo,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.building.hosts import summarize_host
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines import power
from aiovirt.testing.vsphere.machines.machine import ON
from aiovirt.testing.vsphere.machines.making import Home, move

MB: Final = 1024 * 1024

_ACTIONS: Final = {"none", "systemdefault", "poweron", "poweroff", "guestshutdown", "suspend"}

# --- maintenance and power ------------------------------------------------------------------------


@handles(m.ENTER_MAINTENANCE_MODE_TASK)
def enter_maintenance_mode(call: Call, args: m.EnterMaintenanceModeTaskArgs) -> Ref:
    """Let a host have no running machine; where a cluster can, they move away."""
    if args.timeout < 0:
        raise faults.invalid_argument("timeout")

    def work() -> None:
        runtime = _runtime(call)
        if runtime.in_maintenance_mode:
            raise faults.invalid_state()
        _evacuate(call, off=bool(args.evacuate_powered_off_vms))
        _run(call, in_maintenance_mode=True)
        _post(call, e.EnteredMaintenanceModeEvent, "has entered maintenance mode")

    return call.task(work, name="HostSystem.enterMaintenanceMode")


@handles(m.EXIT_MAINTENANCE_MODE_TASK)
def exit_maintenance_mode(call: Call, _: m.ExitMaintenanceModeTaskArgs) -> Ref:
    """Let a host take machines again."""

    def work() -> None:
        if not _runtime(call).in_maintenance_mode:
            raise faults.invalid_state()
        _run(call, in_maintenance_mode=False)
        _post(call, e.ExitMaintenanceModeEvent, "has exited maintenance mode")

    return call.task(work, name="HostSystem.exitMaintenanceMode")


def _evacuate(call: Call, *, off: bool) -> None:
    """Move machines to the other hosts of the cluster.

    Raises:
        VimFault: Timedout: some run, and there is no other host.
    """
    world = call.world
    cluster = world.get(call.this, "parent", Ref)
    others = [
        ref
        for ref in world.refs(cluster, "host")
        if ref != call.this and not world.get(ref, "runtime", HostRuntimeInfo).in_maintenance_mode
    ]
    for ref in world.refs(call.this, "vm"):
        machine = call.site.machine(ref)
        if machine.power != ON and not off:
            continue
        if not others:
            raise faults.VimFault(f.Timedout(), "Operation timed out.")
        pool = world.find(ref, "resourcePool", Ref)
        move(machine, Home(world.get(ref, "parent", Ref), pool, others[0]))


@handles(m.REBOOT_HOST_TASK)
def reboot_host(call: Call, args: m.RebootHostTaskArgs) -> Ref:
    """Start a host anew; its machines are off then."""
    return _down(call, force=args.force, name="HostSystem.reboot", up=True)


@handles(m.SHUTDOWN_HOST_TASK)
def shutdown_host(call: Call, args: m.ShutdownHostTaskArgs) -> Ref:
    """Switch a host off."""
    return _down(call, force=args.force, name="HostSystem.shutdown", up=False)


def _down(call: Call, *, force: bool, name: str, up: bool) -> Ref:
    def work() -> None:
        if not force and not _runtime(call).in_maintenance_mode:
            raise faults.invalid_state()
        for ref in call.world.refs(call.this, "vm"):
            machine = call.site.machine(ref)
            if machine.power == ON:
                power.power_off(machine, "")
        if up:
            _run(call, boot_time=call.world.clock.now())
        else:
            _connect(call, HostSystemConnectionState.NOT_RESPONDING)

    return call.task(work, name=name)


@handles(m.POWER_DOWN_HOST_TO_STAND_BY_TASK)
def power_down_host_to_stand_by(call: Call, args: m.PowerDownHostToStandByTaskArgs) -> Ref:
    """Let a host sleep; where a cluster can, its running machines move away."""
    return _sleep(call, HostSystemPowerState.STAND_BY, off=bool(args.evacuate_powered_off_vms))


@handles(m.POWER_UP_HOST_FROM_STAND_BY_TASK)
def power_up_host_from_stand_by(call: Call, _: m.PowerUpHostFromStandByTaskArgs) -> Ref:
    """Wake a host that sleeps."""
    return _sleep(call, HostSystemPowerState.POWERED_ON, off=False)


def _sleep(call: Call, state: HostSystemPowerState, *, off: bool) -> Ref:
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()

    def work() -> None:
        if _runtime(call).power_state == state:
            raise faults.invalid_state()
        if state == HostSystemPowerState.STAND_BY:
            _evacuate(call, off=off)
        mode = "in" if state == HostSystemPowerState.STAND_BY else "none"
        _run(call, power_state=state, standby_mode=mode)

    return call.task(work, name=f"HostSystem.{state}")


@handles(m.DISCONNECT_HOST_TASK)
def disconnect_host(call: Call, _: Empty) -> Ref:
    """Let the vCenter leave a host alone."""
    return _connection(call, HostSystemConnectionState.DISCONNECTED, "disconnect")


@handles(m.RECONNECT_HOST_TASK)
def reconnect_host(call: Call, _: m.ReconnectHostTaskArgs) -> Ref:
    """Let the vCenter manage a host again."""
    return _connection(call, HostSystemConnectionState.CONNECTED, "reconnect")


def _connection(call: Call, state: HostSystemConnectionState, name: str) -> Ref:
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()

    def work() -> None:
        if _runtime(call).connection_state == state:
            raise faults.invalid_state()
        _connect(call, state)
        connected = state == HostSystemConnectionState.CONNECTED
        kind = e.HostConnectedEvent if connected else e.HostDisconnectedEvent
        fields = {} if connected else {"reason": "userRequest"}
        call.site.events.post(kind, f"Host {name}", about=call.this, user=call.user, fields=fields)

    return call.task(work, name=f"HostSystem.{name}")


def _connect(call: Call, state: HostSystemConnectionState) -> None:
    """Let a host's connection be so, and that of its machines with it."""
    _run(call, connection_state=state)
    connected = state == HostSystemConnectionState.CONNECTED
    kinds = VirtualMachineConnectionState
    for ref in call.world.refs(call.this, "vm"):
        machine = call.site.machine(ref)
        machine.run(connection_state=kinds.CONNECTED if connected else kinds.DISCONNECTED)


def _runtime(call: Call) -> HostRuntimeInfo:
    return call.world.get(call.this, "runtime", HostRuntimeInfo)


def _run(call: Call, **changes: object) -> None:
    call.world.put(call.this, runtime=replace(_runtime(call), **changes))
    summarize_host(call.world, call.this)


def _post(call: Call, kind: type[e.Event], what: str) -> None:
    name = call.world.get(call.this, "name", str)
    call.site.events.post(kind, f"Host {name} {what}", about=call.this, user=call.user)


# --- what a host tells ----------------------------------------------------------------------------


@handles(m.QUERY_MEMORY_OVERHEAD)
def query_memory_overhead(_: Call, args: m.QueryMemoryOverheadArgs) -> int:
    """Say how much memory a machine takes besides its own, in bytes."""
    if args.memory_size <= 0 or args.num_vcpus < 1:
        raise faults.invalid_argument("memorySize" if args.memory_size <= 0 else "numVcpus")
    video = args.video_ram_size or 0
    return 20 * MB + args.memory_size // 128 + 8 * MB * args.num_vcpus + video


@handles(m.QUERY_DATE_TIME)
def query_date_time(call: Call, _: Empty) -> datetime:
    """Say what time it is on the host."""
    return call.world.clock.now()


@handles(m.RETRIEVE_HARDWARE_UPTIME)
def retrieve_hardware_uptime(call: Call, _: Empty) -> int:
    """Say how long the host runs, in seconds."""
    began = _runtime(call).boot_time
    return 0 if began is None else int((call.world.clock.now() - began).total_seconds())


# --- what starts with a host ----------------------------------------------------------------------


@handles(m.RECONFIGURE_AUTOSTART)
def reconfigure_autostart(call: Call, args: m.ReconfigureAutostartArgs) -> None:
    """Say which machines start and stop with the host; what is not said stays."""
    known = call.world.get(call.this, "config", HostAutoStartManagerConfig)
    host = _host_of(call)
    machines = call.world.refs(host, "vm")
    found = {each.key: each for each in known.power_info}
    for entry in args.spec.power_info:
        if entry.key not in machines:
            raise faults.invalid_argument("spec.powerInfo.key")
        _check_entry(entry)
        found[entry.key] = entry
    kept = [each for each in found.values() if each.start_action.lower() != "none"]
    defaults = args.spec.defaults or known.defaults
    config = HostAutoStartManagerConfig(
        defaults=defaults, power_info=tuple(sorted(kept, key=lambda each: each.start_order))
    )
    call.world.put(call.this, config=config)
    whole = call.world.get(host, "config", HostConfigInfo)
    call.world.put(host, config=replace(whole, auto_start=config))


def _check_entry(entry: AutoStartPowerInfo) -> None:
    actions = (("startAction", entry.start_action), ("stopAction", entry.stop_action))
    for name, action in actions:
        if action.lower() not in _ACTIONS:
            raise faults.invalid_argument(f"spec.powerInfo.{name}")
    if entry.start_order == 0 or entry.start_order < -1:
        raise faults.invalid_argument("spec.powerInfo.startOrder")


@handles(m.AUTO_START_POWER_ON)
def auto_start_power_on(call: Call, _: Empty) -> None:
    """Start what starts with the host, in its order."""
    for entry in call.world.get(call.this, "config", HostAutoStartManagerConfig).power_info:
        machine = call.site.machine(entry.key)
        if machine.power != ON and entry.start_action.lower() == "poweron":
            power.power_on(machine, call.user)


@handles(m.AUTO_START_POWER_OFF)
def auto_start_power_off(call: Call, _: Empty) -> None:
    """Stop what stops with the host, in the opposite order."""
    config = call.world.get(call.this, "config", HostAutoStartManagerConfig)
    for entry in reversed(config.power_info):
        machine = call.site.machine(entry.key)
        if machine.power == ON and entry.stop_action.lower() != "none":
            power.power_off(machine, call.user)


def _host_of(call: Call) -> Ref:
    """The host that a manager is of."""
    for ref in call.world.of_kind("HostSystem"):
        managers = call.world.get(ref, "configManager", HostConfigManager)
        if call.this in {getattr(managers, name) for name in managers.__struct_fields__}:
            return ref
    raise faults.not_found(call.this)
