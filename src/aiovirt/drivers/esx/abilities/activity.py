"""What goes on at a server: alarms, and the tasks of all who use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiovirt.clients.vsphere import Followed, RecentTasks, VSphereFault
from aiovirt.drivers.esx.alarms import Alarms
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.scope import Scope
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import NotFound, Unsupported
from aiovirt.interfaces import Activity
from aiovirt.model.activity import HostAlarm, HostTask, TaskState
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.faults import LocalizedMethodFault
from aiovirt.protocols.vsphere.tables.tasks import TaskReasonUser
from aiovirt.protocols.vsphere.tables.tasks_methods import (
    ACKNOWLEDGE_ALARM,
    CANCEL_TASK,
    AcknowledgeAlarmArgs,
)

__all__ = ["EsxActivity"]

_STATES: Final = {each.value: each for each in TaskState}
_NEVER: Final = datetime.fromtimestamp(0, UTC)


class EsxActivity(EsxAbility, Activity):
    """Alarms are a vCenter's; tasks are kept in memory from the moment on when they are wanted."""

    # --- alarms ---------------------------------------------------------------------------------

    async def alarms(self) -> Sequence[HostAlarm]:
        """See `Activity.alarms`."""
        alarms = self._alarms("alarms")
        try:
            return await alarms.all()
        except VSphereFault as error:
            raise self.session.refusal(error, "tell its alarms") from error

    async def acknowledge_alarm(self, key: str) -> None:
        """See `Activity.acknowledge_alarm`."""
        alarms = self._alarms("acknowledge_alarm")
        session, what = self.session, f"acknowledge the alarm {key!r}"
        try:
            state = await alarms.find(key)
        except VSphereFault as error:
            raise session.refusal(error, what) from error
        if state is None or session.content.alarm_manager is None:
            raise NotFound(
                f"there is no alarm {key!r} that is set off at {session.where}",
                hint="`aiovirt alarms` shows those that are, with their keys",
            )
        what = f"acknowledge the alarm {key!r} of {session.tree.called(state.entity)}"
        args = AcknowledgeAlarmArgs(alarm=state.alarm, entity=state.entity)
        await session.call(ACKNOWLEDGE_ALARM, session.content.alarm_manager, args, what=what)
        await alarms.refresh()

    def _alarms(self, operation: str) -> Alarms:
        found = self.session.alarms
        if found is None:
            raise Unsupported(DRIVER, operation, "a vCenter has alarms, an ESX host alone has none")
        return found

    # --- tasks ----------------------------------------------------------------------------------

    async def tasks(self) -> Sequence[HostTask]:
        """See `Activity.tasks`."""
        tasks = self.session.tasks
        if tasks is None:
            raise Unsupported(DRIVER, "tasks", "the server has no task manager")
        try:
            kept = await self._kept(tasks)
        except VSphereFault as error:
            raise self.session.refusal(error, "tell its tasks") from error
        found = [self._task(ref, known) for ref, known in kept.items() if self._is_ours(known)]
        return sorted(found, key=lambda task: (task.queued, task.key), reverse=True)

    async def _kept(self, tasks: Followed) -> Mapping[Ref, Mapping[str, Any]]:
        """What is kept of tasks; they are asked for while it may not be all.

        A server that has never told of a new one may be one that does not.
        """
        if tasks.heard and tasks.announced:
            return tasks.objects
        tasks.begin()
        client = self.session.client
        async with client.retrieve([RecentTasks().filter_at(client)]) as found:
            return {each.obj: {one.name: one.val for one in each.prop_set} async for each in found}

    async def cancel_task(self, key: str) -> None:
        """See `Activity.cancel_task`."""
        await self.session.call(CANCEL_TASK, Ref("Task", key), what=f"cancel the task {key!r}")

    def _is_ours(self, known: Mapping[str, Any]) -> bool:
        """Whether a task is about the part of the server that the connection is."""
        session, entity = self.session, known.get("info.entity")
        if not session.is_vcenter or session.scope == Scope():
            return True
        return entity is not None and session.scope.covers(entity, session.tree)

    def _task(self, ref: Ref, known: Mapping[str, Any]) -> HostTask:
        tree = self.session.tree
        entity: Ref | None = known.get("info.entity")
        there = entity is not None and tree.get(entity)
        reason, error = known.get("info.reason"), known.get("info.error")
        return HostTask(
            key=ref.value,
            operation=known.get("info.descriptionId") or "",
            target=tree.name(entity) if entity and there else known.get("info.entityName"),
            target_kind=None if entity is None else tree.word(entity),
            state=_STATES.get(str(known.get("info.state")), TaskState.RUNNING),
            progress=known.get("info.progress"),
            cancelable=known.get("info.cancelable") is True,
            cancelled=known.get("info.cancelled") is True,
            user=reason.user_name if isinstance(reason, TaskReasonUser) else None,
            queued=known.get("info.queueTime") or _NEVER,
            started=known.get("info.startTime"),
            ended=known.get("info.completeTime"),
            error=_words(error) if isinstance(error, LocalizedMethodFault) else None,
        )


def _words(error: LocalizedMethodFault) -> str:
    return error.localized_message or type(error.fault).__name__
