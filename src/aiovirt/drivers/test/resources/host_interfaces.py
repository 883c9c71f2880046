"""`HostInterfaces` of the in-memory host, and what it keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiovirt.config import HostInterfaceConfig
from aiovirt.drivers.common.managed import chosen
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import checked
from aiovirt.errors import CallerError, InvalidState, NotFound
from aiovirt.interfaces import HostInterfaces
from aiovirt.interfaces.ability import immediate
from aiovirt.model.keys import HostInterfaceKey
from aiovirt.model.network import HostInterfaceRecord

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World

__all__ = ["HostInterfaceRoom", "MemoryInterface", "TestHostInterfaces"]


@dataclass(eq=False)
class MemoryInterface:
    """One interface.

    Attributes:
        config: How it is configured.
        live: How it is set up, while it is up.
    """

    config: HostInterfaceConfig
    live: HostInterfaceConfig | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name or ""

    @property
    def active(self) -> bool:
        """Whether it is up."""
        return self.live is not None

    @property
    def key(self) -> HostInterfaceKey:
        """Name and MAC address."""
        return HostInterfaceKey(self.name, str(self.config.mac or ""))


class HostInterfaceRoom:
    """The interfaces of one host.

    Attributes:
        interfaces: All of them, by name.
        saved: How they were when changes began, or None.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.interfaces: dict[str, MemoryInterface] = {}
        self.saved: dict[str, MemoryInterface] | None = None

    def add(self, config: HostInterfaceConfig, *, active: bool = True) -> MemoryInterface:
        """Put an interface there: of the host from the beginning."""
        made = MemoryInterface(config.copy(), config.copy() if active else None)
        self.interfaces[made.name] = made
        return made

    def of(self, name: str) -> MemoryInterface:
        """The interface of that name.

        Raises:
            NotFound: There is none.
        """
        found = self.interfaces.get(name)
        if found is None:
            raise NotFound(f"there is no host interface {name!r}")
        return found


class TestHostInterfaces(TestAbility, HostInterfaces):
    """See `aiovirt.interfaces.HostInterfaces`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(HostInterfaceRoom)

    def _sorted(self) -> list[MemoryInterface]:
        return [self.room.interfaces[name] for name in sorted(self.room.interfaces)]

    @immediate
    async def keys(self, *, active: bool | None = None) -> Sequence[HostInterfaceKey]:
        """See `HostInterfaces`."""
        return [each.key for each in self._sorted() if chosen(active, each.active)]

    @immediate
    async def records(self) -> Sequence[HostInterfaceRecord]:
        """See `HostInterfaces`."""
        return [HostInterfaceRecord(each.key, each.active) for each in self._sorted()]

    @immediate
    async def find_by_name(self, name: str) -> HostInterfaceKey:
        """See `HostInterfaces`."""
        return self.room.of(name).key

    @immediate
    async def find_by_mac(self, mac: str) -> HostInterfaceKey:
        """See `HostInterfaces`."""
        found = [each.key for each in self._sorted() if each.key.mac == mac.lower()]
        if not found:
            raise NotFound(f"there is no host interface with the MAC address {mac}")
        if len(found) > 1:
            raise CallerError(f"several host interfaces have the MAC address {mac}")
        return found[0]

    @immediate
    async def config(
        self, interface: HostInterfaceKey, *, inactive: bool = False
    ) -> HostInterfaceConfig:
        """See `HostInterfaces`."""
        found = self.room.of(interface.name)
        live = None if inactive else found.live
        return (live or found.config).copy()

    async def define(
        self, config: HostInterfaceConfig, *, validate: bool = False
    ) -> HostInterfaceKey:
        """See `HostInterfaces`."""
        given = await checked("HostInterfaces.define", config, validate=validate)
        if given.name is None and given.vlan:
            given.name = f"{given.vlan.interface}.{given.vlan.tag}"
        there = self.room.interfaces.get(given.name or "")
        if there is None:
            return self.room.add(given, active=False).key
        there.config = given
        return there.key

    async def undefine(self, interface: HostInterfaceKey) -> None:
        """See `HostInterfaces`."""
        del self.room.interfaces[self.room.of(interface.name).name]

    async def start(self, interface: HostInterfaceKey) -> None:
        """See `HostInterfaces`."""
        found = self.room.of(interface.name)
        if found.active:
            raise InvalidState(f"host interface {found.name!r} is up already")
        found.live = found.config.copy()

    async def destroy(self, interface: HostInterfaceKey) -> None:
        """See `HostInterfaces`."""
        found = self.room.of(interface.name)
        if not found.active:
            raise InvalidState(f"host interface {found.name!r} is down already")
        found.live = None

    @immediate
    async def is_active(self, interface: HostInterfaceKey) -> bool:
        """See `HostInterfaces`."""
        return self.room.of(interface.name).active

    async def begin_changes(self) -> None:
        """See `HostInterfaces`."""
        if self.room.saved is not None:
            raise InvalidState("changes of the host's interfaces have begun already")
        self.room.saved = deepcopy(self.room.interfaces)

    async def commit_changes(self) -> None:
        """See `HostInterfaces`."""
        self._saved()
        self.room.saved = None

    async def rollback_changes(self) -> None:
        """See `HostInterfaces`."""
        self.room.interfaces = self._saved()
        self.room.saved = None

    def _saved(self) -> dict[str, MemoryInterface]:
        if self.room.saved is None:
            raise InvalidState("no changes of the host's interfaces have begun")
        return self.room.saved
