"""Events as lines: each kind's name on the command line, and the words people read of it.

The names and words are those of ``virsh event``, where it has them. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from enum import Enum
from functools import singledispatch

from aiovirt.cli.results import Row
from aiovirt.model.activity import HostAlarm
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import (
    AgentLifecycleEvent,
    AlarmEvent,
    BalloonChangeEvent,
    BlockJobEvent,
    BlockThresholdEvent,
    ConnectionEvent,
    ControlEvent,
    DeviceAddedEvent,
    DeviceRemovalFailedEvent,
    DeviceRemovedEvent,
    DiskChangeEvent,
    Event,
    EventsLost,
    GraphicsEvent,
    IOErrorEvent,
    JobCompletedEvent,
    LifecycleDetail,
    LifecycleEvent,
    MemoryDeviceSizeChangeEvent,
    MemoryFailureEvent,
    MetadataChangeEvent,
    MigrationIterationEvent,
    MonitorEvent,
    NetworkLifecycleEvent,
    NetworkMetadataChangeEvent,
    NicMacChangeEvent,
    NodeDeviceLifecycleEvent,
    NodeDeviceUpdateEvent,
    PowerEvent,
    RebootEvent,
    RTCChangeEvent,
    SecretLifecycleEvent,
    SecretValueChangedEvent,
    StoragePoolLifecycleEvent,
    StoragePoolRefreshEvent,
    TrayChangeEvent,
    TunableEvent,
    WatchdogEvent,
)
from aiovirt.model.keys import NetworkKey, NodeDeviceKey, SecretKey, StoragePoolKey

__all__ = ["KINDS", "VIRSH_NAMES", "kind", "values", "words"]

KINDS: Mapping[str, type[Event]] = {
    "lifecycle": LifecycleEvent,
    "reboot": RebootEvent,
    "rtc-change": RTCChangeEvent,
    "watchdog": WatchdogEvent,
    "io-error": IOErrorEvent,
    "graphics": GraphicsEvent,
    "device-added": DeviceAddedEvent,
    "device-removed": DeviceRemovedEvent,
    "device-removal-failed": DeviceRemovalFailedEvent,
    "disk-change": DiskChangeEvent,
    "tray-change": TrayChangeEvent,
    "block-job": BlockJobEvent,
    "block-threshold": BlockThresholdEvent,
    "memory-device-size-change": MemoryDeviceSizeChangeEvent,
    "nic-mac-change": NicMacChangeEvent,
    "balloon-change": BalloonChangeEvent,
    "power": PowerEvent,
    "agent-lifecycle": AgentLifecycleEvent,
    "tunable": TunableEvent,
    "metadata-change": MetadataChangeEvent,
    "migration-iteration": MigrationIterationEvent,
    "job-completed": JobCompletedEvent,
    "memory-failure": MemoryFailureEvent,
    "control": ControlEvent,
    "monitor": MonitorEvent,
    "network-lifecycle": NetworkLifecycleEvent,
    "network-metadata-change": NetworkMetadataChangeEvent,
    "pool-lifecycle": StoragePoolLifecycleEvent,
    "pool-refresh": StoragePoolRefreshEvent,
    "nodedev-lifecycle": NodeDeviceLifecycleEvent,
    "nodedev-update": NodeDeviceUpdateEvent,
    "secret-lifecycle": SecretLifecycleEvent,
    "secret-value-changed": SecretValueChangedEvent,
    "alarm": AlarmEvent,
    "connection": ConnectionEvent,
    "lost": EventsLost,
}

VIRSH_NAMES: Mapping[str, str] = {
    "block-job-2": "block-job",
    "control-error": "control",
    "io-error-reason": "io-error",
    "pm-suspend": "power",
    "pm-suspend-disk": "power",
    "pm-wakeup": "power",
}
"""Names that virsh has for what is one kind here."""

_NAMES: dict[type[Event], str] = {type_: name for name, type_ in KINDS.items()}


def kind(event: Event) -> str:
    """The name of an event's kind."""
    return _NAMES[type(event)]


@singledispatch
def words(_event: Event) -> str:
    """What people read of an event after its kind; nothing for one whose kind says it all."""
    return ""


@words.register
def _(event: LifecycleEvent) -> str:
    return f"{event.kind.name.replace('_', ' ').capitalize()} {event.detail.label}"


@words.register
def _(event: RTCChangeEvent) -> str:
    return str(event.offset_s)


@words.register
def _(event: WatchdogEvent) -> str:
    return _word(event.action)


@words.register
def _(event: IOErrorEvent) -> str:
    reason = f" due to {event.reason}" if event.reason else ""
    return f"{event.source} ({event.alias}) {_word(event.action)}{reason}"


@words.register
def _(event: GraphicsEvent) -> str:
    ends = f"local {':'.join(event.local)} remote {':'.join(event.remote)}"
    return f"{event.protocol} {_word(event.phase)} {ends}"


@words.register
def _(event: DeviceRemovedEvent) -> str:
    return event.alias


@words.register
def _(event: TrayChangeEvent) -> str:
    return f"{event.alias}: {'opened' if event.opened else 'closed'}"


@words.register
def _(event: BalloonChangeEvent) -> str:
    return f"{event.actual // 1024}KiB"


@words.register
def _(event: ControlEvent) -> str:
    return "Answers again" if event.responsive else f"Does not answer: {event.error or 'no reason'}"


@words.register
def _(event: MonitorEvent) -> str:
    return f"{event.name} {dict(event.data)}"


@words.register
def _(event: DeviceAddedEvent) -> str:
    return event.alias


@words.register
def _(event: DeviceRemovalFailedEvent) -> str:
    return event.alias


@words.register
def _(event: DiskChangeEvent) -> str:
    sources = f"{event.old_source or '-'} -> {event.new_source or '-'}"
    return f"{event.alias}: {sources} ({_word(event.reason)})"


@words.register
def _(event: BlockJobEvent) -> str:
    return f"{_word(event.type)} for {event.disk} {_word(event.status)}"


@words.register
def _(event: BlockThresholdEvent) -> str:
    return f"{event.disk} ({event.path or '-'}) exceeded {event.threshold} by {event.excess} bytes"


@words.register
def _(event: MemoryDeviceSizeChangeEvent) -> str:
    return f"{event.alias}: {event.size // 1024}KiB"


@words.register
def _(event: NicMacChangeEvent) -> str:
    return f"{event.alias}: {event.old_mac} -> {event.new_mac}"


@words.register
def _(event: PowerEvent) -> str:
    return f"sleeps in {event.target}" if event.target else "woke up"


@words.register
def _(event: AgentLifecycleEvent) -> str:
    return f"{_word(event.state)}, reason {_word(event.reason)}"


@words.register
def _(event: TunableEvent) -> str:
    return _params(event.params)


@words.register
def _(event: MetadataChangeEvent) -> str:
    return f"{_word(event.type)} {event.uri or ''}".rstrip()


@words.register
def _(event: MigrationIterationEvent) -> str:
    return str(event.iteration)


@words.register
def _(event: JobCompletedEvent) -> str:
    return _params(event.params)


@words.register
def _(event: MemoryFailureEvent) -> str:
    return f"{_word(event.recipient)}: {_word(event.action)}"


@words.register
def _(event: NetworkLifecycleEvent) -> str:
    return f"{event.network.name} {_word(event.kind)}"


@words.register
def _(event: NetworkMetadataChangeEvent) -> str:
    return f"{event.network.name} {event.uri or ''}".rstrip()


@words.register
def _(event: StoragePoolLifecycleEvent) -> str:
    return f"{event.pool.name} {_word(event.kind)}"


@words.register
def _(event: StoragePoolRefreshEvent) -> str:
    return event.pool.name


@words.register
def _(event: NodeDeviceLifecycleEvent) -> str:
    return f"{event.device.name} {_word(event.kind)}"


@words.register
def _(event: NodeDeviceUpdateEvent) -> str:
    return event.device.name


@words.register
def _(event: SecretLifecycleEvent) -> str:
    return f"{event.secret.uuid} {_word(event.kind)}"


@words.register
def _(event: SecretValueChangedEvent) -> str:
    return str(event.secret.uuid)


@words.register
def _(event: AlarmEvent) -> str:
    alarm = event.alarm
    return f"{alarm.name} of {alarm.target_kind} {alarm.target} {event.change}: {alarm.status}"


@words.register
def _(event: ConnectionEvent) -> str:
    return "is there again" if event.connected else f"lost: {event.error or 'no reason'}"


@words.register
def _(event: EventsLost) -> str:
    return f"{event.count} events were lost: they came faster than they were written"


def values(event: Event) -> Row:
    """What programs get: the kind, and every field under its own name."""
    return {"event": kind(event)} | {
        field.name: _plain(getattr(event, field.name)) for field in fields(event)
    }


def _plain(value: object) -> object:
    """A field's value as JSON has it."""
    for type_, convert in _CONVERSIONS.items():
        if isinstance(value, type_):
            return convert(value)
    return value


def _word(value: Enum | int) -> str:
    """A member's name; a number that only a newer libvirt has, or no flag at all, as it is."""
    name = value.name if isinstance(value, Enum) and value.name else f"{value:d}"
    return name.lower().replace("_", "-")


def _params(params: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in params.items())


def _detail(value: LifecycleDetail) -> Row:
    return {"kind": _word(value.kind), "reason": value.label}


def _key(value: DomainKey | NetworkKey | StoragePoolKey) -> Row:
    return {"name": value.name, "uuid": str(value.uuid)}


# The first that fits counts.
_CONVERSIONS: Mapping[type, Callable[..., object]] = {
    LifecycleDetail: _detail,
    Enum: _word,
    DomainKey: _key,
    NetworkKey: _key,
    StoragePoolKey: _key,
    NodeDeviceKey: lambda value: {"name": value.name},
    SecretKey: lambda value: {"uuid": str(value.uuid)},
    HostAlarm: lambda value: {key: _plain(each) for key, each in asdict(value).items()},
    datetime: lambda value: value.isoformat(),
    Mapping: dict,
    tuple: list,
}
