"""``esxcli network …``: switches, port groups, cards and the host's own interfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from esxshell.state import Host, Record, Refusal

Options = Mapping[str, str]
Entry = tuple[Callable[..., Any], Mapping[str, str], tuple[str, ...], str]

PORTS = 10496
MOST_VLAN = 4095


def _switches(host: Host) -> dict[str, Record]:
    found: dict[str, Record] = host.data["switches"]
    return found


def _groups(host: Host) -> dict[str, Record]:
    found: dict[str, Record] = host.data["portgroups"]
    return found


def _switch(host: Host, options: Options) -> Record:
    name = options["vswitch-name"]
    if name not in _switches(host):
        raise Refusal(f"Unable to find vswitch {name}")
    return _switches(host)[name]


def list_switches(host: Host, options: Options) -> list[Record]:
    """All switches, or one."""
    wanted = options.get("vswitch-name")
    if wanted is not None:
        _switch(host, options)
    return [
        {
            "Name": name,
            "Class": "cswitch",
            "Num Ports": PORTS,
            "Used Ports": 4,
            "Configured Ports": switch["ports"],
            "MTU": switch["mtu"],
            "CDP Status": "listen",
            "Beacon Enabled": False,
            "Beacon Interval": 1,
            "Beacon Threshold": 3,
            "Beacon Required By": [],
            "Uplinks": switch["uplinks"],
            "Portgroups": [n for n, group in _groups(host).items() if group["switch"] == name],
        }
        for name, switch in _switches(host).items()
        if wanted in {None, name}
    ]


def add_switch(host: Host, options: Options) -> None:
    """Make a switch."""
    name = options["vswitch-name"]
    if name in _switches(host):
        raise Refusal(f"A virtual switch with the name {name} already exists")
    if not name or len(name) > 31:
        raise Refusal(f"Invalid virtual switch name {name}")
    ports = options.get("ports", "128")
    _switches(host)[name] = {"mtu": 1500, "uplinks": [], "ports": int(ports)}


def remove_switch(host: Host, options: Options) -> None:
    """Remove a switch with its port groups, unless the host itself is connected by it."""
    _switch(host, options)
    name = options["vswitch-name"]
    below = [each for each, group in _groups(host).items() if group["switch"] == name]
    if any(each in host.data["vmknics"].values() for each in below):
        raise Refusal(f"Unable to remove vswitch {name}: it is busy")
    for each in below:
        del _groups(host)[each]
    del _switches(host)[name]


def set_switch(host: Host, options: Options) -> None:
    """Change a switch."""
    switch = _switch(host, options)
    if "mtu" in options:
        switch["mtu"] = int(options["mtu"])


def add_uplink(host: Host, options: Options) -> None:
    """Connect a card to a switch."""
    switch, card = _switch(host, options), options["uplink-name"]
    if card not in host.data["nics"]:
        raise Refusal(f"Unable to find uplink {card}")
    if any(card in each["uplinks"] for each in _switches(host).values()):
        raise Refusal(f"Uplink {card} is already in use")
    switch["uplinks"].append(card)


def remove_uplink(host: Host, options: Options) -> None:
    """Take a card off a switch."""
    switch, card = _switch(host, options), options["uplink-name"]
    if card not in switch["uplinks"]:
        raise Refusal(f"Unable to find uplink {card} on the vswitch")
    switch["uplinks"].remove(card)


def list_groups(host: Host, options: Options) -> list[Record]:
    """All port groups."""
    del options
    used = [
        value
        for machine in host.machines.values()
        for key, value in machine["settings"].items()
        if key.endswith(".networkname") and machine["power"] == "poweredOn"
    ]
    own = list(host.data["vmknics"].values())
    return [
        {
            "Name": name,
            "Virtual Switch": group["switch"],
            "Active Clients": used.count(name) + own.count(name),
            "VLAN ID": group["vlan"],
        }
        for name, group in _groups(host).items()
    ]


def add_group(host: Host, options: Options) -> None:
    """Make a port group."""
    _switch(host, options)
    name = options["portgroup-name"]
    if name in _groups(host):
        raise Refusal(f"A portgroup with the name {name} already exists")
    _groups(host)[name] = {"switch": options["vswitch-name"], "vlan": 0}


def remove_group(host: Host, options: Options) -> None:
    """Remove a port group."""
    name = options["portgroup-name"]
    if _groups(host).get(name, {}).get("switch") != options["vswitch-name"]:
        raise Refusal(f"Unable to find portgroup {name}")
    if name in host.data["vmknics"].values():
        raise Refusal(f"Unable to remove portgroup {name}: it is in use")
    del _groups(host)[name]


def set_group(host: Host, options: Options) -> None:
    """Give a port group its VLAN."""
    name = options["portgroup-name"]
    if name not in _groups(host):
        raise Refusal(f"Unable to find portgroup {name}")
    vlan = options.get("vlan-id", "0")
    if not vlan.isdecimal() or int(vlan) > MOST_VLAN:
        raise Refusal(f"Invalid VLAN id {vlan}")
    _groups(host)[name]["vlan"] = int(vlan)


def list_nics(host: Host, options: Options) -> list[Record]:
    """The cards."""
    del options
    return [
        {
            "Name": name,
            "PCI Device": "0000:18:00.0",
            "Driver": "ntg3",
            "Admin Status": "Up",
            "Link Status": card["link"],
            "Speed": 1000 if card["link"] == "Up" else 0,
            "Duplex": "Full",
            "MAC Address": card["mac"],
            "MTU": 1500,
            "Description": "Broadcom Corporation NetXtreme BCM5720 Gigabit Ethernet",
        }
        for name, card in host.data["nics"].items()
    ]


COMMANDS: dict[str, Entry] = {
    "vswitch standard list": (list_switches, {"vswitch-name": "v"}, (), "VirtualSwitch"),
    "vswitch standard add": (
        add_switch,
        {"vswitch-name": "v", "ports": "P"},
        ("vswitch-name",),
        "",
    ),
    "vswitch standard remove": (remove_switch, {"vswitch-name": "v"}, ("vswitch-name",), ""),
    "vswitch standard set": (
        set_switch,
        {"vswitch-name": "v", "mtu": "m", "cdp-status": "c"},
        ("vswitch-name",),
        "",
    ),
    "vswitch standard uplink add": (
        add_uplink,
        {"vswitch-name": "v", "uplink-name": "u"},
        ("vswitch-name", "uplink-name"),
        "",
    ),
    "vswitch standard uplink remove": (
        remove_uplink,
        {"vswitch-name": "v", "uplink-name": "u"},
        ("vswitch-name", "uplink-name"),
        "",
    ),
    "vswitch standard portgroup list": (list_groups, {}, (), "PortGroup"),
    "vswitch standard portgroup add": (
        add_group,
        {"vswitch-name": "v", "portgroup-name": "p"},
        ("vswitch-name", "portgroup-name"),
        "",
    ),
    "vswitch standard portgroup remove": (
        remove_group,
        {"vswitch-name": "v", "portgroup-name": "p"},
        ("vswitch-name", "portgroup-name"),
        "",
    ),
    "vswitch standard portgroup set": (
        set_group,
        {"portgroup-name": "p", "vlan-id": "v"},
        ("portgroup-name",),
        "",
    ),
    "nic list": (list_nics, {}, (), "NetworkNic"),
}


def check_tables() -> None:
    """See that what commands need is among their options."""
    for place, (_, options, needed, _) in COMMANDS.items():
        if not set(needed) <= set(options):
            raise ValueError(f"{place} needs what it does not know")
