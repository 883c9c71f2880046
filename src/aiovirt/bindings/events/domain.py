"""The rows of what happens to domains."""

from __future__ import annotations

from typing import Any

from aiovirt.bindings.events.row import EventRow, Fields, as_fields
from aiovirt.bindings.values import Value, enumeration
from aiovirt.model import constants as c
from aiovirt.model import events as e
from aiovirt.model.constants import DomainEventID as Kind
from aiovirt.protocols.libvirt.tables import domain_events as d
from aiovirt.protocols.libvirt.tables.structs import (
    DomainEventGraphicsAddress,
    DomainEventGraphicsIdentity,
)

__all__ = ["ROWS"]

IN_KIB = Value(lambda value: value // 1024, lambda wire: wire * 1024)
"""Bytes that are sent as KiB: what a guest has is told, not asked for, so that it may be cut."""

OPENED = Value(
    lambda opened: int(
        c.DomainEventTrayChangeReason.OPEN if opened else c.DomainEventTrayChangeReason.CLOSE
    ),
    lambda wire: wire == c.DomainEventTrayChangeReason.OPEN,
)
JOB_TYPE = enumeration(c.DomainBlockJobType)
JOB_STATUS = enumeration(c.ConnectDomainEventBlockJobStatus)

_IPV4, _IPV6, _UNIX = range(3)
_DETAILS = {(detail.kind, detail.number): detail for detail in e.LifecycleDetail}


def _read_lifecycle(msg: d.DomainEventLifecycleMsg) -> dict[str, Any]:
    """A detail that only a newer libvirt has becomes the first one of its kind."""
    kind = e.LifecycleKind(msg.event)
    return {"detail": _DETAILS.get((kind, msg.detail)) or _DETAILS[kind, 0]}


def _write_lifecycle(event: e.LifecycleEvent) -> dict[str, Any]:
    return {"event": int(event.kind), "detail": event.detail.number}


def _read_graphics(msg: d.DomainEventGraphicsMsg) -> dict[str, Any]:
    return {
        "phase": e.GraphicsPhase(msg.phase),
        "protocol": "spice" if msg.auth_scheme == "spice" else "vnc",
        "local": (msg.local.node, msg.local.service),
        "remote": (msg.remote.node, msg.remote.service),
        "identity": {item.type: item.name for item in msg.subject},
    }


def _write_graphics(event: e.GraphicsEvent) -> dict[str, Any]:
    """libvirt has no field for the protocol: it stands where the way of authentication does."""
    scheme = "sasl" if "saslUsername" in event.identity else "none"
    return {
        "phase": int(event.phase),
        "local": _address(event.local),
        "remote": _address(event.remote),
        "auth_scheme": "spice" if event.protocol == "spice" else scheme,
        "subject": [DomainEventGraphicsIdentity(*pair) for pair in event.identity.items()],
    }


def _address(place: tuple[str, str]) -> DomainEventGraphicsAddress:
    node, service = place
    family = _UNIX if "/" in node else _IPV6 if ":" in node else _IPV4
    return DomainEventGraphicsAddress(family, node, service)


def _read_block_job(msg: d.DomainEventBlockJobMsg) -> dict[str, Any]:
    """This oldest message names no disk: the path has to do."""
    return {
        "disk": msg.path,
        "path": msg.path,
        "type": JOB_TYPE.read(msg.type),
        "status": JOB_STATUS.read(msg.status),
    }


def _write_block_job(event: e.BlockJobEvent) -> dict[str, Any]:
    path = event.disk if event.path is None else event.path
    return {"path": path, "type": int(event.type), "status": int(event.status)}


_ACTION = ("action", Value(int, e.IOErrorAction))
_IO_ERROR = as_fields(source="src_path", alias="dev_alias", action=_ACTION)
_IO_ERROR_REASON = as_fields(source="src_path", alias="dev_alias", action=_ACTION, reason="reason")


def _read_io_error(msg: d.DomainEventIoErrorMsg) -> dict[str, Any]:
    """The older message tells no reason."""
    return {**_IO_ERROR.read(msg), "reason": ""}


_ALIAS = as_fields(alias="dev_alias")

ROWS: tuple[EventRow, ...] = (
    EventRow(
        e.LifecycleEvent,
        Kind.LIFECYCLE,
        d.DOMAIN_EVENT_LIFECYCLE,
        d.DOMAIN_EVENT_CALLBACK_LIFECYCLE,
        Fields(_read_lifecycle, _write_lifecycle),
    ),
    EventRow(e.RebootEvent, Kind.REBOOT, d.DOMAIN_EVENT_REBOOT, d.DOMAIN_EVENT_CALLBACK_REBOOT),
    EventRow(
        e.RTCChangeEvent,
        Kind.RTC_CHANGE,
        d.DOMAIN_EVENT_RTC_CHANGE,
        d.DOMAIN_EVENT_CALLBACK_RTC_CHANGE,
        as_fields(offset_s="offset"),
    ),
    EventRow(
        e.WatchdogEvent,
        Kind.WATCHDOG,
        d.DOMAIN_EVENT_WATCHDOG,
        d.DOMAIN_EVENT_CALLBACK_WATCHDOG,
        as_fields(action=("action", Value(int, e.WatchdogAction))),
    ),
    EventRow(
        e.IOErrorEvent,
        Kind.IO_ERROR,
        d.DOMAIN_EVENT_IO_ERROR,
        d.DOMAIN_EVENT_CALLBACK_IO_ERROR,
        Fields(_read_io_error, _IO_ERROR.write),
    ),
    EventRow(
        e.GraphicsEvent,
        Kind.GRAPHICS,
        d.DOMAIN_EVENT_GRAPHICS,
        d.DOMAIN_EVENT_CALLBACK_GRAPHICS,
        Fields(_read_graphics, _write_graphics),
    ),
    EventRow(
        e.IOErrorEvent,
        Kind.IO_ERROR_REASON,
        d.DOMAIN_EVENT_IO_ERROR_REASON,
        d.DOMAIN_EVENT_CALLBACK_IO_ERROR_REASON,
        _IO_ERROR_REASON,
    ),
    EventRow(
        e.ControlEvent,
        Kind.CONTROL_ERROR,
        d.DOMAIN_EVENT_CONTROL_ERROR,
        d.DOMAIN_EVENT_CALLBACK_CONTROL_ERROR,
        as_fields(always={"responsive": False}),
    ),
    EventRow(
        e.BlockJobEvent,
        Kind.BLOCK_JOB,
        d.DOMAIN_EVENT_BLOCK_JOB,
        d.DOMAIN_EVENT_CALLBACK_BLOCK_JOB,
        Fields(_read_block_job, _write_block_job),
    ),
    EventRow(
        e.DiskChangeEvent,
        Kind.DISK_CHANGE,
        d.DOMAIN_EVENT_DISK_CHANGE,
        d.DOMAIN_EVENT_CALLBACK_DISK_CHANGE,
        as_fields(
            old_source="old_src_path",
            new_source="new_src_path",
            alias="dev_alias",
            reason=("reason", enumeration(c.ConnectDomainEventDiskChangeReason)),
        ),
    ),
    EventRow(
        e.TrayChangeEvent,
        Kind.TRAY_CHANGE,
        d.DOMAIN_EVENT_TRAY_CHANGE,
        d.DOMAIN_EVENT_CALLBACK_TRAY_CHANGE,
        as_fields(alias="dev_alias", opened=("reason", OPENED)),
    ),
    EventRow(
        e.PowerEvent,
        Kind.PMWAKEUP,
        d.DOMAIN_EVENT_PMWAKEUP,
        d.DOMAIN_EVENT_CALLBACK_PMWAKEUP,
        as_fields(always={"target": None}),
    ),
    EventRow(
        e.PowerEvent,
        Kind.PMSUSPEND,
        d.DOMAIN_EVENT_PMSUSPEND,
        d.DOMAIN_EVENT_CALLBACK_PMSUSPEND,
        as_fields(always={"target": "memory"}),
    ),
    EventRow(
        e.BalloonChangeEvent,
        Kind.BALLOON_CHANGE,
        d.DOMAIN_EVENT_BALLOON_CHANGE,
        d.DOMAIN_EVENT_CALLBACK_BALLOON_CHANGE,
        as_fields(actual=("actual", IN_KIB)),
    ),
    EventRow(
        e.PowerEvent,
        Kind.PMSUSPEND_DISK,
        d.DOMAIN_EVENT_PMSUSPEND_DISK,
        d.DOMAIN_EVENT_CALLBACK_PMSUSPEND_DISK,
        as_fields(always={"target": "disk"}),
    ),
    EventRow(
        e.DeviceRemovedEvent,
        Kind.DEVICE_REMOVED,
        d.DOMAIN_EVENT_DEVICE_REMOVED,
        d.DOMAIN_EVENT_CALLBACK_DEVICE_REMOVED,
        _ALIAS,
    ),
    EventRow(
        e.BlockJobEvent,
        Kind.BLOCK_JOB_2,
        None,
        d.DOMAIN_EVENT_BLOCK_JOB_2,
        as_fields(disk="dst", type=("type", JOB_TYPE), status=("status", JOB_STATUS)),
    ),
    EventRow(
        e.TunableEvent,
        Kind.TUNABLE,
        None,
        d.DOMAIN_EVENT_CALLBACK_TUNABLE,
        as_fields(params="params"),
    ),
    EventRow(
        e.AgentLifecycleEvent,
        Kind.AGENT_LIFECYCLE,
        None,
        d.DOMAIN_EVENT_CALLBACK_AGENT_LIFECYCLE,
        as_fields(
            state=("state", enumeration(c.ConnectDomainEventAgentLifecycleState)),
            reason=("reason", enumeration(c.ConnectDomainEventAgentLifecycleReason)),
        ),
    ),
    EventRow(
        e.DeviceAddedEvent, Kind.DEVICE_ADDED, None, d.DOMAIN_EVENT_CALLBACK_DEVICE_ADDED, _ALIAS
    ),
    EventRow(
        e.MigrationIterationEvent,
        Kind.MIGRATION_ITERATION,
        None,
        d.DOMAIN_EVENT_CALLBACK_MIGRATION_ITERATION,
        as_fields(iteration="iteration"),
    ),
    EventRow(
        e.JobCompletedEvent,
        Kind.JOB_COMPLETED,
        None,
        d.DOMAIN_EVENT_CALLBACK_JOB_COMPLETED,
        as_fields(params="params"),
    ),
    EventRow(
        e.DeviceRemovalFailedEvent,
        Kind.DEVICE_REMOVAL_FAILED,
        None,
        d.DOMAIN_EVENT_CALLBACK_DEVICE_REMOVAL_FAILED,
        _ALIAS,
    ),
    EventRow(
        e.MetadataChangeEvent,
        Kind.METADATA_CHANGE,
        None,
        d.DOMAIN_EVENT_CALLBACK_METADATA_CHANGE,
        as_fields(type=("type", enumeration(c.DomainMetadataType)), uri="nsuri"),
    ),
    EventRow(
        e.BlockThresholdEvent,
        Kind.BLOCK_THRESHOLD,
        None,
        d.DOMAIN_EVENT_BLOCK_THRESHOLD,
        as_fields(disk="dev", path="path", threshold="threshold", excess="excess"),
    ),
    EventRow(
        e.MemoryFailureEvent,
        Kind.MEMORY_FAILURE,
        None,
        d.DOMAIN_EVENT_MEMORY_FAILURE,
        as_fields(
            recipient=("recipient", enumeration(c.DomainMemoryFailureRecipientType)),
            action=("action", enumeration(c.DomainMemoryFailureActionType)),
            flags=("flags", Value(int, c.DomainMemoryFailureFlags)),
        ),
    ),
    EventRow(
        e.MemoryDeviceSizeChangeEvent,
        Kind.MEMORY_DEVICE_SIZE_CHANGE,
        None,
        d.DOMAIN_EVENT_MEMORY_DEVICE_SIZE_CHANGE,
        as_fields(alias="alias", size=("size", IN_KIB)),
    ),
    EventRow(
        e.NicMacChangeEvent,
        Kind.NIC_MAC_CHANGE,
        None,
        d.DOMAIN_EVENT_NIC_MAC_CHANGE,
        as_fields(alias="alias", old_mac="old_mac", new_mac="new_mac"),
    ),
)
