"""What the parts of the engine share: the domains, the root, the binaries, and the events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from aiovirt._tasks import Broadcast
from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.handed import HandedFiles
from aiovirt.drivers.qemu.engine.registry import Registry
from aiovirt.drivers.qemu.engine.works import Works
from aiovirt.drivers.qemu.storage.pools import Pools
from aiovirt.drivers.qemu.store.root import Root
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.drivers.qemu.store.status import Status, text_of, write_status
from aiovirt.interfaces import Driver
from aiovirt.model.credentials import SecretBytes
from aiovirt.model.events import Event, EventsLost, LifecycleDetail, LifecycleEvent
from aiovirt.model.uri import URI

__all__ = ["EARLY", "Engine"]

EARLY = 1024
"""How many events from before the first subscription are kept for it."""


def _lost(count: int) -> Event:
    return EventsLost(time=time.time(), count=count)


def _no_secret(_uuid: UUID | None, _usage: str, _name: str | None) -> SecretBytes | None:
    return None


@dataclass
class Engine:
    """One open driver.

    Attributes:
        tasks: Holds the supervisors; it ends with the driver.
        shown: The URI that its users know it by; None for the one of its root.
        heard: Every event of every monitor, as QEMU sent it.
        early: What happened while the driver was being opened, before anybody could subscribe:
            the first subscriber gets it.
        early_lost: How many events were too many for `early`.
        ports: TCP ports promised to starts under way.
        opening: Whether it is still being opened.
        defining: Held while definitions change: names stay unique.
        works: The changes under way, which the driver's end ends.
        handed: The open files that clients have handed over for disks.
        pools: The storage pools.
        open_peer: Opens another host, or None where that is not wanted.
        secret_of: Finds the value of a secret by its UUID, or else by kind and name of its use;
            None where there is none.
    """

    settings: Settings
    root: Root
    binaries: BinaryCache
    tasks: TaskGroup
    shown: URI | None = None
    registry: Registry = field(default_factory=Registry)
    events: Broadcast[Event] = field(default_factory=lambda: Broadcast(_lost))
    heard: Broadcast[Event] = field(default_factory=lambda: Broadcast(_lost))
    early: list[Event] | None = field(default_factory=list)
    early_lost: int = 0
    opening: bool = True
    ports: set[int] = field(default_factory=set)
    defining: anyio.Lock = field(default_factory=anyio.Lock)
    works: Works = field(default_factory=Works)
    open_peer: Callable[[URI], AbstractAsyncContextManager[Driver]] | None = None
    secret_of: Callable[[UUID | None, str, str | None], SecretBytes | None] = _no_secret
    handed: HandedFiles = field(default_factory=HandedFiles)
    pools: Pools = field(init=False)

    def __post_init__(self) -> None:
        self.pools = Pools(self.root.path / "pools")

    def publish(self, event: Event) -> None:
        """Tell all subscribers; it never waits."""
        if self.opening and self.early is not None:
            if len(self.early) < EARLY:
                self.early.append(event)
            else:
                self.early_lost += 1
        self.events.publish(event)

    def take_early(self) -> Sequence[Event]:
        """What happened before anybody could subscribe, for the first who does: only once."""
        early, self.early = self.early or [], None
        return [*early, _lost(self.early_lost)] if self.early_lost and early else early

    @staticmethod
    def now() -> float:
        """Unix time, in seconds, for events."""
        return time.time()

    def tell(
        self, domain: ManagedDomain, detail: LifecycleDetail, *, synthetic: bool = False
    ) -> None:
        """Publish a life cycle event that happens now."""
        self.publish(
            LifecycleEvent(time=time.time(), domain=domain.key, detail=detail, synthetic=synthetic)
        )

    async def save_status(self, domain: ManagedDomain, live: LiveDomain) -> None:
        """Write what the next process needs to take the running domain over.

        Raises:
            HostError: The disk is full.
        """
        await write_status(
            live.folder,
            Status(
                phase="running",
                id=live.id,
                xml=text_of(live.config),
                started_at=live.started_at,
                reason=domain.reason.name,
                rebooting=live.rebooting,
                follow_up=live.follow_up.value if live.follow_up else None,
                ending=live.ending.name if live.ending else None,
                move=live.move.value if live.move else None,
                ran=live.ran,
                made=tuple(map(str, live.made)),
            ),
        )
