"""``vim-cmd``: machines, snapshots and the host's own settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from esxshell import hardware, hostsvc, machines, snapshots
from esxshell.state import Host, Refusal


class Command(NamedTuple):
    """A command: its usage, how many arguments it takes, and what it does."""

    usage: str
    least: int
    most: int
    run: Callable[..., str]


COMMANDS = {
    "vmsvc/getallvms": Command("getallvms", 0, 0, machines.getallvms),
    "vmsvc/get.summary": Command("get.summary vmid", 1, 1, machines.summary),
    "vmsvc/get.guest": Command("get.guest vmid", 1, 1, machines.guest),
    "vmsvc/power.getstate": Command("power.getstate vmid", 1, 1, machines.getstate),
    "vmsvc/power.on": Command("power.on vmid", 1, 1, machines.power_on),
    "vmsvc/power.off": Command("power.off vmid", 1, 1, machines.power_off),
    "vmsvc/power.suspend": Command("power.suspend vmid", 1, 1, machines.suspend),
    "vmsvc/power.reset": Command("power.reset vmid", 1, 1, machines.reset),
    "vmsvc/power.shutdown": Command("power.shutdown vmid", 1, 1, machines.shutdown),
    "vmsvc/power.reboot": Command("power.reboot vmid", 1, 1, machines.reboot),
    "vmsvc/reload": Command("reload vmid", 1, 1, machines.reload),
    "vmsvc/unregister": Command("unregister vmid", 1, 1, machines.unregister),
    "vmsvc/destroy": Command("destroy vmid", 1, 1, machines.destroy),
    "vmsvc/message": Command("message vmid [msgId] [choice]", 1, 3, machines.message),
    "vmsvc/device.getdevices": Command("device.getdevices vmid", 1, 1, hardware.getdevices),
    "vmsvc/device.connection": Command(
        "device.connection vmid devicekey connect", 3, 3, hardware.connection
    ),
    "vmsvc/device.diskaddexisting": Command(
        "device.diskaddexisting vmid disk_file controller_numb unit_numb [ctlr_type]",
        4,
        4,
        hardware.disk_add_existing,
    ),
    "vmsvc/device.diskremove": Command(
        "device.diskremove vmid controller_numb unit_numb delete_file [ctlr_type]",
        4,
        4,
        hardware.disk_remove,
    ),
    "vmsvc/get.snapshotinfo": Command("get.snapshotinfo vmid", 1, 1, snapshots.info),
    "vmsvc/snapshot.get": Command("snapshot.get vmid", 1, 1, snapshots.tree),
    "vmsvc/snapshot.create": Command(
        "snapshot.create vmid [snapshotName] [snapshotDescription] [includeMemory] [quiesced]",
        1,
        5,
        snapshots.create,
    ),
    "vmsvc/snapshot.revert": Command(
        "snapshot.revert vmid snapshotId suppressPowerOn", 3, 3, snapshots.revert
    ),
    "vmsvc/snapshot.remove": Command(
        "snapshot.remove vmid snapshotId [removeChildren]", 2, 3, snapshots.remove
    ),
    "vmsvc/snapshot.removeall": Command("snapshot.removeall vmid", 1, 1, snapshots.remove_all),
    "solo/registervm": Command(
        "registervm datastore_path [name] [resourcepool]", 1, 3, machines.register
    ),
    "hostsvc/hostsummary": Command("hostsummary", 0, 0, hostsvc.summary),
    "hostsvc/maintenance_mode_enter": Command(
        "maintenance_mode_enter [timeout]", 0, 1, hostsvc.enter_maintenance
    ),
    "hostsvc/maintenance_mode_exit": Command(
        "maintenance_mode_exit [timeout]", 0, 1, hostsvc.leave_maintenance
    ),
    "hostsvc/autostartmanager/enable_autostart": Command(
        "enable_autostart bool", 1, 1, hostsvc.enable_autostart
    ),
    "hostsvc/autostartmanager/get_defaults": Command(
        "get_defaults", 0, 0, hostsvc.autostart_defaults
    ),
    "hostsvc/autostartmanager/get_autostartseq": Command(
        "get_autostartseq", 0, 0, hostsvc.autostart_sequence
    ),
    "hostsvc/autostartmanager/update_autostartentry": Command(
        "update_autostartentry VMId StartAction StartDelay StartOrder StopAction StopDelay "
        "WaitForHeartbeat",
        7,
        7,
        hostsvc.update_autostart,
    ),
}


def run(host: Host, words: list[str]) -> str:
    """Run a command of vim-cmd."""
    name, *rest = words or [""]
    command = COMMANDS.get(name)
    if command is None:
        raise Refusal(f"Invalid command '{name}'.")
    arguments = rest[1:] if rest[:1] == ["--"] else rest
    if arguments is rest and any(word.startswith("-") for word in rest):
        option = next(word for word in rest if word.startswith("-"))
        raise Refusal(f"{name}: invalid option -- '{option.lstrip('-')[:1]}'\n{_usage(command)}")
    if not command.least <= len(arguments) <= command.most:
        many = "Insufficient" if len(arguments) < command.least else "Too many"
        raise Refusal(f"{many} arguments.\n{_usage(command)}")
    return command.run(host, *arguments)


def _usage(command: Command) -> str:
    return f"Usage: {command.usage}\n"
