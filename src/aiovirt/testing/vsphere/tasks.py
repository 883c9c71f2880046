"""The tasks of a simulated vCenter: they run beside the calls, and take effect at their end."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup
from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import TaskInfoState
from aiovirt.protocols.vsphere.tables.tasks import TaskInfo, TaskReasonUser
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.faults import VimFault
from aiovirt.testing.vsphere.plan import Plan, TaskFault
from aiovirt.testing.vsphere.world import World

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.calls import Call, Work

__all__ = ["Tasks"]


MAX_RECENT = 64
"""Tasks that have ended and are still listed as recent."""

MAX_KEPT = 1024
"""Tasks that have ended and can still be looked at."""

_STEPS = 10
_CANCELABLE = (
    "CloneVM_Task",
    "RelocateVM_Task",
    "MigrateVM_Task",
    "CreateSnapshot_Task",
    "CreateSnapshotEx_Task",
    "ConsolidateVMDisks_Task",
    "CopyVirtualDisk_Task",
    "CreateVirtualDisk_Task",
    "ExtendVirtualDisk_Task",
    "CopyDatastoreFile_Task",
    "MoveDatastoreFile_Task",
    "EnterMaintenanceMode_Task",
    "SearchDatastoreSubFolders_Task",
)
_LOCKED = ("VirtualMachine", "HostSystem")
"""Objects that one task at a time changes."""

_SHARING = ("CloneVM_Task",)
"""What several tasks may do with one object at once."""

_ENDED = {TaskInfoState.SUCCESS, TaskInfoState.ERROR}


class Tasks:
    """All tasks of a server.

    Args:
        world: The objects, of which tasks are some.
        plan: What is to become of them.
        group: What runs them.
    """

    def __init__(self, world: World, plan: Plan, group: TaskGroup) -> None:
        self._world = world
        self._plan = plan
        self._group = group
        self._busy: dict[Ref, Ref] = {}
        self._running: dict[Ref, anyio.CancelScope] = {}
        self._ended: deque[Ref] = deque()

    def start(self, call: Call, work: Work, *, name: str, entity: Ref) -> Ref:
        """Begin a task; it runs when the call has been answered, or before.

        Args:
            call: What asks for it.
            work: What it does, at its end.
            name: What it is called, such as ``VirtualMachine.powerOn``.
            entity: The object that it changes; one task at a time does.
        """
        ref = Ref("Task", self._world.number("task", 100))
        known = self._world.objects[entity].properties
        entity_name = known.get("name")
        info = TaskInfo(
            key=ref.value,
            task=ref,
            name=call.method,
            description_id=name,
            entity=entity,
            entity_name=entity_name if isinstance(entity_name, str) else None,
            state=TaskInfoState.QUEUED,
            cancelled=False,
            cancelable=call.method in _CANCELABLE,
            reason=TaskReasonUser(user_name=call.user),
            queue_time=self._world.clock.now(),
            event_chain_id=int(ref.value.rpartition("-")[2]),
        )
        self._world.make(ref, info=info)
        self._world.add_to(self._world.the("TaskManager"), "recentTask", ref)
        planned = self._plan.task(call.method, call.this.value)
        self._group.start_soon(self._run, ref, work, entity, planned)
        return ref

    def info(self, ref: Ref) -> TaskInfo:
        """What is told of a task."""
        return self._world.get(ref, "info", TaskInfo)

    def cancel(self, ref: Ref) -> None:
        """Give a task up.

        Raises:
            VimFault: It has ended, or cannot be given up.
        """
        info = self.info(ref)
        if info.state in _ENDED:
            raise faults.invalid_state()
        if not info.cancelable:
            raise faults.not_supported()
        self._put(ref, cancelled=True)
        if ref in self._running:
            self._running[ref].cancel()

    def demand_idle(self, ref: Ref) -> None:
        """Refuse what cannot be done while a task changes an object.

        Raises:
            VimFault: TaskInProgress, which names the task.
        """
        if ref in self._busy:
            raise faults.task_in_progress(self._busy[ref])

    def set_progress(self, ref: Ref, percent: int) -> None:
        """Tell how far a task is."""
        self._put(ref, progress=percent)

    # --- running them ---------------------------------------------------------------------------

    async def _run(self, ref: Ref, work: Work, entity: Ref, planned: TaskFault | None) -> None:
        scope = self._running[ref] = anyio.CancelScope()
        try:
            with scope:
                self._occupy(ref, entity)
                self._put(ref, state=TaskInfoState.RUNNING, start_time=self._now())
                await self._take_time(ref, planned)
                result = self._do(work, entity, planned)
                self._end(ref, entity, state=TaskInfoState.SUCCESS, progress=None, result=result)
        except VimFault as error:
            self._fail(ref, entity, error)
        finally:
            del self._running[ref]
        if scope.cancelled_caught:
            self._fail(ref, entity, faults.request_canceled())

    def _occupy(self, ref: Ref, entity: Ref) -> None:
        if entity.kind not in _LOCKED or self.info(ref).name in _SHARING:
            return
        holder = self._busy.setdefault(entity, ref)
        if holder is not ref:
            raise faults.task_in_progress(holder)

    async def _take_time(self, ref: Ref, planned: TaskFault | None) -> None:
        if planned is None or not planned.seconds:
            await anyio.lowlevel.checkpoint()
            return
        clock = self._world.clock
        begin, step = clock.seconds(), planned.seconds / _STEPS
        if math.isinf(planned.seconds):
            await planned.released()
            return
        for number in range(1, _STEPS + 1):
            await clock.wait_until(begin + number * step)
            if number < _STEPS:
                self.set_progress(ref, number * 100 // _STEPS)

    def _do(self, work: Work, entity: Ref, planned: TaskFault | None) -> object:
        if planned is not None and planned.fault is not None:
            raise faults.planned(planned.fault)
        if entity not in self._world:
            raise faults.not_found(entity)
        return work()

    def _fail(self, ref: Ref, entity: Ref, error: VimFault) -> None:
        told = faults.localized(error)
        self._end(ref, entity, state=TaskInfoState.ERROR, progress=None, error=told)

    def _end(self, ref: Ref, entity: Ref, **changes: object) -> None:
        if self._busy.get(entity) is ref:
            del self._busy[entity]
        self._put(ref, complete_time=self._now(), **changes)
        self._ended.append(ref)
        if len(self._ended) > MAX_RECENT:
            self._world.take_from(
                self._world.the("TaskManager"), "recentTask", self._ended[-MAX_RECENT - 1]
            )
        if len(self._ended) > MAX_KEPT:
            self._world.remove(self._ended.popleft())

    def _put(self, ref: Ref, **changes: object) -> None:
        self._world.put(ref, info=replace(self.info(ref), **changes))

    def _now(self) -> datetime:
        return self._world.clock.now()
