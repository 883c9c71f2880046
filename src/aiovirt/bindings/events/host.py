"""The rows of what happens to networks, pools, devices and secrets, and to the connection."""

from __future__ import annotations

from typing import Any

from aiovirt.bindings.events.row import EventRow, Fields, as_fields
from aiovirt.bindings.values import enumeration
from aiovirt.model import constants as c
from aiovirt.model import events as e
from aiovirt.protocols.libvirt.tables import connect, network, node, secret, storage

__all__ = ["CLOSED", "ROWS"]

NO_DETAIL = {"detail": 0}


def _loss(reason: int) -> str:
    named = enumeration(c.ConnectCloseReason).read(reason)
    word = named.name.lower() if isinstance(named, c.ConnectCloseReason) else str(named)
    return f"the daemon lost its hypervisor ({word})"


_LOSSES = {_loss(reason): int(reason) for reason in c.ConnectCloseReason}


def _read_closed(msg: connect.ConnectEventConnectionClosedMsg) -> dict[str, Any]:
    return {"connected": False, "error": _loss(msg.reason)}


def _write_closed(event: e.ConnectionEvent) -> dict[str, Any]:
    return {"reason": _LOSSES.get(event.error or "", int(c.ConnectCloseReason.ERROR))}


CLOSED = EventRow(
    e.ConnectionEvent,
    None,
    connect.CONNECT_EVENT_CONNECTION_CLOSED,
    None,
    Fields(_read_closed, _write_closed, lambda event: not event.connected),
)
"""A daemon lost its hypervisor; clients ask for it by a procedure of its own."""

ROWS: tuple[EventRow, ...] = (
    EventRow(
        e.NetworkLifecycleEvent,
        c.NetworkEventID.LIFECYCLE,
        None,
        network.NETWORK_EVENT_LIFECYCLE,
        as_fields(unused=NO_DETAIL, kind=("event", enumeration(c.NetworkEventLifecycleType))),
    ),
    EventRow(
        e.NetworkMetadataChangeEvent,
        c.NetworkEventID.METADATA_CHANGE,
        None,
        network.NETWORK_EVENT_CALLBACK_METADATA_CHANGE,
        as_fields(type="type", uri="nsuri"),
    ),
    EventRow(
        e.StoragePoolLifecycleEvent,
        c.StoragePoolEventID.LIFECYCLE,
        None,
        storage.STORAGE_POOL_EVENT_LIFECYCLE,
        as_fields(unused=NO_DETAIL, kind=("event", enumeration(c.StoragePoolEventLifecycleType))),
    ),
    EventRow(
        e.StoragePoolRefreshEvent,
        c.StoragePoolEventID.REFRESH,
        None,
        storage.STORAGE_POOL_EVENT_REFRESH,
    ),
    EventRow(
        e.NodeDeviceLifecycleEvent,
        c.NodeDeviceEventID.LIFECYCLE,
        None,
        node.NODE_DEVICE_EVENT_LIFECYCLE,
        as_fields(unused=NO_DETAIL, kind=("event", enumeration(c.NodeDeviceEventLifecycleType))),
    ),
    EventRow(
        e.NodeDeviceUpdateEvent, c.NodeDeviceEventID.UPDATE, None, node.NODE_DEVICE_EVENT_UPDATE
    ),
    EventRow(
        e.SecretLifecycleEvent,
        c.SecretEventID.LIFECYCLE,
        None,
        secret.SECRET_EVENT_LIFECYCLE,
        as_fields(unused=NO_DETAIL, kind=("event", enumeration(c.SecretEventLifecycleType))),
    ),
    EventRow(
        e.SecretValueChangedEvent,
        c.SecretEventID.VALUE_CHANGED,
        None,
        secret.SECRET_EVENT_VALUE_CHANGED,
    ),
    CLOSED,
)
