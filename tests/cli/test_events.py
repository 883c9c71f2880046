"""Events as lines and as values."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from aiovirt.cli.events import KINDS, kind, values, words
from aiovirt.model import constants as c
from aiovirt.model import events as model
from aiovirt.model.activity import AlarmChange, AlarmStatus, HostAlarm
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import NetworkKey, NodeDeviceKey, SecretKey, StoragePoolKey

WEB1 = DomainKey(UUID(int=1), "web1")
NET = NetworkKey(UUID(int=2), "lab")
POOL = StoragePoolKey(UUID(int=3), "images")

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
    "net1": model.DeviceAddedEvent(time=0, domain=WEB1, alias="net1"),
    "net2": model.DeviceRemovalFailedEvent(time=0, domain=WEB1, alias="net2"),
    "ide0: - -> /b.iso (change-missing-on-start)": model.DiskChangeEvent(
        time=0,
        domain=WEB1,
        old_source=None,
        new_source="/b.iso",
        alias="ide0",
        reason=c.ConnectDomainEventDiskChangeReason.CHANGE_MISSING_ON_START,
    ),
    "copy for vda ready": model.BlockJobEvent(
        time=0,
        domain=WEB1,
        disk="vda",
        type=c.DomainBlockJobType.COPY,
        status=c.ConnectDomainEventBlockJobStatus.READY,
    ),
    "vda[1] (/d.img) exceeded 10 by 2 bytes": model.BlockThresholdEvent(
        time=0, domain=WEB1, disk="vda[1]", path="/d.img", threshold=10, excess=2
    ),
    "vm0: 4KiB": model.MemoryDeviceSizeChangeEvent(time=0, domain=WEB1, alias="vm0", size=4096),
    "net0: a -> b": model.NicMacChangeEvent(
        time=0, domain=WEB1, alias="net0", old_mac="a", new_mac="b"
    ),
    "sleeps in disk": model.PowerEvent(time=0, domain=WEB1, target="disk"),
    "woke up": model.PowerEvent(time=0, domain=WEB1, target=None),
    "connected, reason channel": model.AgentLifecycleEvent(
        time=0,
        domain=WEB1,
        state=c.ConnectDomainEventAgentLifecycleState.CONNECTED,
        reason=c.ConnectDomainEventAgentLifecycleReason.CHANNEL,
    ),
    "cputune.vcpupin0=0-1": model.TunableEvent(
        time=0, domain=WEB1, params={"cputune.vcpupin0": "0-1"}
    ),
    "element urn:x": model.MetadataChangeEvent(
        time=0, domain=WEB1, type=c.DomainMetadataType.ELEMENT, uri="urn:x"
    ),
    "4": model.MigrationIterationEvent(time=0, domain=WEB1, iteration=4),
    "time_elapsed=7": model.JobCompletedEvent(time=0, domain=WEB1, params={"time_elapsed": 7}),
    "guest: inject": model.MemoryFailureEvent(
        time=0,
        domain=WEB1,
        recipient=c.DomainMemoryFailureRecipientType.GUEST,
        action=c.DomainMemoryFailureActionType.INJECT,
        flags=c.DomainMemoryFailureFlags(0),
    ),
    "lab started": model.NetworkLifecycleEvent(
        time=0, network=NET, kind=c.NetworkEventLifecycleType.STARTED
    ),
    "lab urn:y": model.NetworkMetadataChangeEvent(time=0, network=NET, type=2, uri="urn:y"),
    "images 17": model.StoragePoolLifecycleEvent(time=0, pool=POOL, kind=17),
    "images": model.StoragePoolRefreshEvent(time=0, pool=POOL),
    "pci_1 deleted": model.NodeDeviceLifecycleEvent(
        time=0, device=NodeDeviceKey("pci_1"), kind=c.NodeDeviceEventLifecycleType.DELETED
    ),
    "pci_2": model.NodeDeviceUpdateEvent(time=0, device=NodeDeviceKey("pci_2")),
    f"{UUID(int=4)} defined": model.SecretLifecycleEvent(
        time=0, secret=SecretKey(UUID(int=4)), kind=c.SecretEventLifecycleType.DEFINED
    ),
    f"{UUID(int=5)}": model.SecretValueChangedEvent(time=0, secret=SecretKey(UUID(int=5))),
    "CPU usage of domain web1 acknowledged: red": model.AlarmEvent(
        time=0,
        change=AlarmChange.ACKNOWLEDGED,
        alarm=HostAlarm(
            "alarm-6.vm-42",
            "CPU usage",
            "",
            "web1",
            "domain",
            AlarmStatus.RED,
            datetime.fromtimestamp(0, UTC),
        ),
    ),
    "is there again": model.ConnectionEvent(time=0, connected=True),
    "lost: cut": model.ConnectionEvent(time=0, connected=False, error="cut"),
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


BASES = {
    model.Event,
    model.DomainEvent,
    model.NetworkEvent,
    model.StoragePoolEvent,
    model.NodeDeviceEvent,
    model.SecretEvent,
}


def test_every_kind_of_the_model_has_a_name() -> None:
    classes = {getattr(model, name) for name in model.__all__ if name.endswith(("Event", "Lost"))}
    assert set(KINDS.values()) == classes - BASES
