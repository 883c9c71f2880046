"""The source's work: QEMU moves a guest's disks and memory, and what it needed for that goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import EventStream
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.migration.bitmaps import MAPPING, Rows, merged
from aiovirt.drivers.qemu.migration.cookie import Cookie
from aiovirt.drivers.qemu.migration.encryption import CREDENTIALS, with_credentials
from aiovirt.drivers.qemu.migration.parameters import (
    RESUME,
    TLS,
    End,
    Wishes,
    capabilities,
    settings,
)
from aiovirt.drivers.qemu.migration.places import Place
from aiovirt.drivers.qemu.migration.storage import MIRROR_EVENTS, Mirrors, copied, mirrored
from aiovirt.drivers.qemu.migration.tunnel import pump, socket_pair
from aiovirt.drivers.qemu.migration.watching import (
    BROKEN,
    ENDED,
    give_up,
    known_capabilities,
    state_of,
)
from aiovirt.errors import AiovirtError, CallerError, HostError
from aiovirt.interfaces import MigrationTunnel

__all__ = ["Road", "Sent", "configured", "send"]

_FD: Final = "aiovirt-move"
_BEGIN_BOUND_S: Final = 60.0
"""How long a QEMU may take to connect to the other one."""


class Sent(Enum):
    """How far a move is that has succeeded at the source."""

    ALL = "all"
    """All is there."""
    POSTCOPY = "postcopy"
    """The guest may go on there, and the rest follows."""


@dataclass(frozen=True)
class Road:
    """Where it goes.

    Attributes:
        place: The destination's, or None with a tunnel.
        tunnel: Takes the data, or None.
        remote: The destination's cookie.
        tls: The folder of this host's certificates.
    """

    place: Place | None
    tunnel: MigrationTunnel | None
    remote: Cookie | None
    tls: Path | None


async def send(
    monitor: BoundedMonitor,
    config: DomainConfig,
    wishes: Wishes,
    road: Road,
    *,
    speed: int | None,
) -> Sent:
    """Move a guest's disks and memory; returns when they are there, or it may run there.

    Raises:
        HostError: QEMU could not, in its words.
        AiovirtError: It ended, or the destination has given up.

    Cancellation: it is given up; whether the guest stands still is the caller's business.
    """
    disks = copied(config, wishes)
    noted = road.remote.bitmaps if road.remote and disks else {}
    async with AsyncExitStack() as stack:
        rows = await stack.enter_async_context(merged(monitor, config, wishes, noted))
        await stack.enter_async_context(
            with_credentials(monitor, road.tls, wanted=bool(wishes.flags & TLS))
        )
        await stack.enter_async_context(configured(monitor, wishes, road, speed, rows))
        mirrors = await stack.enter_async_context(mirrored(monitor, disks))
        told = await stack.enter_async_context(monitor.qmp.events("MIGRATION", *MIRROR_EVENTS))
        if disks:
            await mirrors.start(config, wishes, _disks_place(wishes, road), told)
        try:
            async with open_task_group() as tasks:
                await _begin(monitor, wishes, road, tasks, stack)
                return await _follow(monitor, mirrors, told)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await give_up(monitor)
            raise
    raise AssertionError  # the block either returns or raises


@asynccontextmanager
async def configured(
    monitor: BoundedMonitor, wishes: Wishes, road: Road, speed: int | None, rows: Rows
) -> AsyncIterator[None]:
    """A block in which a source's QEMU is set up for a move; after it, it is as before."""
    known = await known_capabilities(monitor)
    wanted = settings(wishes, End.SOURCE, speed=speed)
    if wishes.flags & TLS:
        host = road.place.host if road.place else ""
        wanted["tls-creds"] = CREDENTIALS
        wanted["tls-hostname"] = wishes.tls_destination or host
    if rows:
        wanted[MAPPING] = rows
    found: Any = await monitor.execute("query-migrate-parameters")
    before: Mapping[str, object] = {name: found[name] for name in wanted if name in found}
    states = capabilities(wishes, End.SOURCE, known, bitmaps=bool(rows))
    kept = False
    try:
        if not wishes.flags & RESUME:
            await monitor.execute("migrate-set-capabilities", {"capabilities": states})
        await monitor.execute("migrate-set-parameters", wanted)
        yield
        kept = (await state_of(monitor)).get("status") not in ENDED
    finally:
        if not kept:  # post-copy goes on with them
            plain = [{"capability": row["capability"], "state": False} for row in states]
            with anyio.CancelScope(shield=True), suppress(AiovirtError):
                await monitor.execute("migrate-set-parameters", before)
                await monitor.execute("migrate-set-capabilities", {"capabilities": plain})


def _disks_place(wishes: Wishes, road: Road) -> Place:
    """Where the destination serves the images.

    Raises:
        CallerError: It did not say.
    """
    if wishes.disks_uri is not None:
        place = Place.parse(wishes.disks_uri)
        if place.path is not None or place.port:
            return place
    else:
        place = road.place or Place()
    port = road.remote.disks.port if road.remote and road.remote.disks else 0
    if not port or place.path is not None:
        raise CallerError("the destination did not say where it takes the disks")
    return place.with_port(port)


async def _begin(
    monitor: BoundedMonitor,
    wishes: Wishes,
    road: Road,
    tasks: anyio.abc.TaskGroup,
    stack: AsyncExitStack,
) -> None:
    """Have QEMU connect, or write into a tunnel."""
    again = {"resume": True} if wishes.flags & RESUME else {}
    if road.tunnel is None:
        uri = road.place.for_qemu if road.place else ""
        await monitor.execute("migrate", {"uri": uri, **again}, bound_s=_BEGIN_BOUND_S)
        return
    ours, theirs = stack.enter_context(socket_pair())
    await monitor.execute("getfd", {"fdname": _FD}, fds=[theirs.fileno()])
    theirs.close()
    await monitor.execute("migrate", {"uri": f"fd:{_FD}"}, bound_s=_BEGIN_BOUND_S)
    tasks.start_soon(pump, ours, road.tunnel)


async def _follow(monitor: BoundedMonitor, mirrors: Mirrors, told: EventStream) -> Sent:
    """Follow QEMU until the guest is there, or may run there."""
    async for event in told:
        problem = mirrors.failed(event.name, event.data)
        if problem is not None:
            raise HostError(problem)
        status = event.data.get("status") if event.name == "MIGRATION" else None
        if status == "pre-switchover":
            await mirrors.finish(told)
            await monitor.execute("migrate-continue", {"state": "pre-switchover"})
        elif status == "postcopy-active":
            return Sent.POSTCOPY
        elif status in {*ENDED, BROKEN}:
            break
    found = await state_of(monitor)
    if found.get("status") == "completed":
        return Sent.ALL
    reason = found.get("error-desc") or found.get("status")
    raise HostError(f"QEMU could not move the guest: {reason}")
