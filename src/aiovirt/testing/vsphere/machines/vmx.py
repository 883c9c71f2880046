"""The configuration file of a simulated machine: what it is written as, and what is read of it.

It is apart from aiovirt's own reader of such files, so that the two check each other.  Source:
VMware's documentation of the parameters of .vmx files, and files of real hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigInfo
from aiovirt.protocols.vsphere.tables.networks import DistributedVirtualSwitchPortConnection

__all__ = ["Vmx", "VmxDisk", "VmxNic", "read_vmx", "write_vmx"]

_LINE: Final = re.compile(r'\s*([\w.:]+)\s*=\s*"(.*)"\s*$')
_ESCAPE: Final = re.compile(r"\|([0-9A-Fa-f]{2})")
_SLOT: Final = re.compile(r"(scsi|sata|nvme|ide)(\d+):(\d+)\.present$")

_SCSI: Final[dict[type[d.VirtualDevice], str]] = {
    d.ParaVirtualSCSIController: "pvscsi",
    d.VirtualLsiLogicSASController: "lsisas1068",
    d.VirtualBusLogicController: "buslogic",
    d.VirtualLsiLogicController: "lsilogic",
}
_NICS: Final[dict[type[d.VirtualDevice], str]] = {
    d.VirtualVmxnet3: "vmxnet3",
    d.VirtualVmxnet2: "vmxnet",
    d.VirtualE1000e: "e1000e",
    d.VirtualE1000: "e1000",
    d.VirtualPCNet32: "vlance",
}
_BUSES: Final = (
    (d.VirtualSCSIController, "scsi"),
    (d.VirtualSATAController, "sata"),
    (d.VirtualNVMEController, "nvme"),
    (d.VirtualIDEController, "ide"),
)


def vmx_uuid(text: str) -> str:
    """A UUID in the form of these files: pairs of digits, with a dash in the middle."""
    digits = text.replace("-", "")
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])


def write_vmx(config: VirtualMachineConfigInfo) -> bytes:
    """The file of a machine."""
    lines = [".encoding", "UTF-8"], *([key, value] for key, value in _entries(config))
    return "".join(f'{key} = "{_escaped(value)}"\n' for key, value in lines).encode()


def _escaped(text: str) -> str:
    return "".join(f"|{ord(c):02X}" if c in '"|\n\r' else c for c in text)


def _entries(config: VirtualMachineConfigInfo) -> Iterator[tuple[str, str]]:
    hardware, instance = config.hardware, config.instance_uuid
    yield "config.version", "8"
    yield "virtualHW.version", config.version.removeprefix("vmx-")
    yield "displayName", config.name
    yield "guestOS", config.guest_id.removesuffix("Guest").replace("_", "-")
    yield "memSize", str(hardware.memory_mb)
    yield "numvcpus", str(hardware.num_cpu)
    yield "uuid.bios", vmx_uuid(config.uuid)
    cores = hardware.num_cores_per_socket or 1
    optional = (
        ("cpuid.coresPerSocket", str(cores) if cores > 1 else None),
        ("vc.uuid", vmx_uuid(instance) if instance else None),
        ("annotation", config.annotation),
        ("firmware", config.firmware),
    )
    yield from ((key, value) for key, value in optional if value)
    yield "svga.present", "TRUE"
    for device in hardware.device:
        yield from _device(device, config)
    yield from ((option.key, str(option.value)) for option in config.extra_config)


def _device(device: d.VirtualDevice, config: VirtualMachineConfigInfo) -> Iterator[tuple[str, str]]:
    if isinstance(device, d.VirtualSCSIController):
        yield f"scsi{device.bus_number}.present", "TRUE"
        yield f"scsi{device.bus_number}.virtualDev", _SCSI.get(type(device), "lsilogic")
    elif isinstance(device, d.VirtualSATAController | d.VirtualNVMEController):
        bus = "sata" if isinstance(device, d.VirtualSATAController) else "nvme"
        yield f"{bus}{device.bus_number}.present", "TRUE"
    elif isinstance(device, d.VirtualDisk | d.VirtualCdrom):
        yield from _drive(device, config)
    elif isinstance(device, d.VirtualEthernetCard):
        yield from _nic(device)


def _drive(
    device: d.VirtualDisk | d.VirtualCdrom, config: VirtualMachineConfigInfo
) -> Iterator[tuple[str, str]]:
    slot = _slot(device, config)
    backing = device.backing
    if slot is None:
        return
    yield f"{slot}.present", "TRUE"
    kind = "scsi-hardDisk" if isinstance(device, d.VirtualDisk) else "atapi-cdrom"
    if isinstance(device, d.VirtualCdrom) and isinstance(backing, d.VirtualCdromIsoBackingInfo):
        kind = "cdrom-image"
    yield f"{slot}.deviceType", kind
    if isinstance(backing, d.VirtualDeviceFileBackingInfo):
        yield f"{slot}.fileName", _relative(backing.file_name, config)
    elif isinstance(backing, d.VirtualDeviceRemoteDeviceBackingInfo):
        yield f"{slot}.clientDevice", "TRUE"
        yield f"{slot}.fileName", "emptyBackingString"
    mode = getattr(backing, "disk_mode", "")
    if "independent" in mode:
        yield f"{slot}.mode", mode.replace("_", "-")


def _relative(path: str, config: VirtualMachineConfigInfo) -> str:
    """A file's path as it stands there: a bare name within the machine's own folder."""
    folder = (config.files.vm_path_name or "").rpartition("/")[0]
    if folder and path.startswith(f"{folder}/"):
        return path.removeprefix(f"{folder}/")
    datastore, _, inner = path.partition("] ")
    return f"/vmfs/volumes/{datastore.removeprefix('[')}/{inner}"


def _slot(device: d.VirtualDevice, config: VirtualMachineConfigInfo) -> str | None:
    for controller in config.hardware.device:
        mine = controller.key == device.controller_key
        buses = [bus for kind, bus in _BUSES if isinstance(controller, kind)]
        if mine and buses and isinstance(controller, d.VirtualController):
            return f"{buses[0]}{controller.bus_number}:{device.unit_number}"
    return None


def _nic(card: d.VirtualEthernetCard) -> Iterator[tuple[str, str]]:
    name = f"ethernet{card.key - 4000}"
    yield f"{name}.present", "TRUE"
    yield f"{name}.virtualDev", _NICS.get(type(card), "vmxnet3")
    backing = card.backing
    if isinstance(backing, d.VirtualDeviceDeviceBackingInfo):
        yield f"{name}.networkName", backing.device_name
    elif isinstance(backing, d.VirtualEthernetCardDistributedVirtualPortBackingInfo):
        yield from _port(name, backing.port)
    kind, own = _ADDRESSES.get(card.address_type or "", ("generated", "generatedAddress"))
    yield f"{name}.addressType", kind
    yield f"{name}.{own}", card.mac_address or ""


_ADDRESSES: Final = {
    "assigned": ("vpx", "generatedAddress"),
    "manual": ("static", "address"),
}


def _port(name: str, port: DistributedVirtualSwitchPortConnection) -> Iterator[tuple[str, str]]:
    yield f"{name}.dvs.switchId", vmx_uuid(port.switch_uuid)
    yield f"{name}.dvs.portgroupId", port.portgroup_key or ""
    yield f"{name}.dvs.portId", port.port_key or "0"


# --- reading ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VmxDisk:
    """A disk or a CD drive of a file.

    Attributes:
        bus: ``scsi``, ``sata``, ``nvme`` or ``ide``.
        controller: The number of its bus.
        unit: Its place there.
        path: Its file, as it stands there.
        cdrom: Whether it is a CD drive.
    """

    bus: str
    controller: int
    unit: int
    path: str
    cdrom: bool


@dataclass(frozen=True, slots=True)
class VmxNic:
    """A network card of a file.

    Attributes:
        model: Such as ``vmxnet3``.
        network: The name of its network, of a standard one.
        mac: Its address.
        switch: The UUID of its distributed switch, or None.
        portgroup: The key of its port group there.
    """

    model: str
    network: str
    mac: str
    switch: str | None
    portgroup: str


@dataclass(frozen=True, slots=True)
class Vmx:
    """What is read of a file.

    Attributes:
        values: All of it, by keys in lower case.
        disks: Its disks and CD drives.
        nics: Its network cards.
    """

    values: Mapping[str, str]
    disks: tuple[VmxDisk, ...] = ()
    nics: tuple[VmxNic, ...] = field(default=())

    def number(self, key: str, default: int) -> int:
        """A number, or what counts where none stands."""
        text = self.values.get(key.lower(), "")
        return int(text) if text.isdigit() else default

    def uuid(self, key: str) -> str | None:
        """A UUID in its usual form, or None."""
        return _plain_uuid(self.values.get(key.lower(), ""))


def _plain_uuid(text: str) -> str | None:
    """A UUID in its usual form, or None."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9a-fA-F]{32}", digits):
        return None
    parts = digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]
    return "-".join(parts).lower()


def read_vmx(data: bytes) -> Vmx | None:
    """Read a file; None when it is none."""
    values: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        found = _LINE.match(line)
        if found is not None:
            values[found[1].lower()] = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), found[2])
    if "config.version" not in values and "virtualhw.version" not in values:
        return None
    disks = (_read_drive(values, match) for key in values if (match := _SLOT.match(key)))
    return Vmx(values, tuple(each for each in disks if each), tuple(_read_nics(values)))


def _read_drive(values: Mapping[str, str], slot: re.Match[str]) -> VmxDisk | None:
    prefix = slot.string.removesuffix(".present")
    if values[slot.string].lower() != "true":
        return None
    kind = values.get(f"{prefix}.devicetype", "disk").lower()
    path = values.get(f"{prefix}.filename", "")
    return VmxDisk(slot[1], int(slot[2]), int(slot[3]), path, "cdrom" in kind)


def _read_nics(values: Mapping[str, str]) -> Iterator[VmxNic]:
    for number in range(10):
        name = f"ethernet{number}"
        if values.get(f"{name}.present", "").lower() != "true":
            continue
        mac = values.get(f"{name}.address") or values.get(f"{name}.generatedaddress", "")
        yield VmxNic(
            model=values.get(f"{name}.virtualdev", "vlance").lower(),
            network=values.get(f"{name}.networkname", ""),
            mac=mac,
            switch=_plain_uuid(values.get(f"{name}.dvs.switchid", "")),
            portgroup=values.get(f"{name}.dvs.portgroupid", ""),
        )
