"""Events as lines and as values."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from aiovirt.cli.events import KINDS, kind, values, words
from aiovirt.model import events as model
from aiovirt.model.domain import DomainKey

WEB1 = DomainKey(UUID(int=1), "web1")

EVENTS: dict[str, model.Event] = {
    "Crashed Panicked": model.LifecycleEvent(
        time=0, domain=WEB1, detail=model.LifecycleDetail.CRASHED_PANICKED
    ),
    "Pm suspended Disk": model.LifecycleEvent(
        time=0, domain=WEB1, detail=model.LifecycleDetail.PM_SUSPENDED_DISK
    ),
    "": model.RebootEvent(time=0, domain=WEB1),
    "-3600": model.RTCChangeEvent(time=0, domain=WEB1, offset_s=-3600),
    "inject-nmi": model.WatchdogEvent(time=0, domain=WEB1, action=model.WatchdogAction.INJECT_NMI),
    "/d.img (virtio-disk0) pause due to enospc": model.IOErrorEvent(
        time=0,
        domain=WEB1,
        source="/d.img",
        alias="virtio-disk0",
        action=model.IOErrorAction.PAUSE,
        reason="enospc",
    ),
    "vnc connect local 127.0.0.1:5900 remote 127.0.0.1:40000": model.GraphicsEvent(
        time=0,
        domain=WEB1,
        phase=model.GraphicsPhase.CONNECT,
        protocol="vnc",
        local=("127.0.0.1", "5900"),
        remote=("127.0.0.1", "40000"),
    ),
    "net0": model.DeviceRemovedEvent(time=0, domain=WEB1, alias="net0"),
    "ide0-1-0: opened": model.TrayChangeEvent(time=0, domain=WEB1, alias="ide0-1-0", opened=True),
    "2KiB": model.BalloonChangeEvent(time=0, domain=WEB1, actual=2048),
    "Answers again": model.ControlEvent(time=0, domain=WEB1, responsive=True),
    "Does not answer: stuck": model.ControlEvent(
        time=0, domain=WEB1, responsive=False, error="stuck"
    ),
    "MIGRATION {'status': 'setup'}": model.MonitorEvent(
        time=0, domain=WEB1, name="MIGRATION", data={"status": "setup"}
    ),
    "3 events were lost: they came faster than they were written": model.EventsLost(
        time=0, count=3
    ),
}


@pytest.mark.parametrize(("expected", "event"), EVENTS.items())
def test_people_read_words(expected: str, event: model.Event) -> None:
    assert words(event) == expected


@pytest.mark.parametrize("event", EVENTS.values(), ids=kind)
def test_programs_get_every_field_as_json(event: model.Event) -> None:
    row = values(event)
    assert json.loads(json.dumps(row)) == row
    assert set(row) == {"event", *event.__dataclass_fields__}


def test_every_kind_of_the_model_has_a_name() -> None:
    classes = {getattr(model, name) for name in model.__all__ if name.endswith(("Event", "Lost"))}
    assert set(KINDS.values()) == classes - {model.Event, model.DomainEvent}
