"""Where PCI devices go: buses, slots and functions of one guest, with nothing taken twice.

Pure bookkeeping: it knows nothing of XML, of QEMU's device names or of what a device is for.
What fits where follows the PCI Express guidelines of QEMU (``docs/pcie.txt``) and libvirt's
words for the controllers (``pcie-root-port``, ``pcie-to-pci-bridge``, …).
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from aiovirt.errors import ConfigError
from aiovirt.model.addresses import PciAddress

__all__ = ["AddedBus", "Connector", "Topology"]

FUNCTIONS: Final = 8
LAST_SLOT: Final = 31
MAX_BUSES: Final = 256


class Connector(enum.Flag):
    """What a slot takes, and what a device needs."""

    CONVENTIONAL = enum.auto()
    """A conventional PCI device."""
    EXPRESS = enum.auto()
    """An express device in a port of its own: it can be unplugged."""
    INTEGRATED = enum.auto()
    """A device that belongs on the root bus itself, such as a display adapter."""
    ROOT_PORT = enum.auto()
    """A root port: eight of them share a slot of the root complex."""


class _Kind(NamedTuple):
    takes: Connector
    slots: range


_KINDS: Final[dict[str, _Kind]] = {
    "pci-root": _Kind(Connector.CONVENTIONAL | Connector.INTEGRATED, range(1, LAST_SLOT + 1)),
    "pci-bridge": _Kind(Connector.CONVENTIONAL, range(1, LAST_SLOT + 1)),
    "pcie-root": _Kind(Connector.INTEGRATED | Connector.ROOT_PORT, range(1, LAST_SLOT + 1)),
    "pcie-root-port": _Kind(Connector.EXPRESS, range(1)),
    "pcie-to-pci-bridge": _Kind(Connector.CONVENTIONAL, range(1, LAST_SLOT + 1)),
    "dmi-to-pci-bridge": _Kind(Connector.CONVENTIONAL, range(1, LAST_SLOT + 1)),
}

# What to add when nothing is free: the new bus, and what it needs to be plugged in itself.
_GROWTH_EXPRESS: Final = {
    Connector.EXPRESS: ("pcie-root-port", Connector.ROOT_PORT),
    Connector.CONVENTIONAL: ("pcie-to-pci-bridge", Connector.EXPRESS),
}
_GROWTH_CONVENTIONAL: Final = {
    Connector.CONVENTIONAL: ("pci-bridge", Connector.CONVENTIONAL),
}


@dataclass(frozen=True)
class AddedBus:
    """A controller that had to be added: its index, libvirt's model, and where it is plugged."""

    index: int
    model: str
    address: PciAddress


@dataclass
class _Bus:
    model: str
    takes: Connector
    slots: range
    taken: dict[int, dict[int, str]] = field(default_factory=dict)

    def free_slots(self) -> Iterator[int]:
        return (slot for slot in self.slots if slot not in self.taken)


class Topology:
    """The PCI buses of one guest and who sits where.

    Args:
        root: The model of bus 0: ``pci-root`` or ``pcie-root``.
    """

    def __init__(self, root: str) -> None:
        self._buses: dict[int, _Bus] = {}
        self._shared_slots: set[tuple[int, int]] = set()
        self.added: list[AddedBus] = []
        self.express = root == "pcie-root"
        self._growth = _GROWTH_EXPRESS if self.express else _GROWTH_CONVENTIONAL
        self.add_bus(0, root)

    def add_bus(self, index: int, model: str) -> None:
        """Make a bus known.

        Raises:
            ConfigError: The model is not known, or the index is taken or too large.
        """
        kind = _KINDS.get(model)
        if kind is None:
            known = ", ".join(_KINDS)
            raise ConfigError(f"PCI controller model {model!r} is not one of {known}")
        if index in self._buses:
            raise ConfigError(f"two PCI controllers have the index {index}")
        if not 0 <= index < MAX_BUSES:
            raise ConfigError(f"PCI controller index {index} is not in 0 to {MAX_BUSES - 1}")
        self._buses[index] = _Bus(model, kind.takes, kind.slots)

    def reserve(self, address: PciAddress, owner: str, *, root_port: bool = False) -> None:
        """Take an address that is given.

        Args:
            address: The place.
            owner: What sits there, for the message of a later collision.
            root_port: A multifunction root port: further root ports may share its slot.

        Raises:
            ConfigError: There is no such place, or somebody else has it.
        """
        bus = self._bus_of(address, owner)
        functions = bus.taken.setdefault(address.slot, {})
        if address.function in functions:
            other = functions[address.function]
            raise ConfigError(f"PCI address {address} of {owner} is taken by {other}")
        functions[address.function] = owner
        if root_port and address.function == 0:
            self._shared_slots.add((address.bus, address.slot))

    def allocate(self, needs: Connector, owner: str) -> PciAddress:
        """Take the lowest free place that suits, adding buses when none is free.

        On a guest without PCI Express every need is met by a conventional slot.

        Raises:
            ConfigError: All buses are full and no further can be added.
        """
        if not self.express and needs is not Connector.INTEGRATED:
            needs = Connector.CONVENTIONAL
        address = self._shared(needs) or self._free(needs)
        if address is None:
            self._grow(needs, owner)
            address = self._free(needs)
        if address is None:
            raise ConfigError(f"no PCI slot is left for {owner}")
        root_port = needs is Connector.ROOT_PORT
        self.reserve(address, owner, root_port=root_port)
        first_of_several = root_port and address.function == 0
        return replace(address, multifunction=True) if first_of_several else address

    def is_free(self, address: PciAddress) -> bool:
        """Whether the bus exists and nothing has any function of the slot."""
        bus = self._buses.get(address.bus)
        return bus is not None and address.slot in bus.slots and address.slot not in bus.taken

    def has_room(self, address: PciAddress) -> bool:
        """Whether the bus exists and this function is free; other functions may be taken."""
        bus = self._buses.get(address.bus)
        exists = bus is not None and address.slot in bus.slots
        return (
            exists and bus is not None and address.function not in bus.taken.get(address.slot, {})
        )

    def ensure_free_port(self) -> None:
        """See that one express port stays free, for a device plugged in later."""
        if self.express and self._free(Connector.EXPRESS) is None:
            self._grow(Connector.EXPRESS, "a device plugged in later")

    def orphans(self) -> Iterator[tuple[PciAddress, str]]:
        """Who has a function above 0 in a slot whose function 0 is empty: QEMU cannot show it."""
        for index, bus in self._buses.items():
            for slot, functions in bus.taken.items():
                if 0 not in functions:
                    yield from (
                        (PciAddress(0, index, slot, f), who) for f, who in functions.items()
                    )

    def _bus_of(self, address: PciAddress, owner: str) -> _Bus:
        bus = self._buses.get(address.bus)
        if bus is None or address.domain != 0:
            raise ConfigError(f"PCI address {address} of {owner}: there is no such bus")
        if address.slot not in bus.slots:
            first, last = bus.slots[0], bus.slots[-1]
            raise ConfigError(
                f"PCI address {address} of {owner}: a {bus.model} has slots {first} to {last}"
            )
        return bus

    def _shared(self, needs: Connector) -> PciAddress | None:
        if needs is not Connector.ROOT_PORT:
            return None
        for index, slot in sorted(self._shared_slots):
            taken = self._buses[index].taken[slot]
            free = next((f for f in range(FUNCTIONS) if f not in taken), None)
            if free is not None:
                return PciAddress(0, index, slot, free)
        return None

    def _free(self, needs: Connector, *, spare: int | None = None) -> PciAddress | None:
        """The lowest free slot that suits, when more than *spare* are free."""
        if spare is None:
            # without express ports, the last slot is kept for the bridge that adds 31 more
            spare = 0 if self.express else 1
        places = (
            PciAddress(0, index, slot)
            for index, bus in self._buses.items()
            if needs in bus.takes
            for slot in bus.free_slots()
        )
        found = tuple(itertools.islice(places, spare + 1))
        return found[0] if len(found) > spare else None

    def _grow(self, needs: Connector, owner: str) -> None:
        """Add a bus that takes what *needs* says, and the buses it needs itself."""
        if needs not in self._growth:
            return
        model, plug = self._growth[needs]
        address = self._plug(model, plug, owner)
        index = next((i for i in range(1, MAX_BUSES) if i not in self._buses), None)
        if index is None:
            raise ConfigError(f"no PCI controller can be added for {owner}: {MAX_BUSES} are there")
        self.add_bus(index, model)
        self.added.append(AddedBus(index, model, address))

    def _plug(self, model: str, needs: Connector, owner: str) -> PciAddress:
        if self.express:
            return self.allocate(needs, f"the {model} for {owner}")
        address = self._free(needs, spare=0)
        if address is None:
            raise ConfigError(f"no PCI slot is left for {owner}")
        self.reserve(address, f"the {model} for {owner}")
        return address
