"""Events as lines: each kind's name on the command line, and the words people read of it.

The names and words are those of ``virsh event``, where it has them. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from functools import singledispatch

from aiovirt.cli.results import Row
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import (
    BalloonChangeEvent,
    ControlEvent,
    DeviceRemovedEvent,
    Event,
    EventsLost,
    GraphicsEvent,
    IOErrorEvent,
    LifecycleDetail,
    LifecycleEvent,
    MonitorEvent,
    RebootEvent,
    RTCChangeEvent,
    TrayChangeEvent,
    WatchdogEvent,
)

__all__ = ["KINDS", "kind", "values", "words"]

KINDS: Mapping[str, type[Event]] = {
    "lifecycle": LifecycleEvent,
    "reboot": RebootEvent,
    "rtc-change": RTCChangeEvent,
    "watchdog": WatchdogEvent,
    "io-error": IOErrorEvent,
    "graphics": GraphicsEvent,
    "device-removed": DeviceRemovedEvent,
    "tray-change": TrayChangeEvent,
    "balloon-change": BalloonChangeEvent,
    "control": ControlEvent,
    "monitor": MonitorEvent,
    "lost": EventsLost,
}

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


def _word(value: Enum) -> str:
    return value.name.lower().replace("_", "-")


def _detail(value: LifecycleDetail) -> Row:
    return {"kind": _word(value.kind), "reason": value.label}


def _key(value: DomainKey) -> Row:
    return {"name": value.name, "uuid": str(value.uuid)}


# The first that fits counts.
_CONVERSIONS: Mapping[type, Callable[..., object]] = {
    LifecycleDetail: _detail,
    Enum: _word,
    DomainKey: _key,
    Mapping: dict,
    tuple: list,
}
