"""``vim-cmd vmsvc/device.…``: the devices of machines, and the few that change while they run.

Arguments are as published scripts and recordings have them: ``device.diskaddexisting VMID FILE
CONTROLLER UNIT``, ``device.diskremove VMID CONTROLLER UNIT DELETE``, ``device.connection VMID KEY
CONNECT``; the objects are those of a recorded ``device.getdevices`` of ESX 6.
"""

from __future__ import annotations

import re
from pathlib import Path

from esxshell.machines import ON
from esxshell.printing import UNSET, Ref, Typed, show
from esxshell.state import Host, Record, Refusal, fault, read_vmx

_WORDS = {
    **dict.fromkeys(("true", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "no", "n", "0"), False),
}
_PLACE = re.compile(r"(scsi|sata|ide|nvme)(\d):(\d+)\.present")
_BUS = re.compile(r"(scsi|sata|nvme)(\d)\.present")
_SCSI = {
    "": ("VirtualBusLogicController", "BusLogic"),
    "buslogic": ("VirtualBusLogicController", "BusLogic"),
    "lsilogic": ("VirtualLsiLogicController", "LSI Logic"),
    "lsisas1068": ("VirtualLsiLogicSASController", "LSI Logic SAS"),
    "pvscsi": ("ParaVirtualSCSIController", "VMware paravirtual SCSI"),
}
_OTHERS = {
    "sata": ("VirtualAHCIController", "AHCI"),
    "nvme": ("VirtualNVMEController", "NVME Controller"),
}
_CARDS = {
    "e1000": "VirtualE1000",
    "e1000e": "VirtualE1000e",
    "vmxnet3": "VirtualVmxnet3",
    "vmxnet": "VirtualVmxnet2",
}
_FIRST = {"ide": 200, "scsi": 1000, "sata": 15000, "nvme": 31000}
"""The key of the first controller of a bus."""
_DISKS = {"ide": (3000, 2), "scsi": (2000, 16), "sata": (16000, 30), "nvme": (32000, 64)}
"""The key of the first drive of a bus, and how many keys each controller has."""
_CONTROLLER_UNIT, _UNITS = 7, 16
_NOTHING = Typed("vim.vm.device.VirtualDevice.ConnectInfo", None)


def _on(settings: dict[str, str], key: str) -> bool:
    return settings.get(key, "").upper() == "TRUE"


def _is_disk(settings: dict[str, str], place: str) -> bool:
    kind = settings.get(f"{place}.devicetype", "disk").lower()
    return kind in {"disk", "scsi-harddisk", "ata-harddisk"}


def _label(label: str, summary: str) -> Typed:
    return Typed("vim.Description", {"label": label, "summary": summary})


# --- looking --------------------------------------------------------------------------------------


def getdevices(host: Host, number: str) -> str:
    """All devices of a machine."""
    machine = host.machine(number)
    settings = machine["settings"]
    fields = {
        "numCPU": int(settings.get("numvcpus", "1")),
        "numCoresPerSocket": 1,
        "memoryMB": int(settings.get("memsize", "4")),
        "device": Typed("vim.vm.device.VirtualDevice", _devices(host, machine)),
    }
    return f"Devices:\n\n{show(Typed('vim.vm.VirtualHardware', fields))}\n"


def _devices(host: Host, machine: Record) -> list[Typed]:
    settings = machine["settings"]
    found = [_controller("ide", n, "VirtualIDEController", f"IDE {n}") for n in (0, 1)]
    for key in settings:
        bus = _BUS.fullmatch(key)
        if bus is not None and _on(settings, key):
            model = settings.get(f"{bus[1]}{bus[2]}.virtualdev", "").lower()
            kind, summary = _SCSI[model] if bus[1] == "scsi" else _OTHERS[bus[1]]
            found.append(_controller(bus[1], int(bus[2]), kind, summary))
    for key in settings:
        place = _PLACE.fullmatch(key)
        if place is not None and _on(settings, key):
            found.append(_drive(host, machine, place[1], int(place[2]), int(place[3])))
    cards = (number for number in range(10) if _on(settings, f"ethernet{number}.present"))
    return [*found, *(_card(machine, number) for number in cards)]


def _controller(bus: str, number: int, kind: str, summary: str) -> Typed:
    return Typed(
        f"vim.vm.device.{kind}",
        {
            "key": _FIRST[bus] + number,
            "deviceInfo": _label(f"{bus.upper()} controller {number}", summary),
            "backing": Typed("vim.vm.device.VirtualDevice.BackingInfo", None),
            "connectable": _NOTHING,
            "controllerKey": UNSET if bus == "ide" else 100,
            "unitNumber": UNSET if bus == "ide" else 3 + number,
            "busNumber": number,
        },
    )


def _drive(host: Host, machine: Record, bus: str, number: int, unit: int) -> Typed:
    settings, place = machine["settings"], f"{bus}{number}:{unit}"
    first, step = _DISKS[bus]
    disk = _is_disk(settings, place)
    file = settings.get(f"{place}.filename", "")
    shown = ""
    if file and file != "emptyBackingString" and not _on(settings, f"{place}.clientdevice"):
        shown = host.datastore_path(str(Path(machine["path"]).parent / file))
    backing = "VirtualDisk.FlatVer2BackingInfo" if disk else "VirtualCdrom.IsoBackingInfo"
    if not disk and not shown:
        backing = "VirtualCdrom.RemotePassthroughBackingInfo"
    source = {"fileName": shown} if shown else {"deviceName": "", "useAutoDetect": False}
    return Typed(
        f"vim.vm.device.{'VirtualDisk' if disk else 'VirtualCdrom'}",
        {
            "key": first + number * step + unit,
            "deviceInfo": _label("Hard disk 1" if disk else "CD/DVD drive 1", shown),
            "backing": Typed(f"vim.vm.device.{backing}", source),
            "connectable": _NOTHING if disk else _connectable(machine, place),
            "controllerKey": _FIRST[bus] + number,
            "unitNumber": unit,
        },
    )


def _card(machine: Record, number: int) -> Typed:
    settings, name = machine["settings"], f"ethernet{number}"
    network = settings.get(f"{name}.networkname", "VM Network")
    mac = settings.get(f"{name}.address") or settings.get(f"{name}.generatedaddress", "")
    kind = _CARDS.get(settings.get(f"{name}.virtualdev", "").lower(), "VirtualPCNet32")
    source = {"deviceName": network, "network": Ref("vim.Network", f"HaNetwork-{network}")}
    return Typed(
        f"vim.vm.device.{kind}",
        {
            "key": 4000 + number,
            "deviceInfo": _label(f"Network adapter {number + 1}", network),
            "backing": Typed("vim.vm.device.VirtualEthernetCard.NetworkBackingInfo", source),
            "connectable": _connectable(machine, name),
            "controllerKey": 100,
            "unitNumber": 7 + number,
            "addressType": settings.get(f"{name}.addresstype", "generated"),
            "macAddress": mac,
        },
    )


def _connectable(machine: Record, name: str) -> Typed:
    starts = machine["settings"].get(f"{name}.startconnected", "TRUE").upper() == "TRUE"
    now = machine["power"] == ON and _connected(machine, name)
    return Typed(
        "vim.vm.device.VirtualDevice.ConnectInfo",
        {"startConnected": starts, "allowGuestControl": True, "connected": now, "status": "ok"},
    )


def _connected(machine: Record, name: str) -> bool:
    starts = machine["settings"].get(f"{name}.startconnected", "TRUE").upper() == "TRUE"
    # What was said while it ran counts until it stops, which a start time tells.
    said = machine.get("connected", {})
    return bool(said.get(name, starts)) if said.get("since") == machine["booted"] else starts


# --- changing -------------------------------------------------------------------------------------


def _boolean(word: str) -> bool:
    if word.lower() not in _WORDS:
        raise Refusal(f"Invalid boolean value '{word}'.")
    return _WORDS[word.lower()]


def connection(host: Host, number: str, key: str, word: str) -> str:
    """Connect a device, or disconnect it, until the machine stops."""
    machine = host.machine(number)
    wanted = _boolean(word)
    names = {_key(name): name for name in _connectables(machine["settings"])}
    if not key.isdecimal() or int(key) not in names:
        raise Refusal(f"Device {key} not found or not connectable.")
    if machine["power"] != ON:
        text = "The attempted operation cannot be performed in the current state (Powered off)."
        raise Refusal(fault("vim.fault.InvalidPowerState", text, existingState=machine["power"]))
    name = names[int(key)]
    if machine["guest"].get("locked") == name and not wanted:
        raise Refusal(fault("vim.fault.GenericVmConfigFault", f"Cannot disconnect {name}."))
    said = machine.get("connected", {})
    if said.get("since") != machine["booted"]:
        said = {"since": machine["booted"]}
    machine["connected"] = {**said, name: wanted}
    return ""


def _connectables(settings: dict[str, str]) -> list[str]:
    cards = [f"ethernet{n}" for n in range(10) if _on(settings, f"ethernet{n}.present")]
    places = [key.removesuffix(".present") for key in settings if _PLACE.fullmatch(key)]
    drives = [each for each in places if _on(settings, f"{each}.present")]
    return cards + [each for each in drives if not _is_disk(settings, each)]


def _key(name: str) -> int:
    place = _PLACE.fullmatch(f"{name}.present")
    if place is None:
        return 4000 + int(name.removeprefix("ethernet"))
    first, step = _DISKS[place[1]]
    return first + int(place[2]) * step + int(place[3])


def _seat(machine: Record, controller: str, unit: str) -> str:
    """The place that two numbers mean, at a SCSI controller that is there."""
    if not controller.isdecimal() or not unit.isdecimal():
        raise Refusal(f"Invalid controller or unit number '{controller}' '{unit}'.")
    there = _on(machine["settings"], f"scsi{controller}.present")
    if not there or int(unit) >= _UNITS or int(unit) == _CONTROLLER_UNIT:
        text = "Invalid configuration for device '0'."
        raise Refusal(fault("vim.fault.InvalidDeviceSpec", text, deviceIndex="0"))
    return f"scsi{controller}:{unit}"


def disk_add_existing(host: Host, number: str, file: str, controller: str, unit: str) -> str:
    """Add a disk whose file is there, for good."""
    machine = host.machine(number)
    place = _seat(machine, controller, unit)
    path = Path(file)
    if path.suffix != ".vmdk" or not path.is_file():
        text = f"File {file} was not found"
        raise Refusal(fault("vim.fault.FileNotFound", text, file=file))
    if _on(machine["settings"], f"{place}.present"):
        text = "Invalid configuration for device '0'."
        raise Refusal(fault("vim.fault.InvalidDeviceSpec", text, deviceIndex="0"))
    lines = {"present": "TRUE", "fileName": file, "deviceType": "scsi-hardDisk"}
    _rewrite(machine, place, {f"{place}.{name}": value for name, value in lines.items()})
    return ""


def disk_remove(host: Host, number: str, controller: str, unit: str, delete: str) -> str:
    """Take a disk away for good, and its file where that is said."""
    machine = host.machine(number)
    place = _seat(machine, controller, unit)
    away = _boolean(delete)
    if not _on(machine["settings"], f"{place}.present"):
        text = "Invalid configuration for device '0'."
        raise Refusal(fault("vim.fault.InvalidDeviceSpec", text, deviceIndex="0"))
    if away:
        (Path(machine["path"]).parent / machine["settings"][f"{place}.filename"]).unlink()
    _rewrite(machine, place, {})
    return ""


def _rewrite(machine: Record, place: str, lines: dict[str, str]) -> None:
    """Write a machine's file anew, as the host does by itself."""
    path = Path(machine["path"])
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.lower().startswith(f"{place}.")
    ]
    kept += [f'{key} = "{value}"' for key, value in lines.items()]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    machine["settings"] = read_vmx(path)
