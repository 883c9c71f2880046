"""Where a device sits in its guest: one frozen value for each kind of address.

The kinds and the ranges are libvirt's (basictypes.rng, docs/formatdomain "Device Addresses").
How they are written in XML is not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from aiovirt.errors import ConfigError

__all__ = [
    "CcidAddress",
    "CcwAddress",
    "DeviceAddress",
    "DimmAddress",
    "DriveAddress",
    "IsaAddress",
    "MmioAddress",
    "OtherAddress",
    "PciAddress",
    "SpaprVioAddress",
    "UnassignedAddress",
    "UsbAddress",
    "VirtioSerialAddress",
]


class _Ranged:
    """What the addresses share: each number is checked against its highest value."""

    __slots__ = ()
    HIGHEST: ClassVar[dict[str, int]] = {}

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ConfigError: A number is negative or too high for its place.
        """
        for name, highest in self.HIGHEST.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= highest:
                kind = type(self).__name__
                raise ConfigError(f"{kind}: {name} is {value}, outside 0 to {highest}", field=name)


_PCI_TEXT = re.compile(
    r"(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class PciAddress(_Ranged):
    """A place on a PCI bus; all zero means "on PCI, anywhere".

    Attributes:
        domain: The PCI domain (also called segment).
        bus: The bus: the index of the controller that provides it.
        slot: The slot on the bus.
        function: The function in the slot.
        multifunction: Whether the slot announces further functions, or None to leave it open.
    """

    domain: int = 0
    bus: int = 0
    slot: int = 0
    function: int = 0
    multifunction: bool | None = None

    HIGHEST: ClassVar[dict[str, int]] = {
        "domain": 0xFFFFFFFF,
        "bus": 0xFF,
        "slot": 0x1F,
        "function": 7,
    }

    @classmethod
    def parse(cls, text: str) -> PciAddress:
        """Read ``0000:00:1f.2`` or ``00:1f.2``.

        Raises:
            ConfigError: The text is no PCI address.
        """
        match = _PCI_TEXT.fullmatch(text)
        if match is None:
            raise ConfigError(f"{text!r} is no PCI address", hint="Write it as 0000:00:1f.2.")
        domain, bus, slot, function = (int(part or "0", 16) for part in match.groups())
        return cls(domain, bus, slot, function)

    @property
    def is_unassigned(self) -> bool:
        """Whether it only asks for some place on PCI."""
        return not (self.domain or self.bus or self.slot or self.function)

    def __str__(self) -> str:
        return f"{self.domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function:x}"


@dataclass(frozen=True, slots=True)
class DriveAddress(_Ranged):
    """A place on a disk controller.

    Attributes:
        controller: The controller's index.
        bus: The bus (channel) on it.
        target: The target on the bus.
        unit: The unit (LUN) at the target.
    """

    controller: int = 0
    bus: int = 0
    target: int = 0
    unit: int = 0

    HIGHEST: ClassVar[dict[str, int]] = {
        **dict.fromkeys(("controller", "bus", "target"), 99),
        "unit": 99999,
    }

    def __str__(self) -> str:
        return f"{self.controller}:{self.bus}:{self.target}:{self.unit}"


@dataclass(frozen=True, slots=True)
class VirtioSerialAddress(_Ranged):
    """A port of a virtio-serial controller; port None lets the driver choose."""

    controller: int = 0
    bus: int = 0
    port: int | None = None

    HIGHEST: ClassVar[dict[str, int]] = dict.fromkeys(("controller", "bus", "port"), 99)


@dataclass(frozen=True, slots=True)
class CcidAddress(_Ranged):
    """A slot of a smartcard reader."""

    controller: int = 0
    slot: int = 0

    HIGHEST: ClassVar[dict[str, int]] = dict.fromkeys(("controller", "slot"), 99)


@dataclass(frozen=True, slots=True)
class UsbAddress(_Ranged):
    """A port of a USB bus: hubs make it a path such as ``1.2``; None lets the driver choose."""

    bus: int = 0
    port: str | None = None

    HIGHEST: ClassVar[dict[str, int]] = {"bus": 999}


@dataclass(frozen=True, slots=True)
class IsaAddress(_Ranged):
    """An I/O port and an interrupt of the ISA bus."""

    iobase: int | None = None
    irq: int | None = None

    HIGHEST: ClassVar[dict[str, int]] = {"iobase": 0xFFFF, "irq": 0xF}


@dataclass(frozen=True, slots=True)
class CcwAddress(_Ranged):
    """A place on the channel subsystem of S/390; None lets the driver choose."""

    cssid: int | None = None
    ssid: int | None = None
    devno: int | None = None

    HIGHEST: ClassVar[dict[str, int]] = {"cssid": 0xFE, "ssid": 3, "devno": 0xFFFF}


@dataclass(frozen=True, slots=True)
class SpaprVioAddress(_Ranged):
    """A register of the virtual I/O bus of POWER; None lets the driver choose."""

    reg: int | None = None

    HIGHEST: ClassVar[dict[str, int]] = {"reg": 0xFFFFFFFF}


@dataclass(frozen=True, slots=True)
class DimmAddress(_Ranged):
    """A slot for memory and its place among the guest's addresses; None lets the driver choose."""

    slot: int | None = None
    base: int | None = None

    HIGHEST: ClassVar[dict[str, int]] = {"slot": 0xFFFFFFFF, "base": 0xFFFFFFFFFFFFFFFF}


@dataclass(frozen=True, slots=True)
class MmioAddress:
    """A virtio-mmio transport: the machine type gives it its place."""


@dataclass(frozen=True, slots=True)
class UnassignedAddress:
    """A host device that is managed but not handed to the guest."""


@dataclass(frozen=True, slots=True)
class OtherAddress:
    """An address of a kind that aiovirt does not know.

    Attributes:
        type: The kind's word.
        values: Its other attributes, as name and text.
    """

    type: str
    values: tuple[tuple[str, str], ...] = ()


DeviceAddress: TypeAlias = (
    PciAddress
    | DriveAddress
    | VirtioSerialAddress
    | CcidAddress
    | UsbAddress
    | IsaAddress
    | CcwAddress
    | SpaprVioAddress
    | DimmAddress
    | MmioAddress
    | UnassignedAddress
    | OtherAddress
)
