"""From a daemon's message to an event, by a table with a row for each kind of message."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aiovirt.bindings.values import DOMAIN, NETWORK, NODE_DEVICE, POOL, SECRET, enumeration
from aiovirt.errors import ProtocolError
from aiovirt.model import constants as c
from aiovirt.model import events as e
from aiovirt.protocols.libvirt.connection import Message
from aiovirt.protocols.libvirt.procedure import EventKind
from aiovirt.protocols.libvirt.tables import connect as connect_table
from aiovirt.protocols.libvirt.tables import domain_events as d
from aiovirt.protocols.libvirt.tables import network as network_table
from aiovirt.protocols.libvirt.tables import node as node_table
from aiovirt.protocols.libvirt.tables import secret as secret_table
from aiovirt.protocols.libvirt.tables import storage as storage_table
from aiovirt.protocols.xdr import Struct, codec

__all__ = ["HANDLED", "translated"]

Translation = Callable[[Any, dict[str, Any]], "e.Event"]

KIB = 1024

_ADDRESS_FAMILIES = {0: "ipv4", 1: "ipv6", 2: "unix"}
_DETAILS = {(detail.kind, detail.number): detail for detail in e.LifecycleDetail}


def _lifecycle(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401 - a row's struct
    """A detail that only a newer libvirt has becomes the first one of its kind."""
    kind = e.LifecycleKind(msg.event)
    detail = _DETAILS.get((kind, msg.detail)) or _DETAILS[kind, 0]
    return e.LifecycleEvent(**common, detail=detail)


def _io_error(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    return e.IOErrorEvent(
        **common,
        source=msg.src_path,
        alias=msg.dev_alias,
        action=e.IOErrorAction(msg.action),
        reason=getattr(msg, "reason", ""),
    )


def _graphics(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    return e.GraphicsEvent(
        **common,
        phase=e.GraphicsPhase(msg.phase),
        protocol="spice" if msg.auth_scheme == "spice" else "vnc",
        local=(msg.local.node, msg.local.service),
        remote=(msg.remote.node, msg.remote.service),
        identity={item.type: item.name for item in msg.subject},
    )


def _tray(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    opened = msg.reason == c.DomainEventTrayChangeReason.OPEN
    return e.TrayChangeEvent(**common, alias=msg.dev_alias, opened=opened)


def _disk_change(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    return e.DiskChangeEvent(
        **common,
        old_source=msg.old_src_path,
        new_source=msg.new_src_path,
        alias=msg.dev_alias,
        reason=enumeration(c.ConnectDomainEventDiskChangeReason).read(msg.reason),
    )


def _block_job(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    return e.BlockJobEvent(
        **common,
        disk=msg.dst if hasattr(msg, "dst") else msg.path,
        type=enumeration(c.DomainBlockJobType).read(msg.type),
        status=enumeration(c.ConnectDomainEventBlockJobStatus).read(msg.status),
    )


def _agent(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    return e.AgentLifecycleEvent(
        **common,
        state=enumeration(c.ConnectDomainEventAgentLifecycleState).read(msg.state),
        reason=enumeration(c.ConnectDomainEventAgentLifecycleReason).read(msg.reason),
    )


def _metadata(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    kind = enumeration(c.DomainMetadataType).read(msg.type)
    return e.MetadataChangeEvent(**common, type=kind, uri=msg.nsuri)


def _threshold(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    return e.BlockThresholdEvent(
        **common, disk=msg.dev, path=msg.path, threshold=msg.threshold, excess=msg.excess
    )


def _memory_failure(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    return e.MemoryFailureEvent(
        **common,
        recipient=enumeration(c.DomainMemoryFailureRecipientType).read(msg.recipient),
        action=enumeration(c.DomainMemoryFailureActionType).read(msg.action),
        flags=c.DomainMemoryFailureFlags(msg.flags),
    )


def _network_lifecycle(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    kind = enumeration(c.NetworkEventLifecycleType).read(msg.event)
    return e.NetworkLifecycleEvent(**common, network=NETWORK.read(msg.net), kind=kind)


def _network_metadata(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    network = NETWORK.read(msg.net)
    return e.NetworkMetadataChangeEvent(**common, network=network, type=msg.type, uri=msg.nsuri)


def _pool_lifecycle(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    kind = enumeration(c.StoragePoolEventLifecycleType).read(msg.event)
    return e.StoragePoolLifecycleEvent(**common, pool=POOL.read(msg.pool), kind=kind)


def _device_lifecycle(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    kind = enumeration(c.NodeDeviceEventLifecycleType).read(msg.event)
    return e.NodeDeviceLifecycleEvent(**common, device=NODE_DEVICE.read(msg.dev), kind=kind)


def _secret_lifecycle(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    kind = enumeration(c.SecretEventLifecycleType).read(msg.event)
    return e.SecretLifecycleEvent(**common, secret=SECRET.read(msg.secret), kind=kind)


def _closed(msg: Any, common: dict[str, Any]) -> e.Event:  # noqa: ANN401
    reason = enumeration(c.ConnectCloseReason).read(msg.reason)
    word = reason.name.lower() if isinstance(reason, c.ConnectCloseReason) else str(reason)
    return e.ConnectionEvent(
        **common, connected=False, error=f"the daemon lost its hypervisor ({word})"
    )


# A message -> its event. Those with `msg` inside are the same as the old ones without callbacks.
_ROWS: tuple[tuple[tuple[EventKind[Any], ...], Translation], ...] = (
    ((d.DOMAIN_EVENT_LIFECYCLE, d.DOMAIN_EVENT_CALLBACK_LIFECYCLE), _lifecycle),
    (
        (d.DOMAIN_EVENT_REBOOT, d.DOMAIN_EVENT_CALLBACK_REBOOT),
        lambda _msg, common: e.RebootEvent(**common),
    ),
    (
        (d.DOMAIN_EVENT_RTC_CHANGE, d.DOMAIN_EVENT_CALLBACK_RTC_CHANGE),
        lambda msg, common: e.RTCChangeEvent(**common, offset_s=msg.offset),
    ),
    (
        (d.DOMAIN_EVENT_WATCHDOG, d.DOMAIN_EVENT_CALLBACK_WATCHDOG),
        lambda msg, common: e.WatchdogEvent(**common, action=e.WatchdogAction(msg.action)),
    ),
    ((d.DOMAIN_EVENT_IO_ERROR, d.DOMAIN_EVENT_CALLBACK_IO_ERROR), _io_error),
    ((d.DOMAIN_EVENT_IO_ERROR_REASON, d.DOMAIN_EVENT_CALLBACK_IO_ERROR_REASON), _io_error),
    ((d.DOMAIN_EVENT_GRAPHICS, d.DOMAIN_EVENT_CALLBACK_GRAPHICS), _graphics),
    (
        (d.DOMAIN_EVENT_CONTROL_ERROR, d.DOMAIN_EVENT_CALLBACK_CONTROL_ERROR),
        lambda _msg, common: e.ControlEvent(**common, responsive=False),
    ),
    (
        (
            d.DOMAIN_EVENT_BLOCK_JOB,
            d.DOMAIN_EVENT_CALLBACK_BLOCK_JOB,
            d.DOMAIN_EVENT_BLOCK_JOB_2,
        ),
        _block_job,
    ),
    ((d.DOMAIN_EVENT_DISK_CHANGE, d.DOMAIN_EVENT_CALLBACK_DISK_CHANGE), _disk_change),
    ((d.DOMAIN_EVENT_TRAY_CHANGE, d.DOMAIN_EVENT_CALLBACK_TRAY_CHANGE), _tray),
    (
        (d.DOMAIN_EVENT_PMWAKEUP, d.DOMAIN_EVENT_CALLBACK_PMWAKEUP),
        lambda _msg, common: e.PowerEvent(**common, target=None),
    ),
    (
        (d.DOMAIN_EVENT_PMSUSPEND, d.DOMAIN_EVENT_CALLBACK_PMSUSPEND),
        lambda _msg, common: e.PowerEvent(**common, target="memory"),
    ),
    (
        (d.DOMAIN_EVENT_PMSUSPEND_DISK, d.DOMAIN_EVENT_CALLBACK_PMSUSPEND_DISK),
        lambda _msg, common: e.PowerEvent(**common, target="disk"),
    ),
    (
        (d.DOMAIN_EVENT_BALLOON_CHANGE, d.DOMAIN_EVENT_CALLBACK_BALLOON_CHANGE),
        lambda msg, common: e.BalloonChangeEvent(**common, actual=msg.actual * KIB),
    ),
    (
        (d.DOMAIN_EVENT_DEVICE_REMOVED, d.DOMAIN_EVENT_CALLBACK_DEVICE_REMOVED),
        lambda msg, common: e.DeviceRemovedEvent(**common, alias=msg.dev_alias),
    ),
    (
        (d.DOMAIN_EVENT_CALLBACK_TUNABLE,),
        lambda msg, common: e.TunableEvent(**common, params=msg.params),
    ),
    ((d.DOMAIN_EVENT_CALLBACK_AGENT_LIFECYCLE,), _agent),
    (
        (d.DOMAIN_EVENT_CALLBACK_DEVICE_ADDED,),
        lambda msg, common: e.DeviceAddedEvent(**common, alias=msg.dev_alias),
    ),
    (
        (d.DOMAIN_EVENT_CALLBACK_MIGRATION_ITERATION,),
        lambda msg, common: e.MigrationIterationEvent(**common, iteration=msg.iteration),
    ),
    (
        (d.DOMAIN_EVENT_CALLBACK_JOB_COMPLETED,),
        lambda msg, common: e.JobCompletedEvent(**common, params=msg.params),
    ),
    (
        (d.DOMAIN_EVENT_CALLBACK_DEVICE_REMOVAL_FAILED,),
        lambda msg, common: e.DeviceRemovalFailedEvent(**common, alias=msg.dev_alias),
    ),
    ((d.DOMAIN_EVENT_CALLBACK_METADATA_CHANGE,), _metadata),
    ((d.DOMAIN_EVENT_BLOCK_THRESHOLD,), _threshold),
    ((d.DOMAIN_EVENT_MEMORY_FAILURE,), _memory_failure),
    (
        (d.DOMAIN_EVENT_MEMORY_DEVICE_SIZE_CHANGE,),
        lambda msg, common: e.MemoryDeviceSizeChangeEvent(
            **common, alias=msg.alias, size=msg.size * KIB
        ),
    ),
    (
        (d.DOMAIN_EVENT_NIC_MAC_CHANGE,),
        lambda msg, common: e.NicMacChangeEvent(
            **common, alias=msg.alias, old_mac=msg.old_mac, new_mac=msg.new_mac
        ),
    ),
    ((network_table.NETWORK_EVENT_LIFECYCLE,), _network_lifecycle),
    ((network_table.NETWORK_EVENT_CALLBACK_METADATA_CHANGE,), _network_metadata),
    ((storage_table.STORAGE_POOL_EVENT_LIFECYCLE,), _pool_lifecycle),
    (
        (storage_table.STORAGE_POOL_EVENT_REFRESH,),
        lambda msg, common: e.StoragePoolRefreshEvent(**common, pool=POOL.read(msg.pool)),
    ),
    ((node_table.NODE_DEVICE_EVENT_LIFECYCLE,), _device_lifecycle),
    (
        (node_table.NODE_DEVICE_EVENT_UPDATE,),
        lambda msg, common: e.NodeDeviceUpdateEvent(**common, device=NODE_DEVICE.read(msg.dev)),
    ),
    ((secret_table.SECRET_EVENT_LIFECYCLE,), _secret_lifecycle),
    (
        (secret_table.SECRET_EVENT_VALUE_CHANGED,),
        lambda msg, common: e.SecretValueChangedEvent(**common, secret=SECRET.read(msg.secret)),
    ),
    ((connect_table.CONNECT_EVENT_CONNECTION_CLOSED,), _closed),
)

HANDLED = {
    (int(kind.program), kind.number): (kind, translation)
    for kinds, translation in _ROWS
    for kind in kinds
}
"""Each message that has an event: program and number -> its struct, and what makes the event."""


def translated(message: Message) -> e.Event | None:
    """The event of a message, or None for a message that is no such event.

    Raises:
        ProtocolError: The message cannot be read.
    """
    found = HANDLED.get((message.program, message.procedure))
    if found is None:
        return None
    kind, translation = found
    struct: type[Struct] = kind.msg
    told = codec(struct).decode(message.payload)
    msg = getattr(told, "msg", told)
    common: dict[str, Any] = {"time": time.time()}
    dom = getattr(msg, "dom", None)
    if dom is not None:
        common["domain"] = DOMAIN.read(dom)
    try:
        return translation(msg, common)
    except ValueError as error:
        raise ProtocolError(f"{kind.name} tells what is not known: {error}") from error
