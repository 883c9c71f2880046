"""``esxcli``: options, formatters, and what is about the host and its storage; ``vmware``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from esxshell import network
from esxshell.machines import ON
from esxshell.printing import structure, table
from esxshell.state import Host, Record, Refusal, bios_uuid

Options = Mapping[str, str]


class Command(NamedTuple):
    """A command: what it does, its options with their short forms, and which it needs."""

    run: Callable[..., Any]
    options: Mapping[str, str] = {}
    needed: tuple[str, ...] = ()
    name: str = ""


FORMATTERS = frozenset({"csv", "keyvalue", "xml", "json", ""})


def version(host: Host, words: list[str]) -> str:
    """The program vmware, which tells the version."""
    if words not in (["-v"], ["-l"], ["-vl"]):
        raise Refusal("usage: vmware [-v] [-l]")
    return f"VMware ESXi {host.data['version']} build-22380479\n"


def run(host: Host, words: list[str]) -> str:
    """Run a command of esxcli."""
    formatter = ""
    if words and words[0].startswith("--formatter="):
        formatter, words = words[0].partition("=")[2], words[1:]
    if formatter not in FORMATTERS:
        raise Refusal(f"Error: Invalid formatter {formatter}")
    place = [word for word in words if not word.startswith("-")]
    count = next((n for n in range(len(place), 0, -1) if " ".join(words[:n]) in COMMANDS), 0)
    if not count:
        raise Refusal(f"Error: Unknown command or namespace {' '.join(words)}")
    command = COMMANDS[" ".join(words[:count])]
    options = _options(command, words[count:])
    found = command.run(host, options)
    if found is None:
        return ""
    if isinstance(found, str):
        return f"{found}\n"
    if isinstance(found, dict):
        return structure(formatter, command.name, found)
    return table(formatter, command.name, found)


def _options(command: Command, words: list[str]) -> dict[str, str]:
    short = {letter: name for name, letter in command.options.items()}
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            value = value if equals else next(rest, "")
        elif word.startswith("-"):
            name, value = short.get(word[1:2], word[1:2]), word[2:] or next(rest, "")
        else:
            raise Refusal(f"Error: Unexpected argument {word}")
        if name not in command.options:
            raise Refusal(f"Error: Invalid option --{name}")
        found[name] = value
    for name in command.needed:
        if name not in found:
            letter = command.options[name]
            raise Refusal(f"Error: Missing required parameter -{letter}|--{name}")
    return found


# --- the host -------------------------------------------------------------------------------------


def _version(host: Host, options: Options) -> Record:
    del options
    return {
        "Product": "VMware ESXi",
        "Version": host.data["version"],
        "Build": "Releasebuild-22380479",
        "Update": "2",
        "Patch": "0",
    }


def _hostname(host: Host, options: Options) -> Record:
    del options
    return {
        "Domain Name": "example.com",
        "Fully Qualified Domain Name": f"{host.data['hostname']}.example.com",
        "Host Name": host.data["hostname"],
    }


def _uuid(host: Host, options: Options) -> str:
    del host, options
    return "44454c4c-4e00-1057-804d-b4c04f4c4d32"


def _memory(host: Host, options: Options) -> Record:
    del host, options
    return {"Physical Memory": 68640481280, "Reliable Memory": 0, "NUMA Node Count": 2}


def _cpu(host: Host, options: Options) -> Record:
    del host, options
    return {
        "CPU Packages": 2,
        "CPU Cores": 20,
        "CPU Threads": 40,
        "Hyperthreading Active": True,
        "Hyperthreading Supported": True,
        "Hyperthreading Enabled": True,
        "HV Support": 3,
        "HV Replay Capable": True,
        "HV Replay Disabled Reasons": "",
    }


def _platform(host: Host, options: Options) -> Record:
    del host, options
    return {
        "UUID": "0x44 0x45 0x4c 0x4c 0x4e 0x0 0x10 0x57 0x80 0x4d 0xb4 0xc0 0x4f 0x4c 0x4d 0x32",
        "Product Name": "PowerEdge R640",
        "Vendor Name": "Dell Inc.",
        "Serial Number": "4NWLML2",
        "Enclosure Serial Number": "4NWLML2",
        "BIOS Asset Tag": "",
        "IPMI Supported": True,
    }


def _processes(host: Host, options: Options) -> list[Record]:
    del options
    return [
        {
            "World ID": 2100000 + int(number),
            "Process ID": 0,
            "VMX Cartel ID": 2100001 + int(number),
            "UUID": machine["uuid"],
            "Display Name": machine["settings"].get("displayname", ""),
            "Config File": machine["path"],
        }
        for number, machine in host.machines.items()
        if machine["power"] == ON
    ]


# --- storage --------------------------------------------------------------------------------------


def _filesystems(host: Host, options: Options) -> list[Record]:
    del options
    rows = [_filesystem(host, name, store) for name, store in host.stores.items()]
    rows.append(
        {
            "Mount Point": str(host.volumes / "bootbank"),
            "Volume Name": "BOOTBANK1",
            "UUID": "b8a3f1c4-9d3f8a52-8d5e-9a5f2c3d4e5f",
            "Mounted": True,
            "Type": "vfat",
            "Size": 4293591040,
            "Free": 4000000000,
        }
    )
    return rows


def _filesystem(host: Host, name: str, store: Record) -> Record:
    room = os.statvfs(host.mount(name)) if store["mounted"] else None
    return {
        "Mount Point": str(host.mount(name)) if room else "",
        "Volume Name": name,
        "UUID": store["uuid"],
        "Mounted": store["mounted"],
        "Type": store["type"],
        "Size": room.f_blocks * room.f_frsize if room else 0,
        "Free": room.f_bfree * room.f_frsize if room else 0,
    }


def _nfs(host: Host, options: Options) -> list[Record]:
    del options
    return [
        {
            "Volume Name": name,
            "Host": store["host"],
            "Share": store["share"],
            "Accessible": store["mounted"],
            "Mounted": store["mounted"],
            "Read-Only": False,
            "isPE": False,
            "Hardware Acceleration": "Not Supported",
        }
        for name, store in host.stores.items()
        if store["type"] == "NFS"
    ]


def _add_nfs(host: Host, options: Options) -> None:
    name, share = options["volume-name"], options["share"]
    if name in host.stores:
        where = f"{options['host']}:{share}"
        raise Refusal(
            f"Unable to create new NAS volume.  {where} is already exported by a volume with the "
            f"name {name}"
        )
    identity = bios_uuid({"uuid.bios": os.urandom(16).hex()})
    (host.volumes / identity).mkdir()
    (host.volumes / name).symlink_to(identity)
    store = {"uuid": identity, "type": "NFS", "mounted": True}
    host.stores[name] = {**store, "host": options["host"], "share": share}


def _remove_nfs(host: Host, options: Options) -> None:
    name = options["volume-name"]
    if host.stores.get(name, {}).get("type") != "NFS":
        raise Refusal(f"Unable to find the NFS volume {name}")
    mount = host.mount(name)
    if any(machine["path"].startswith(f"{mount}/") for machine in host.machines.values()):
        raise Refusal(f"Unable to remove NAS volume {name}: the volume is busy")
    (host.volumes / name).unlink()
    del host.stores[name]


def _nothing(host: Host, options: Options) -> None:
    del host, options


COMMANDS = {
    "system version get": Command(_version, name="VersionGet"),
    "system hostname get": Command(_hostname, name="FullyQualifiedHostName"),
    "system uuid get": Command(_uuid),
    "hardware memory get": Command(_memory, name="MemoryGet"),
    "hardware cpu global get": Command(_cpu, name="CPUGlobalGet"),
    "hardware platform get": Command(_platform, name="PlatformGet"),
    "vm process list": Command(_processes, name="VirtualMachine"),
    "storage filesystem list": Command(_filesystems, name="FileSystemVolume"),
    "storage filesystem rescan": Command(_nothing),
    "storage nfs list": Command(_nfs, name="NFS"),
    "storage nfs add": Command(
        _add_nfs,
        {"host": "H", "share": "s", "volume-name": "v"},
        ("host", "share", "volume-name"),
    ),
    "storage nfs remove": Command(_remove_nfs, {"volume-name": "v"}, ("volume-name",)),
    **{f"network {place}": Command(*entry) for place, entry in network.COMMANDS.items()},
}
