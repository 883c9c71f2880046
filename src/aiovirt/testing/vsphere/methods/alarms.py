"""Alarms: which there are, taking note of them, and letting them be green again."""

from __future__ import annotations

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import tasks_methods as m
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles


@handles(m.GET_ALARM)
def get_alarm(call: Call, args: m.GetAlarmArgs) -> tuple[Ref, ...]:
    """Give the alarms that are defined of an object, or all."""
    call.check(args.entity, "ManagedEntity", "entity")
    alarms = call.site.alarms
    return tuple(alarms.defined.values()) if args.entity is None else alarms.of(args.entity)


@handles(m.ACKNOWLEDGE_ALARM)
def acknowledge_alarm(call: Call, args: m.AcknowledgeAlarmArgs) -> None:
    """Take note that the caller knows of an alarm; its actions are not done again."""
    call.check(args.alarm, "Alarm", "alarm")
    call.check(args.entity, "ManagedEntity", "entity")
    call.demand("Alarm.Acknowledge", args.alarm)
    call.site.alarms.acknowledge(args.alarm, args.entity, call.user)


@handles(m.CLEAR_TRIGGERED_ALARMS)
def clear_triggered_alarms(call: Call, args: m.ClearTriggeredAlarmsArgs) -> None:
    """Let alarms be green again: all, or those of some colours."""
    if args.filter.type_entity or args.filter.type_trigger:
        raise faults.not_supported()
    call.site.alarms.clear(args.filter.status, call.user)
