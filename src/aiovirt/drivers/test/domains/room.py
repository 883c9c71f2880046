"""All domains of the host in memory, and how they change state: one place tells of it."""

from __future__ import annotations

from collections.abc import Iterator

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.shelf import Shelf
from aiovirt.drivers.test.domains.addresses import leave, plug
from aiovirt.drivers.test.domains.living import go_live
from aiovirt.drivers.test.domains.machine import Live, Machine, Saved
from aiovirt.drivers.test.domains.moved import moved
from aiovirt.drivers.test.world import World
from aiovirt.errors import Closed, InvalidState, NotFound
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.events import JobCompletedEvent, LifecycleDetail, LifecycleEvent
from aiovirt.model.params import ParamValue

__all__ = ["Domains"]

_MOVES = (DomainJobOperation.SAVE, DomainJobOperation.MIGRATION_OUT)


class Domains:
    """The domains; a room of the world.

    Attributes:
        shelf: Those that are there.
        incoming: The configurations of those that other hosts are moving to this one, by name.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.shelf: Shelf[Machine] = Shelf("domain")
        self.incoming: dict[str, DomainConfig] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[Machine]:
        """All of them, by name."""
        return iter(self.shelf)

    def get(self, key: DomainKey) -> Machine:
        """The domain of a key.

        Raises:
            NotFound: It is gone.
        """
        return self.shelf.by_uuid(key.uuid, key.name)

    def by_id(self, number: int) -> Machine:
        """The running domain of that number.

        Raises:
            NotFound: There is none.
        """
        for machine in self:
            if machine.live is not None and machine.live.id == number:
                return machine
        raise NotFound(f"there is no running domain with id {number}")

    def tell(self, machine: Machine, *details: LifecycleDetail) -> None:
        """Publish events of its life."""
        for detail in details:
            self.world.publish(
                LifecycleEvent(time=self.world.now(), domain=machine.key, detail=detail)
            )

    def begin(
        self,
        machine: Machine,
        config: DomainConfig,
        reason: StateReason = StateReason.RUNNING_BOOTED,
        detail: LifecycleDetail = LifecycleDetail.STARTED_BOOTED,
    ) -> Live:
        """Let an instance of it run.

        Raises:
            InvalidState: It runs already, or a network that it needs does not run.
            NotFound: There is no such network.
        """
        self.check_off(machine)
        plug(self.world, config)
        self._last_id += 1
        live = Live(self._last_id, config.copy(), self.world.now())
        machine.live, machine.reason = live, reason
        machine.updated = False
        go_live(live.config, live.id, [other.live.config for other in self if other.live])
        self.tell(machine, detail)
        return live

    def restore(self, machine: Machine, saved: Saved, *, paused: bool) -> None:
        """Let it go on where it was saved."""
        detail = LifecycleDetail.STARTED_RESTORED
        self.begin(machine, saved.config, StateReason.RUNNING_RESTORED, detail)
        if paused:
            detail = LifecycleDetail.SUSPENDED_RESTORED
            self.change(machine, StateReason.PAUSED_USER, detail)

    def check_off(self, machine: Machine) -> None:
        """See that it does not run.

        Raises:
            InvalidState: It does.
        """
        if machine.live is not None:
            raise InvalidState(
                f"domain {machine.name!r} is already active: {machine.reason.state.label}",
            )

    def change(self, machine: Machine, reason: StateReason, *details: LifecycleDetail) -> None:
        """Put one that runs in another state."""
        machine.reason = reason
        self.tell(machine, *details)

    def done(self, machine: Machine, operation: int, *, success: bool = True) -> None:
        """Note that a job of it is over, and tell its figures."""
        total = int(machine.config.current_memory or 0)
        names = ("data_total", "data_processed", "memory_total", "memory_processed")
        params: dict[str, ParamValue] = {"operation": operation, "time_elapsed": 0}
        params |= dict.fromkeys(names, total) | {"data_remaining": 0, "memory_remaining": 0}
        if operation in _MOVES:
            params |= moved(machine)
        params["success"] = success
        machine.finished = params
        self.world.publish(
            JobCompletedEvent(time=self.world.now(), domain=machine.key, params=params)
        )

    def end(
        self,
        machine: Machine,
        reason: StateReason,
        *details: LifecycleDetail,
        stays: bool = False,
    ) -> None:
        """Let it run no more; a transient one is gone then, unless it `stays` for what follows."""
        live, job = machine.running(), machine.job
        machine.live, machine.reason, machine.job = None, reason, None
        if job is not None:
            job.cancelled.set()
        if machine.definition is None and not stays:
            self.shelf.remove(machine)
        for work in live.jobs.values():
            work.aborted.set()
        for terminal in live.terminals.values():
            terminal.close(anyio.EndOfStream)
        leave(self.world, live.config)
        live.ended.set()
        self.tell(machine, *details)

    def close(self) -> None:
        """End the streams of all that runs, as the host is closed."""
        for machine in self:
            for terminal in machine.live.terminals.values() if machine.live else ():
                terminal.close(Closed)
