"""Where PCI devices go: buses, slots and functions of one guest, with nothing taken twice.

Pure bookkeeping: it knows nothing of XML, of QEMU's device names or of what a device is for.
What fits where follows the PCI Express guidelines of QEMU (``docs/pcie.txt``) and libvirt, whose
guests shall find their devices where they were: src/conf/domain_addr.c.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiovirt.errors import ConfigError
from aiovirt.model.addresses import PciAddress

__all__ = ["Connector", "Topology"]

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
    """An express device that belongs on the root bus itself, such as an IOMMU."""
    ROOT_PORT = enum.auto()
    """A root port: eight of them share a slot of the root complex."""
    BRIDGE = enum.auto()
    """A bridge between conventional buses."""
    DMI_BRIDGE = enum.auto()
    """A bridge from the root complex to a conventional bus."""
    EXPRESS_BRIDGE = enum.auto()
    """A bridge from an express port to a conventional bus."""
    UPSTREAM = enum.auto()
    """The upper side of an express switch."""
    DOWNSTREAM = enum.auto()
    """A port of an express switch."""
    EXPANDER = enum.auto()
    """A further conventional root bus."""
    EXPRESS_EXPANDER = enum.auto()
    """A further root complex."""


_ENDPOINTS: Final = Connector.CONVENTIONAL | Connector.EXPRESS | Connector.INTEGRATED


class _Kind(NamedTuple):
    """What can be below a controller.

    Attributes:
        takes: What its slots take of those that may go anywhere.
        slots: The numbers of its slots.
    """

    takes: Connector
    slots: range


_ALL: Final = range(LAST_SLOT + 1)
_BUT_FIRST: Final = range(1, LAST_SLOT + 1)
_PLAIN: Final = Connector.CONVENTIONAL | Connector.BRIDGE
_PORT: Final = _Kind(Connector.EXPRESS | Connector.UPSTREAM | Connector.EXPRESS_BRIDGE, range(1))

_KINDS: Final[dict[str, _Kind]] = {
    "pci-root": _Kind(_PLAIN | Connector.EXPANDER | Connector.INTEGRATED, _BUT_FIRST),
    "pci-bridge": _Kind(_PLAIN, _BUT_FIRST),
    "pci-expander-bus": _Kind(_PLAIN, _ALL),
    "pcie-root": _Kind(
        Connector.INTEGRATED
        | Connector.ROOT_PORT
        | Connector.DMI_BRIDGE
        | Connector.EXPRESS_EXPANDER,
        _BUT_FIRST,
    ),
    "pcie-root-port": _PORT,
    "pcie-switch-downstream-port": _PORT,
    "pcie-switch-upstream-port": _Kind(Connector.DOWNSTREAM, _ALL),
    "pcie-expander-bus": _Kind(Connector.ROOT_PORT | Connector.DMI_BRIDGE, _ALL),
    "pcie-to-pci-bridge": _Kind(_PLAIN, _BUT_FIRST),
    "dmi-to-pci-bridge": _Kind(Connector.BRIDGE, _ALL),
}


@dataclass
class _Bus:
    model: str
    kind: _Kind
    taken: dict[int, dict[int, str]] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)

    def free(self, needs: Connector, function: int) -> tuple[int, int] | None:
        """The lowest slot that suits and is empty, or that root ports share, and the function."""
        for slot in self.kind.slots:
            functions = self.taken.get(slot)
            if not functions:
                return slot, function
            if needs is Connector.ROOT_PORT and slot in self.shared:
                left = next((f for f in range(FUNCTIONS) if f not in functions), None)
                if left is not None:
                    return slot, left
        return None

    def is_full(self) -> bool:
        return all(self.taken.get(slot) for slot in self.kind.slots)


class Topology:
    """The PCI buses of one guest and who sits where.

    Args:
        root: The model of bus 0: ``pci-root`` or ``pcie-root``.
        grows: Whether buses are added where none is free or a place is on none that is there.
        bridge: The model of a conventional bus that is added.
    """

    def __init__(self, root: str, *, grows: bool = True, bridge: str = "pci-bridge") -> None:
        self._buses: list[_Bus | None] = []
        self._grows = grows
        self._root = root
        self._bridge = bridge
        self.express = root == "pcie-root"
        self.add_bus(0, root)

    @property
    def models(self) -> dict[int, str]:
        """The models of all buses that are there, by index."""
        return {index: bus.model for index, bus in enumerate(self._buses) if bus is not None}

    def add_bus(self, index: int, model: str) -> None:
        """Make a bus known.

        Raises:
            ConfigError: The model is not known, or the index is taken or too large.
        """
        kind = _KINDS.get(model)
        if kind is None:
            known = ", ".join(_KINDS)
            raise ConfigError(f"PCI controller model {model!r} is not one of {known}")
        if not 0 <= index < MAX_BUSES:
            raise ConfigError(f"PCI controller index {index} is not in 0 to {MAX_BUSES - 1}")
        while len(self._buses) <= index:
            self._buses.append(None)
        if self._buses[index] is not None:
            raise ConfigError(f"two PCI controllers have the index {index}")
        self._buses[index] = _Bus(model, kind)

    def fill_gaps(self) -> None:
        """Add a bus of the usual model for each index that was left out."""
        usual = "pcie-root-port" if self.express else self._bridge
        for index, bus in enumerate(self._buses):
            if bus is None:
                self.add_bus(index, usual)

    def reserve(self, address: PciAddress, owner: str, *, root_port: bool = False) -> None:
        """Take an address that is given.

        Args:
            address: The place.
            owner: What sits there, for the message of a later collision.
            root_port: A root port: further ones may share its slot.

        Raises:
            ConfigError: There is no such place, or somebody else has it.
        """
        needs = Connector.EXPRESS if self.express else Connector.CONVENTIONAL
        while self._grows and address.domain == 0 and address.bus >= len(self._buses):
            self._grow(needs, owner)
        bus = self._bus_of(address, owner)
        functions = bus.taken.setdefault(address.slot, {})
        if address.function in functions:
            other = functions[address.function]
            raise ConfigError(f"PCI address {address} of {owner} is taken by {other}")
        if root_port and not functions:
            bus.shared.add(address.slot)
        functions[address.function] = owner

    def allocate(self, needs: Connector, owner: str, *, function: int = 0) -> PciAddress:
        """Take the lowest free place that suits, adding buses when none is free.

        On a guest without PCI Express every need of a device is met by a conventional slot.

        Raises:
            ConfigError: All buses are full and no further can be added.
        """
        if not self.express and needs in _ENDPOINTS:
            needs = Connector.CONVENTIONAL
        address = self._free(needs, function)
        if address is None and self._grows:
            self._grow(needs, owner)
            address = self._free(needs, function)
        if address is None:
            raise ConfigError(f"no PCI slot is left for {owner}")
        self.reserve(address, owner, root_port=needs is Connector.ROOT_PORT)
        return address

    def is_free(self, address: PciAddress) -> bool:
        """Whether the bus exists and nothing has any function of the slot."""
        bus = self._bus(address.bus)
        return (
            bus is not None and address.slot in bus.kind.slots and not bus.taken.get(address.slot)
        )

    def has_room(self, address: PciAddress) -> bool:
        """Whether the bus exists and this function is free; other functions may be taken."""
        bus = self._bus(address.bus)
        return (
            bus is not None
            and address.slot in bus.kind.slots
            and address.function not in bus.taken.get(address.slot, {})
        )

    def keep_slot(self) -> None:
        """Keep a place for what is plugged in later, if there is any left."""
        needs = Connector.EXPRESS if self.express else Connector.CONVENTIONAL
        if self.express or not all(bus is None or bus.is_full() for bus in self._buses):
            self.allocate(needs, "a device plugged in later")

    def orphans(self) -> Iterator[tuple[PciAddress, str]]:
        """Who has a function above 0 in a slot whose function 0 is empty: QEMU cannot show it."""
        for index, bus in enumerate(self._buses):
            for slot, functions in (bus.taken if bus else {}).items():
                if functions and 0 not in functions:
                    yield from (
                        (PciAddress(0, index, slot, f), who) for f, who in functions.items()
                    )

    def _bus(self, index: int) -> _Bus | None:
        return self._buses[index] if index < len(self._buses) else None

    def _bus_of(self, address: PciAddress, owner: str) -> _Bus:
        bus = self._bus(address.bus)
        if bus is None or address.domain != 0:
            raise ConfigError(f"PCI address {address} of {owner}: there is no such bus")
        slots = bus.kind.slots
        if address.slot not in slots:
            raise ConfigError(
                f"PCI address {address} of {owner}: "
                f"a {bus.model} has slots {slots[0]} to {slots[-1]}"
            )
        return bus

    def _free(self, needs: Connector, function: int) -> PciAddress | None:
        for index, bus in enumerate(self._buses):
            if bus is not None and needs in bus.kind.takes:
                place = bus.free(needs, function)
                if place is not None:
                    return PciAddress(0, index, *place)
        return None

    def _grow(self, needs: Connector, owner: str) -> None:
        """Add a bus that takes what *needs* says, and one that it is plugged into.

        A bridge to a conventional bus has a root port to itself.  The ports are given their own
        places later, when all buses are known.
        """
        if needs is Connector.CONVENTIONAL:
            models = [self._bridge]
            if not any(bus and Connector.BRIDGE in bus.kind.takes for bus in self._buses):
                models = ["pcie-root-port", "pcie-to-pci-bridge"]
        elif needs in {Connector.EXPRESS, Connector.UPSTREAM, Connector.EXPRESS_BRIDGE}:
            models = ["pcie-root-port"]
        else:
            raise ConfigError(f"no PCI slot is left for {owner}, and none can be added")
        for model in models:
            if len(self._buses) >= MAX_BUSES:
                raise ConfigError(
                    f"no PCI controller can be added for {owner}: {MAX_BUSES} are there"
                )
            self.add_bus(len(self._buses), model)
        if len(models) > 1:
            port = PciAddress(0, len(self._buses) - 2, 0)
            self.reserve(port, "the bridge to conventional PCI")
