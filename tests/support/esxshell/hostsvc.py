"""``vim-cmd hostsvc/…``: the host, its maintenance mode, and what starts with it."""

from __future__ import annotations

from esxshell.machines import ON, now
from esxshell.printing import UNSET, Ref, Typed, show
from esxshell.state import Host, Refusal, fault

_ACTIONS = frozenset({"poweron", "none", "systemdefault"})
_STOPS = frozenset({"poweroff", "none", "systemdefault", "suspend", "guestshutdown"})


HARDWARE = {
    "vendor": "Dell Inc.",
    "model": "PowerEdge R640",
    "uuid": "44454c4c-4e00-1057-804d-b4c04f4c4d32",
    "memorySize": 68640481280,
    "cpuModel": "Intel(R) Xeon(R) Silver 4114 CPU @ 2.20GHz",
    "cpuMhz": 2195,
    "numCpuPkgs": 2,
    "numCpuCores": 20,
    "numCpuThreads": 40,
    "numNics": 2,
    "numHBAs": 3,
}
QUICK = {
    "overallCpuUsage": 441,
    "overallMemoryUsage": 8192,
    "distributedCpuFairness": UNSET,
    "uptime": 86400,
}


def summary(host: Host) -> str:
    """All about the host."""
    runtime = {
        "connectionState": "connected",
        "powerState": "poweredOn",
        "inMaintenanceMode": host.data["maintenance"],
        "bootTime": now(),
    }
    config = {
        "name": host.data["hostname"],
        "port": 443,
        "product": Typed("vim.AboutInfo", _product(str(host.data["version"]))),
        "vmotionEnabled": False,
    }
    fields = {
        "host": Ref("vim.HostSystem", "ha-host"),
        "hardware": Typed("vim.host.Summary.HardwareSummary", HARDWARE),
        "runtime": Typed("vim.host.RuntimeInfo", runtime),
        "config": Typed("vim.host.Summary.ConfigSummary", config),
        "quickStats": Typed("vim.host.Summary.QuickStats", QUICK),
        "overallStatus": "green",
        "rebootRequired": False,
    }
    return show(Typed("vim.host.Summary", fields)) + "\n"


def _product(version: str) -> dict[str, str]:
    return {
        "name": "VMware ESXi",
        "fullName": f"VMware ESXi {version} build-22380479",
        "vendor": "VMware, Inc.",
        "version": version,
        "build": "22380479",
        "productLineId": "embeddedEsx",
    }


def enter_maintenance(host: Host, timeout: str = "0") -> str:
    """Enter maintenance mode: nothing runs then."""
    if not timeout.isdecimal():
        raise Refusal("Invalid timeout.")
    if host.data["maintenance"]:
        text = "The operation is not allowed in the current state."
        raise Refusal(fault("vim.fault.InvalidState", text))
    if any(machine["power"] == ON for machine in host.machines.values()):
        text = "Operation timed out."
        raise Refusal(fault("vim.fault.Timedout", text))
    host.data["maintenance"] = True
    return "The host has entered maintenance mode.\n"


def leave_maintenance(host: Host, timeout: str = "0") -> str:
    """Leave it."""
    if not timeout.isdecimal() or not host.data["maintenance"]:
        text = "The operation is not allowed in the current state."
        raise Refusal(fault("vim.fault.InvalidState", text))
    host.data["maintenance"] = False
    return "The host has exited maintenance mode.\n"


# --- what starts with it --------------------------------------------------------------------------


def enable_autostart(host: Host, word: str) -> str:
    """Heed the list, or not."""
    if word.lower() not in {"true", "false", "1", "0"}:
        raise Refusal(f"Invalid boolean value '{word}'.")
    host.data["autostarts"] = word.lower() in {"true", "1"}
    return "Enabled AutoStart\n" if host.data["autostarts"] else "Disabled AutoStart\n"


def autostart_defaults(host: Host) -> str:
    """Whether the list is heeded, and how."""
    fields = {
        "enabled": host.data["autostarts"],
        "startDelay": 120,
        "stopDelay": 120,
        "waitForHeartbeat": False,
        "stopAction": "PowerOff",
    }
    return show(Typed("vim.host.AutoStartManager.SystemDefaults", fields)) + "\n"


def autostart_sequence(host: Host) -> str:
    """The list; an odd entry is indented wrongly, as ESX 6.5 does it."""
    entries = [
        Typed("vim.host.AutoStartManager.AutoPowerInfo", _entry(number, each))
        for number, each in sorted(
            host.data["autostart"].items(), key=lambda pair: int(pair[1]["order"])
        )
    ]
    text = show(Typed("vim.host.AutoStartManager.AutoPowerInfo", entries))
    return text.replace("      waitForHeartbeat", "     waitForHeartbeat") + "\n"


def _entry(number: str, entry: dict[str, str]) -> dict[str, object]:
    return {
        "key": Ref("vim.VirtualMachine", number),
        "startOrder": int(entry["order"]),
        "startDelay": int(entry["delay"]),
        "waitForHeartbeat": "systemDefault",
        "startAction": entry["action"],
        "stopDelay": int(entry["stop_delay"]),
        "stopAction": entry["stop"],
    }


def update_autostart(host: Host, *words: str) -> str:
    """Put a machine into the list, or change how it is in it."""
    number, action, delay, order, stop, stop_delay, heartbeat = words
    host.machine(number)
    numbers = [delay.lstrip("-"), order.lstrip("-"), stop_delay.lstrip("-")]
    known = action.lower() in _ACTIONS and stop.lower() in _STOPS
    beats = heartbeat.lower() in {"yes", "no", "systemdefault"}
    if not known or not beats or not all(each.isdecimal() for each in numbers):
        raise Refusal(
            fault("vmodl.fault.InvalidArgument", "A specified parameter was not correct.")
        )
    entry = {"action": action, "delay": delay, "order": order, "stop": stop}
    host.data["autostart"][number] = {**entry, "stop_delay": stop_delay}
    return "Updated AutoStart order.\n"
