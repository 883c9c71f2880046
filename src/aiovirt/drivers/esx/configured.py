"""A ``.vmx`` file made of what the server tells of a machine's configuration.

It stands for the machine's own file where that cannot be read: the account may not, the datastore
is away, or the file is empty.  What the API does not tell is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from uuid import UUID

from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx
from aiovirt.drivers.common.vmx.section import Section, uuid_text
from aiovirt.errors import ConfigError
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigInfo

__all__ = ["vmx_from"]

CONFIG_VERSION: Final = 8

_SCSI_MODELS: Final[Mapping[type[d.VirtualSCSIController], str]] = {
    d.VirtualBusLogicController: "buslogic",
    d.VirtualLsiLogicController: "lsilogic",
    d.VirtualLsiLogicSASController: "lsisas1068",
    d.ParaVirtualSCSIController: "pvscsi",
}
_BUSES: Final[Mapping[type[d.VirtualController], str]] = {
    d.VirtualSCSIController: "scsi",
    d.VirtualSATAController: "sata",
    d.VirtualNVMEController: "nvme",
    d.VirtualIDEController: "ide",
}
_CARDS: Final[Mapping[type[d.VirtualEthernetCard], str]] = {
    d.VirtualE1000e: "e1000e",
    d.VirtualE1000: "e1000",
    d.VirtualVmxnet3: "vmxnet3",
    d.VirtualVmxnet: "vmxnet",
    d.VirtualPCNet32: "vlance",
}
_DISK_TYPES: Final = {"scsi": "scsi-hardDisk", "ide": "ata-hardDisk"}
_ADDRESS_TYPES: Final = {"manual": "static", "assigned": "vpx", "generated": "generated"}

_Devices: TypeAlias = Mapping[int, d.VirtualDevice]
_Write: TypeAlias = Callable[["_Machine", Any], None]


class _Machine:
    """A machine that becomes a file."""

    def __init__(self, info: VirtualMachineConfigInfo, files: DatastoreFiles) -> None:
        self.vmx = Vmx()
        self.files = files
        self.devices: _Devices = {each.key: each for each in info.hardware.device}
        self.counts: dict[str, int] = {}

    def section(self, prefix: str = "") -> Section:
        """The keys with a prefix."""
        return Section(self.vmx, prefix)

    def numbered(self, family: str) -> Section:
        """The keys of the next device of a family."""
        number = self.counts.get(family, 0)
        self.counts[family] = number + 1
        return self.section(f"{family}{number}")

    def bus(self, device: d.VirtualDevice) -> str | None:
        """The bus that a drive sits on, or None."""
        found: str | None = _of(self.devices.get(device.controller_key or 0), _BUSES)
        return found

    def place(self, device: d.VirtualDevice) -> Section | None:
        """The keys of a drive, by where it sits."""
        bus, controller = self.bus(device), self.devices.get(device.controller_key or 0)
        if bus is None or not isinstance(controller, d.VirtualController):
            return None
        return self.section(f"{bus}{controller.bus_number}:{device.unit_number or 0}")

    def stored(self, path: str) -> str:
        """A file's name as a ``.vmx`` has it; one that cannot be understood stays as it is."""
        try:
            return self.files.stored(path)
        except ConfigError:
            return path


def vmx_from(info: VirtualMachineConfigInfo, files: DatastoreFiles) -> Vmx:
    """The file of a machine.

    Args:
        info: Its configuration.
        files: What is known of its files.
    """
    machine = _Machine(info, files)
    for option in info.extra_config:
        if isinstance(option.value, str) and option.key:
            machine.vmx.set(option.key, option.value)
    _write_machine(machine.section(), info)
    for device in info.hardware.device:
        write = _of(device, _WRITERS)
        if write is not None:
            write(machine, device)
    return machine.vmx


def _of(value: object, table: Mapping[type[Any], Any]) -> Any:  # noqa: ANN401 - a table's value
    """What a table says of a value's class."""
    return next((found for kind, found in table.items() if isinstance(value, kind)), None)


def _write_machine(own: Section, info: VirtualMachineConfigInfo) -> None:
    hardware = info.hardware
    own.put("config.version", CONFIG_VERSION)
    own.put("virtualHW.version", info.version.removeprefix("vmx-").lstrip("0") or "4")
    own.put("displayName", info.name)
    own.put("uuid.bios", uuid_text(UUID(info.uuid)))
    own.put("memsize", hardware.memory_mb)
    own.put("numvcpus", hardware.num_cpu)
    own.put("guestOS", _guest(info.guest_id))
    own.say(annotation=info.annotation or None, firmware=_firmware(info))
    if (hardware.num_cores_per_socket or 1) > 1:
        own.put("cpuid.coresPerSocket", hardware.num_cores_per_socket or 1)
    _write_limits(own, info)


def _firmware(info: VirtualMachineConfigInfo) -> str | None:
    return info.firmware if info.firmware == "efi" else None


def _write_limits(own: Section, info: VirtualMachineConfigInfo) -> None:
    memory, cpu = info.memory_allocation, info.cpu_allocation
    if memory is not None:
        own.say(sched_mem_max=_positive(memory.limit))
        own.say(sched_mem_minsize=_positive(memory.reservation))
    if cpu is not None and cpu.shares is not None:
        level = str(cpu.shares.level)
        own.put("sched.cpu.shares", str(cpu.shares.shares) if level == "custom" else level)


def _positive(number: int | None) -> int | None:
    return number if number is not None and number > 0 else None


def _guest(guest_id: str) -> str:
    """The kind of guest in the words of the file: ``ubuntu64Guest`` is ``ubuntu-64`` there."""
    word = guest_id.replace("Guest", "").lower()
    return f"{word.removesuffix('64').removesuffix('_')}-64" if word.endswith("64") else word


# --- devices --------------------------------------------------------------------------------------


def _controller(machine: _Machine, device: d.VirtualController) -> None:
    section = machine.section(f"{_of(device, _BUSES)}{device.bus_number}")
    section.say(present=True, virtualDev=_of(device, _SCSI_MODELS))


def _disk(machine: _Machine, device: d.VirtualDisk) -> None:
    section, backing = machine.place(device), device.backing
    if section is None or not isinstance(backing, d.VirtualDeviceFileBackingInfo):
        return
    mode = getattr(backing, "disk_mode", None)
    section.say(
        present=True,
        fileName=machine.stored(backing.file_name),
        deviceType=_DISK_TYPES.get(machine.bus(device) or ""),
        mode=mode if mode and mode.startswith("independent") else None,
        writeThrough=getattr(backing, "write_through", None) or None,
    )


def _cdrom(machine: _Machine, device: d.VirtualCdrom) -> None:
    section, backing = machine.place(device), device.backing
    if section is None:
        return
    section.put("present", value=True)
    connected = device.connectable
    section.say(startConnected=None if connected is None else connected.start_connected)
    if isinstance(backing, d.VirtualDeviceFileBackingInfo):
        name = machine.stored(backing.file_name) if backing.file_name else "emptyBackingString"
        section.say(deviceType="cdrom-image", fileName=name)
    elif isinstance(backing, d.VirtualDeviceDeviceBackingInfo):
        name = "auto detect" if backing.use_auto_detect else backing.device_name
        section.say(deviceType="atapi-cdrom", fileName=name)
    else:
        section.say(deviceType="atapi-cdrom", fileName="", clientDevice=True)


def _floppy(machine: _Machine, device: d.VirtualFloppy) -> None:
    backing = device.backing
    section = machine.section(f"floppy{device.unit_number or 0}")
    if isinstance(backing, d.VirtualDeviceFileBackingInfo):
        section.say(present=True, fileType="file", fileName=machine.stored(backing.file_name))
    elif isinstance(backing, d.VirtualDeviceDeviceBackingInfo):
        section.say(present=True, fileType="device", fileName=backing.device_name)


def _card(machine: _Machine, device: d.VirtualEthernetCard) -> None:
    section = machine.numbered("ethernet")
    section.say(present=True, virtualDev=_of(device, _CARDS))
    if isinstance(device, d.VirtualVmxnet2):
        section.put("features", "15")
    kind = _ADDRESS_TYPES.get((device.address_type or "generated").lower(), "static")
    section.put("addressType", kind)
    if device.mac_address:
        section.put("address" if kind == "static" else "generatedAddress", device.mac_address)
    write = _of(device.backing, _CONNECTIONS)
    if write is not None:
        write(section, device.backing)


def _network(section: Section, backing: d.VirtualDeviceDeviceBackingInfo) -> None:
    section.say(connectionType="bridged", networkName=backing.device_name)


def _port_group(
    section: Section, backing: d.VirtualEthernetCardDistributedVirtualPortBackingInfo
) -> None:
    port = backing.port
    section.put("dvs.switchId", port.switch_uuid)
    section.put("dvs.portId", port.port_key or "0")
    section.put("dvs.portgroupId", port.portgroup_key or "")
    section.put("dvs.connectionId", port.connection_cookie or 0)


_CONNECTIONS: Final[Mapping[type[d.VirtualDeviceBackingInfo], Callable[[Section, Any], None]]] = {
    d.VirtualEthernetCardNetworkBackingInfo: _network,
    d.VirtualEthernetCardDistributedVirtualPortBackingInfo: _port_group,
}


def _serial(machine: _Machine, device: d.VirtualSerialPort) -> None:
    write = _of(device.backing, _PORTS)
    if write is not None:
        section = machine.numbered("serial")
        section.put("present", value=True)
        write(machine, section, device.backing)


def _parallel(machine: _Machine, device: d.VirtualParallelPort) -> None:
    write = _of(device.backing, _PORTS)
    if write is not None:
        section = machine.numbered("parallel")
        section.put("present", value=True)
        write(machine, section, device.backing)


def _port_file(machine: _Machine, section: Section, backing: Any) -> None:  # noqa: ANN401 - by class
    section.say(fileType="file", fileName=machine.stored(backing.file_name))


def _port_device(_: _Machine, section: Section, backing: Any) -> None:  # noqa: ANN401 - by class
    section.say(fileType="device", fileName=backing.device_name)


def _port_pipe(_: _Machine, section: Section, backing: Any) -> None:  # noqa: ANN401 - by class
    section.say(fileType="pipe", fileName=backing.pipe_name)


def _port_uri(_: _Machine, section: Section, backing: Any) -> None:  # noqa: ANN401 - by class
    section.say(fileType="network", fileName=backing.service_uri)
    section.put("network.endPoint", backing.direction)


_PORTS: Final[Mapping[type[d.VirtualDeviceBackingInfo], Callable[..., None]]] = {
    d.VirtualDeviceFileBackingInfo: _port_file,
    d.VirtualDeviceDeviceBackingInfo: _port_device,
    d.VirtualDevicePipeBackingInfo: _port_pipe,
    d.VirtualDeviceURIBackingInfo: _port_uri,
}


def _video(machine: _Machine, device: d.VirtualMachineVideoCard) -> None:
    if device.video_ram_size_in_kb:
        machine.section("svga").put("vramSize", device.video_ram_size_in_kb * 1024)


_WRITERS: Final[Mapping[type[d.VirtualDevice], _Write]] = {
    **dict.fromkeys(
        (d.VirtualSCSIController, d.VirtualSATAController, d.VirtualNVMEController), _controller
    ),
    d.VirtualDisk: _disk,
    d.VirtualCdrom: _cdrom,
    d.VirtualFloppy: _floppy,
    d.VirtualEthernetCard: _card,
    d.VirtualSerialPort: _serial,
    d.VirtualParallelPort: _parallel,
    d.VirtualMachineVideoCard: _video,
}
