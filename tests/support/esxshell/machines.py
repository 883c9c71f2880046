"""``vim-cmd vmsvc/…``: machines and their power."""

from __future__ import annotations

import time
from pathlib import Path

from esxshell.printing import UNSET, Ref, Typed, show
from esxshell.state import Host, Record, Refusal, bios_uuid, disks_of, fault, fresh_uuid, read_vmx

ON, OFF, SUSPENDED = "poweredOn", "poweredOff", "suspended"
_WORDS = {ON: "Powered on", OFF: "Powered off", SUSPENDED: "Suspended"}


def now() -> str:
    """The time as the API writes it."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{nanoseconds // 1000:06}Z"


# --- looking --------------------------------------------------------------------------------------


def getallvms(host: Host) -> str:
    """All machines; names and notes stand there as they are."""
    lines = ["Vmid   Name   File   Guest OS   Version   Annotation"]
    for number, machine in host.machines.items():
        settings = machine["settings"]
        path = host.datastore_path(machine["path"])
        words = (
            f"{number:6}",
            name_of(machine),
            path,
            f"{settings.get('guestos', 'other')}Guest",
            f"vmx-{int(settings.get('virtualhw.version', '7')):02}",
            settings.get("annotation", ""),
        )
        lines.append("   ".join(words))
    return "\n".join(lines) + "\n"


def name_of(machine: Record) -> str:
    """A machine's name."""
    return str(machine["settings"].get("displayname", Path(machine["path"]).stem))


def summary(host: Host, number: str) -> str:
    """All about a machine."""
    machine = host.machine(number)
    return f"Listsummary:\n{show(_summary(host, number, machine))}\n"


def _summary(host: Host, number: str, machine: Record) -> Typed:
    return Typed(
        "vim.vm.Summary",
        {
            "vm": Ref("vim.VirtualMachine", number),
            "runtime": _runtime(machine),
            "guest": _guest_summary(machine),
            "config": _config(host, machine),
            "storage": Typed(
                "vim.vm.Summary.StorageSummary",
                {"committed": 4408509391, "uncommitted": 0, "unshared": 0, "timestamp": now()},
            ),
            "quickStats": _quick_stats(machine),
            "overallStatus": "green",
            "customValue": Typed("vim.CustomFieldsManager.Value", []),
        },
    )


def _runtime(machine: Record) -> Typed:
    asked = machine.get("question")
    question = {"id": "0", "text": asked} if asked else None
    return Typed(
        "vim.vm.RuntimeInfo",
        {
            "host": Ref("vim.HostSystem", "ha-host"),
            "connectionState": "connected",
            "powerState": machine["power"],
            "faultToleranceState": "notConfigured",
            "toolsInstallerMounted": False,
            "suspendTime": UNSET,
            "bootTime": machine["booted"] or UNSET,
            "suspendInterval": 0,
            "question": Typed("vim.vm.QuestionInfo", question),
            "memoryOverhead": 40398848,
            "maxCpuUsage": 2400,
            "maxMemoryUsage": int(machine["settings"].get("memsize", "4")),
            "numMksConnections": 0,
            "cleanPowerOff": machine["power"] == OFF or UNSET,
        },
    )


def _guest_summary(machine: Record) -> Typed:
    guest = machine["guest"]
    running = guest["tools"] and machine["power"] == ON
    return Typed(
        "vim.vm.Summary.GuestSummary",
        {
            "guestId": UNSET,
            "guestFullName": UNSET,
            "toolsStatus": "toolsOk" if running else "toolsNotRunning",
            "toolsRunningStatus": "guestToolsRunning" if running else "guestToolsNotRunning",
            "hostName": guest["hostname"] if running else UNSET,
            "ipAddress": guest["addresses"][0] if running and guest["addresses"] else UNSET,
        },
    )


def _config(host: Host, machine: Record) -> Typed:
    settings = machine["settings"]
    return Typed(
        "vim.vm.Summary.ConfigSummary",
        {
            "name": name_of(machine),
            "template": False,
            "vmPathName": host.datastore_path(machine["path"]),
            "memorySizeMB": int(settings.get("memsize", "4")),
            "cpuReservation": 0,
            "memoryReservation": 0,
            "numCpu": int(settings.get("numvcpus", "1")),
            "numEthernetCards": sum(
                key.startswith("ethernet") and key.endswith(".present") for key in settings
            ),
            "numVirtualDisks": len(disks_of(settings)),
            "uuid": machine["uuid"],
            "instanceUuid": machine["uuid"],
            "guestId": f"{settings.get('guestos', 'other')}Guest",
            "annotation": settings.get("annotation", ""),
        },
    )


def _quick_stats(machine: Record) -> Typed:
    running = machine["power"] == ON
    return Typed(
        "vim.vm.Summary.QuickStats",
        {
            "overallCpuUsage": 20 if running else 0,
            "overallCpuDemand": UNSET,
            "guestMemoryUsage": 40 if running else 0,
            "hostMemoryUsage": 652 if running else 0,
            "guestHeartbeatStatus": "green" if running else "gray",
            "swappedMemory": 0,
            "balloonedMemory": 8 if running else 0,
            "uptimeSeconds": 3600 if running else 0,
        },
    )


def guest(host: Host, number: str) -> str:
    """What the guest tells of itself."""
    machine = host.machine(number)
    told = machine["guest"]
    running = told["tools"] and machine["power"] == ON
    nics = [_nic(told, name, mac) for name, mac in _cards(machine)] if running else []
    fields = {
        "toolsStatus": "toolsOk" if running else "toolsNotRunning",
        "toolsRunningStatus": "guestToolsRunning" if running else "guestToolsNotRunning",
        "guestFullName": "Debian GNU/Linux 12 (64-bit)" if running else UNSET,
        "hostName": told["hostname"] if running else UNSET,
        "ipAddress": told["addresses"][0] if running and told["addresses"] else UNSET,
        "net": Typed("vim.vm.GuestInfo.NicInfo", nics) if running else UNSET,
        "disk": Typed("vim.vm.GuestInfo.DiskInfo", [_disk()]) if running else UNSET,
        "guestState": "running" if running else "notRunning",
    }
    return f"Guest information:\n\n{show(Typed('vim.vm.GuestInfo', fields))}\n"


def _cards(machine: Record) -> list[tuple[str, str]]:
    settings = machine["settings"]
    found = []
    for number in range(10):
        card = f"ethernet{number}"
        if settings.get(f"{card}.present", "").upper() == "TRUE":
            mac = settings.get(f"{card}.address") or settings.get(f"{card}.generatedaddress", "")
            found.append((settings.get(f"{card}.networkname", "VM Network"), mac))
    return found


def _nic(told: Record, network: str, mac: str) -> Typed:
    addresses = [
        Typed(
            "vim.net.IpConfigInfo.IpAddress",
            {"ipAddress": each, "prefixLength": 24 if "." in each else 64, "state": "preferred"},
        )
        for each in told["addresses"]
    ]
    config = {
        "dhcp": Typed("vim.net.DhcpConfigInfo", None),
        "ipAddress": Typed("vim.net.IpConfigInfo.IpAddress", addresses),
    }
    return Typed(
        "vim.vm.GuestInfo.NicInfo",
        {
            "network": network,
            "ipAddress": Typed("string", told["addresses"]),
            "macAddress": mac,
            "connected": True,
            "deviceConfigId": 4000,
            "ipConfig": Typed("vim.net.IpConfigInfo", config),
        },
    )


def _disk() -> Typed:
    return Typed(
        "vim.vm.GuestInfo.DiskInfo",
        {"diskPath": "/", "capacity": 41660301312, "freeSpace": 30064771072},
    )


def getstate(host: Host, number: str) -> str:
    """Whether a machine runs."""
    return f"Retrieved runtime info\n{_WORDS[host.machine(number)['power']]}\n"


# --- power ----------------------------------------------------------------------------------------


def power_on(host: Host, number: str) -> str:
    """Start a machine, or let a suspended one go on."""
    machine = host.machine(number)
    _check(host, machine, "Powering on VM:|Power on failed", ON, (OFF, SUSPENDED))
    if host.data["maintenance"]:
        raise Refusal("Powering on VM:\nPower on failed")
    folder = Path(machine["path"]).parent
    for disk in disks_of(machine["settings"]):
        if not (folder / disk).exists():
            raise Refusal("Powering on VM:\nPower on failed")
    machine["power"], machine["booted"] = ON, now()
    return "Powering on VM:\n"


def power_off(host: Host, number: str) -> str:
    """Pull the plug."""
    machine = host.machine(number)
    _check(host, machine, "Powering off VM:|Power off failed", OFF, (ON,))
    _off(machine)
    return "Powering off VM:\n"


def suspend(host: Host, number: str) -> str:
    """Write a machine's memory to disk."""
    machine = host.machine(number)
    _check(host, machine, "Suspending VM:|Suspend failed", SUSPENDED, (ON,))
    machine["power"] = SUSPENDED
    return "Suspending VM:\n"


def reset(host: Host, number: str) -> str:
    """Press the reset button."""
    machine = host.machine(number)
    _check(host, machine, "Reset VM:|Reset failed", ON, (ON,))
    machine["booted"] = now()
    return "Reset VM:\n"


def shutdown(host: Host, number: str) -> str:
    """Ask the guest to end; this one does at once, unless it is stubborn."""
    machine = host.machine(number)
    _check_tools(machine)
    machine["guest"]["asked"] = True
    if not machine["guest"].get("stubborn"):
        _off(machine)
    return ""


def reboot(host: Host, number: str) -> str:
    """Ask the guest to begin anew."""
    machine = host.machine(number)
    _check_tools(machine)
    machine["booted"] = now()
    return ""


def _off(machine: Record) -> None:
    machine["power"], machine["booted"] = OFF, ""


def _check(host: Host, machine: Record, said: str, wanted: str, allowed: tuple[str, ...]) -> None:
    """Refuse what the state does not allow: with a fault before ESX 6, in two words since."""
    if machine["power"] in allowed:
        return
    head, failed = said.split("|")
    if host.data["version"] >= "6":
        raise Refusal(f"{head}\n{failed}")
    shown = _WORDS[machine["power"]].title()
    text = f"The attempted operation cannot be performed in the current state ({shown})."
    fields = {"requestedState": wanted, "existingState": machine["power"]}
    raise Refusal(f"{head}\n{fault('vim.fault.InvalidPowerState', text, **fields)}")


def _check_tools(machine: Record) -> None:
    if machine["power"] != ON:
        shown = _WORDS[machine["power"]].title()
        text = f"The attempted operation cannot be performed in the current state ({shown})."
        fields = {"requestedState": ON, "existingState": machine["power"]}
        raise Refusal(fault("vim.fault.InvalidPowerState", text, **fields))
    if not machine["guest"]["tools"]:
        text = (
            "Cannot complete operation because VMware Tools is not running in this virtual machine."
        )
        raise Refusal(fault("vim.fault.ToolsUnavailable", text))


# --- the list of machines -------------------------------------------------------------------------


def register(host: Host, place: str, name: str = "", pool: str = "") -> str:
    """Put a machine onto the list; prints its number."""
    del pool
    path = host.place(place)
    settings = read_vmx(path)
    for number, machine in host.machines.items():
        if Path(machine["path"]) == path:
            text = f"The specified key, name, or identifier '{number}' already exists."
            raise Refusal(fault("vim.fault.AlreadyExists", text, name=number))
    if "config.version" not in settings or "virtualhw.version" not in settings:
        raise Refusal(fault("vim.fault.InvalidVmConfig", "Virtual machine config is invalid."))
    if "uuid.bios" not in settings:
        settings["uuid.bios"] = fresh_uuid()
        with path.open("a", encoding="utf-8") as file:
            file.write(f'uuid.bios = "{settings["uuid.bios"]}"\n')
    if name:
        settings["displayname"] = name
    number = str(host.data["next"])
    host.data["next"] += 1
    host.machines[number] = {
        "path": str(path),
        "uuid": bios_uuid(settings),
        "settings": settings,
        "power": OFF,
        "booted": "",
        "guest": {"tools": True, "hostname": "guest", "addresses": ["192.0.2.31", "fe80::1"]},
        "snapshots": [],
        "current": None,
        "snapshot": 1,
    }
    return f"{number}\n"


def unregister(host: Host, number: str) -> str:
    """Take a machine off the list; its files stay."""
    machine = host.machine(number)
    if machine["power"] == ON:
        text = "The attempted operation cannot be performed in the current state (Powered On)."
        fields = {"requestedState": OFF, "existingState": ON}
        raise Refusal(fault("vim.fault.InvalidPowerState", text, **fields))
    del host.machines[number]
    host.data["autostart"].pop(number, None)
    return ""


def destroy(host: Host, number: str) -> str:
    """Take a machine off the list, and remove its folder."""
    machine = host.machine(number)
    if machine["power"] != OFF:
        text = "The attempted operation cannot be performed in the current state."
        fields = {"requestedState": OFF, "existingState": machine["power"]}
        raise Refusal(fault("vim.fault.InvalidPowerState", text, **fields))
    folder = Path(machine["path"]).parent
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return unregister(host, number)


def reload(host: Host, number: str) -> str:
    """Read a machine's file anew."""
    machine = host.machine(number)
    settings = read_vmx(Path(machine["path"]))
    machine["settings"], machine["uuid"] = settings, bios_uuid(settings)
    return ""


def message(host: Host, number: str, identifier: str = "", choice: str = "") -> str:
    """Show what the host asks, or answer it."""
    machine = host.machine(number)
    if not machine.get("question"):
        return "No message.\n"
    if not choice:
        return f"Virtual machine message 0:\n{machine['question']}\n"
    del identifier
    machine["question"] = None
    return ""
