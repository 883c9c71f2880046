"""The destination's QEMU: where it waits, what it is given for that, and what is taken back."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.explain import says_taken
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.start import PORT_TRIES
from aiovirt.drivers.qemu.migration.bitmaps import MAPPING, Rows, taken
from aiovirt.drivers.qemu.migration.cookie import Noted
from aiovirt.drivers.qemu.migration.encryption import (
    CREDENTIALS,
    drop_credentials,
    make_credentials,
)
from aiovirt.drivers.qemu.migration.parameters import TLS, End, Wishes, capabilities, settings
from aiovirt.drivers.qemu.migration.places import Place, choose_port, listening
from aiovirt.drivers.qemu.migration.storage import copied, export, serve
from aiovirt.drivers.qemu.migration.watching import known_capabilities
from aiovirt.errors import AiovirtError, QMPCommandError
from aiovirt.model.domain import DomainKey

__all__ = ["Arrival", "Receiver"]

_FD: Final = "aiovirt-move"
_OUT_OF_BAND: Final = ("migrate-recover",)


@dataclass
class Arrival:
    """One domain that is awaited.

    Attributes:
        source: The key that it has at the source.
        domain: It, here.
        config: What runs here, or is defined here.
        wishes: How it moves.
        place: Where its memory is awaited; None with a tunnel, or offline.
        disks: Where its disks are awaited, or None.
        ports: The ports that are kept from others meanwhile.
        running: Whether it runs here already, and the rest follows.
        known_as: The definition that the source spoke of at first; empty if of none.
        definition: The same, complete: while the guest stands still there is no time for that.
        offered: The bitmaps that the source has.
        bitmaps: Those of them that go along.
    """

    source: DomainKey
    domain: ManagedDomain
    config: DomainConfig
    wishes: Wishes
    place: Place | None = None
    disks: Place | None = None
    ports: set[int] = field(default_factory=set)
    running: bool = False
    known_as: str = ""
    definition: DomainConfig | None = None
    offered: Noted = field(default_factory=dict)
    bitmaps: Noted = field(default_factory=dict)


class Receiver:
    """What is done with the QEMUs that wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def wanted(self, arrival: Arrival) -> Place:
        """Where its memory is to go, perhaps without a port."""
        if arrival.wishes.uri:
            return Place.parse(arrival.wishes.uri)
        return Place(self._engine.settings.migration_host or socket.gethostname())

    async def place(self, arrival: Arrival) -> Place:
        """Where its memory is awaited: as was asked for, or at a port that is free."""
        place = self.wanted(arrival)
        if place.path is None and not place.port:
            place = place.with_port(await self._port(arrival))
        return place

    async def _port(self, arrival: Arrival, *, lost: tuple[int, ...] = ()) -> int:
        """A port for it, kept from others."""
        engine = self._engine
        taken = {*engine.ports, *lost}
        listen = arrival.wishes.listen_address
        port = await choose_port(listen, engine.settings.migration_ports, taken)
        engine.ports.add(port)
        arrival.ports.add(port)
        return port

    async def receive(
        self,
        arrival: Arrival,
        monitor: BoundedMonitor,
        live: LiveDomain,
        theirs: socket.socket | None,
    ) -> None:
        """Let QEMU wait for its disks, and for its memory."""
        wishes = arrival.wishes
        disks = [disk for disk in copied(live.config, wishes) if disk.path]
        arrival.bitmaps, rows = await taken(monitor, live.config, disks, arrival.offered)
        await self._configure(monitor, wishes, rows)
        if disks:
            await self._serve(arrival, monitor, live.config, disks)
        if theirs is not None:
            await monitor.execute("getfd", {"fdname": _FD}, fds=[theirs.fileno()])
            await monitor.execute("migrate-incoming", {"uri": f"fd:{_FD}"})
        elif arrival.place is not None:
            arrival.place = await self.listen(arrival, monitor, arrival.place, "migrate-incoming")

    async def _configure(self, monitor: BoundedMonitor, wishes: Wishes, rows: Rows) -> None:
        known = await known_capabilities(monitor)
        states = capabilities(wishes, End.DESTINATION, known, bitmaps=bool(rows))
        await monitor.execute("migrate-set-capabilities", {"capabilities": states})
        wanted = settings(wishes, End.DESTINATION)
        if rows:
            wanted[MAPPING] = rows
        if wishes.flags & TLS:
            await make_credentials(monitor, self._engine.settings.migration_tls, End.DESTINATION)
            wanted["tls-creds"] = CREDENTIALS
        if wanted:
            await monitor.execute("migrate-set-parameters", wanted)

    async def _serve(
        self,
        arrival: Arrival,
        monitor: BoundedMonitor,
        config: DomainConfig,
        disks: list[Disk],
    ) -> None:
        """Serve the disks at a place of their own."""
        begin = partial(serve, monitor, arrival.wishes.flags)
        arrival.disks = await self._settle_at(arrival, await self._disks_place(arrival), begin)
        await export(monitor, config, disks)

    async def _disks_place(self, arrival: Arrival) -> Place:
        """Where its disks are awaited: as was asked for, or at a port that is free."""
        wishes = arrival.wishes
        place = Place.parse(wishes.disks_uri) if wishes.disks_uri else Place()
        if place.path is not None:
            return place
        return place.with_port(place.port or wishes.disks_port or await self._port(arrival))

    async def listen(
        self, arrival: Arrival, monitor: BoundedMonitor, place: Place, command: str
    ) -> Place:
        """Have QEMU listen for its memory, at another port where somebody took the chosen one."""

        async def begin(here: Place) -> None:
            where = {"uri": here.for_qemu}
            await monitor.allowed(command, where)
            # A guest that waits for its memory may hold up all that is not out of band.
            oob = monitor.qmp.oob and command in _OUT_OF_BAND
            await monitor.qmp.execute(command, where, oob=oob)

        return await self._settle_at(arrival, place, begin)

    async def _settle_at(
        self, arrival: Arrival, place: Place, begin: Callable[[Place], Awaitable[object]]
    ) -> Place:
        """Have QEMU listen; at another port when somebody took the one that was chosen."""
        tries = 1
        while True:
            here = place
            if place.path is None:
                here = await listening(arrival.wishes.listen_address, place.port)
            try:
                await begin(here)
            except QMPCommandError as error:
                tries += 1
                ours = place.port in arrival.ports and says_taken(error.description)
                if not ours or tries > PORT_TRIES:
                    raise
                place = place.with_port(await self._port(arrival, lost=(place.port,)))
            else:
                return place

    async def settle(self, monitor: BoundedMonitor, wishes: Wishes) -> None:
        """Take from QEMU what it needed for its arrival."""
        with suppress(AiovirtError):
            known = await known_capabilities(monitor)
            states = capabilities(replace(wishes, flags=0, compression=()), End.SOURCE, known)
            plain = [{**row, "state": False} for row in states]
            if wishes.flags & TLS:
                await monitor.execute("migrate-set-parameters", {"tls-creds": ""})
            await monitor.execute("migrate-set-capabilities", {"capabilities": plain})
        if wishes.flags & TLS:
            await drop_credentials(monitor)
