"""The devices that a machine has now, as ``vim-cmd vmsvc/device.getdevices`` prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiovirt.drivers.common.vmx.places import Place
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.inventory import Machine
from aiovirt.protocols.esxcli import VimObject

__all__ = ["Hardware", "LiveDevice", "hardware_of"]

_BUSES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "VirtualBusLogicController",
            "VirtualLsiLogicController",
            "VirtualLsiLogicSASController",
            "ParaVirtualSCSIController",
        ),
        "scsi",
    ),
    "VirtualAHCIController": "sata",
    "VirtualNVMEController": "nvme",
    "VirtualIDEController": "ide",
    "VirtualSIOController": "fdc",
}
"""The last part of a controller's type -> the bus that it is, in libvirt's words."""

_DRIVES: Final = frozenset({"VirtualDisk", "VirtualCdrom", "VirtualFloppy"})


@dataclass(frozen=True, slots=True)
class LiveDevice:
    """A drive or a network card.

    Attributes:
        kind: The last part of its type, such as ``VirtualCdrom``.
        key: What the host calls it.
        file: What a drive has in it, as ``[datastore1] iso/debian.iso``, or None.
        connected: Whether it is connected; None where it always is.
    """

    kind: str
    key: int
    file: str | None
    connected: bool | None


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a machine has.

    Attributes:
        drives: Its drives, by their places.
        cards: Its network cards, by their addresses in small letters.
        controllers: The bus and the number of each controller that drives can sit at.
    """

    drives: Mapping[Place, LiveDevice]
    cards: Mapping[str, LiveDevice]
    controllers: frozenset[tuple[str, int]]


async def hardware_of(host: EsxHost, machine: Machine) -> Hardware:
    """What a machine has now.

    Raises:
        AiovirtError: The host did not tell.
    """
    what = f"tell the devices of domain {machine.key.name!r}"
    found = await host.look("vmsvc/device.getdevices", str(machine.vmid), what=what)
    return read_hardware(found.objects("device"))


def read_hardware(devices: Sequence[VimObject]) -> Hardware:
    """What the objects of a machine's devices say."""
    controllers: dict[int, tuple[str, int]] = {}
    for device in devices:
        bus, key = _BUSES.get(_kind(device)), device.number("key")
        if bus is not None and key is not None:
            controllers[key] = bus, device.number("busNumber") or 0
    drives = {}
    for device in devices:
        seat = controllers.get(device.number("controllerKey") or 0)
        if seat is not None and _kind(device) in _DRIVES:
            drives[Place(*seat, device.number("unitNumber") or 0)] = _read(device)
    cards = {mac.lower(): _read(each) for each in devices if (mac := each.text("macAddress"))}
    return Hardware(drives, cards, frozenset(controllers.values()))


def _kind(device: VimObject) -> str:
    return device.kind.rpartition(".")[2]


def _read(device: VimObject) -> LiveDevice:
    connected = device.get("connectable.connected")
    return LiveDevice(
        _kind(device),
        device.number("key") or 0,
        device.text("backing.fileName") or None,
        connected if isinstance(connected, bool) else None,
    )
