"""What the parts of the engine share: the domains, the root, the binaries, and the events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from aiovirt._tasks import Broadcast
from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.registry import Registry
from aiovirt.drivers.qemu.engine.works import Works
from aiovirt.drivers.qemu.store.root import Root
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.drivers.qemu.store.status import Status, write_status
from aiovirt.model.events import Event, EventsLost, LifecycleDetail, LifecycleEvent

__all__ = ["EARLY", "Engine"]

EARLY = 1024
"""How many events from before the first subscription are kept for it."""


def _lost(count: int) -> Event:
    return EventsLost(time=time.time(), count=count)


@dataclass
class Engine:
    """One open driver.

    Attributes:
        tasks: Holds the supervisors; it ends with the driver.
        early: What happened while the driver was being opened, before anybody could subscribe:
            the first subscriber gets it.
        early_lost: How many events were too many for `early`.
        ports: TCP ports promised to starts under way.
        opening: Whether it is still being opened.
        defining: Held while definitions change: names stay unique.
        works: The changes under way, which the driver's end ends.
    """

    settings: Settings
    root: Root
    binaries: BinaryCache
    tasks: TaskGroup
    registry: Registry = field(default_factory=Registry)
    events: Broadcast[Event] = field(default_factory=lambda: Broadcast(_lost))
    early: list[Event] | None = field(default_factory=list)
    early_lost: int = 0
    opening: bool = True
    ports: set[int] = field(default_factory=set)
    defining: anyio.Lock = field(default_factory=anyio.Lock)
    works: Works = field(default_factory=Works)

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
                xml=live.config.to_xml(secure=True),
                started_at=live.started_at,
                reason=domain.reason.name,
                rebooting=live.rebooting,
                follow_up=live.follow_up.value if live.follow_up else None,
                ending=live.ending.name if live.ending else None,
            ),
        )
