"""QEMU's events become ours; the samples are from QEMU 7.2 and its QAPI documentation."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from aiovirt.config import Channel, Disk, DomainConfig
from aiovirt.drivers.qemu.engine.domain import FollowUp, LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.translate import MISSED, STATES, Happening, translate
from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.events import (
    AgentLifecycleEvent,
    BalloonChangeEvent,
    DomainEvent,
    GraphicsEvent,
    GraphicsPhase,
    IOErrorAction,
    IOErrorEvent,
    LifecycleDetail,
    LifecycleEvent,
    MemoryDeviceSizeChangeEvent,
    MonitorEvent,
    RebootEvent,
    RTCChangeEvent,
    TrayChangeEvent,
    WatchdogAction,
    WatchdogEvent,
)
from aiovirt.model.units import MiB
from aiovirt.processes import DaemonProcess

NO_PROCESS = cast("DaemonProcess", None)
KEY = DomainKey(UUID(int=1), "web1")
VNC_END = {"host": "127.0.0.1", "service": "5900", "family": "ipv4", "websocket": False}


@pytest.fixture
def running() -> ManagedDomain:
    """A running domain with one disk."""
    config = DomainConfig(
        name="web1", memory=MiB(16), disks=[Disk.file("/srv/a.img", target="vda")]
    )
    config.disks[0].alias = "virtio-disk0"
    domain = ManagedDomain(KEY, config)
    domain.live = LiveDomain(1, config, Path("/nowhere"), NO_PROCESS, 0.0, booted=True)
    domain.reason = StateReason.RUNNING_BOOTED
    return domain


def happen(domain: ManagedDomain, name: str, **data: object) -> list[DomainEvent]:
    """Let one event of QEMU happen at time 5; dashes are written as underscores."""
    assert domain.live is not None
    members = {key.replace("_", "-"): value for key, value in data.items()}
    return list(translate(Happening(domain, domain.live, name, members, 5.0)))


def details(outcomes: list[DomainEvent]) -> list[LifecycleDetail]:
    """The details of the life cycle events among them."""
    return [outcome.detail for outcome in outcomes if isinstance(outcome, LifecycleEvent)]


def why(domain: ManagedDomain) -> StateReason:
    """The state with its reason (by a call, so that no type checker thinks it constant)."""
    return domain.reason


def test_stop_and_resume(running: ManagedDomain) -> None:
    assert details(happen(running, "STOP")) == [LifecycleDetail.SUSPENDED_PAUSED]
    assert why(running) is StateReason.PAUSED_USER
    assert details(happen(running, "RESUME")) == [LifecycleDetail.RESUMED_UNPAUSED]
    assert running.reason is StateReason.RUNNING_UNPAUSED


def test_full_disk_pauses_with_its_reason(running: ManagedDomain) -> None:
    outcome = happen(
        running,
        "BLOCK_IO_ERROR",
        device="",
        node_name="libvirt-1-format",
        operation="write",
        action="stop",
        nospace=True,
        reason="No space left on device",
    )
    assert outcome == [
        IOErrorEvent(
            time=5.0,
            domain=KEY,
            source="/srv/a.img",
            alias="virtio-disk0",
            action=IOErrorAction.PAUSE,
            reason="enospc",
        )
    ]
    assert details(happen(running, "STOP")) == [LifecycleDetail.SUSPENDED_IO_ERROR]
    assert running.reason is StateReason.PAUSED_IO_ERROR


def test_reason_of_one_pause_is_not_that_of_the_next(running: ManagedDomain) -> None:
    happen(running, "WATCHDOG", action="pause")
    happen(running, "STOP")
    assert why(running) is StateReason.PAUSED_WATCHDOG
    happen(running, "RESUME")
    happen(running, "STOP")
    assert running.reason is StateReason.PAUSED_USER


def test_watchdog_action(running: ManagedDomain) -> None:
    assert happen(running, "WATCHDOG", action="inject-nmi") == [
        WatchdogEvent(time=5.0, domain=KEY, action=WatchdogAction.INJECT_NMI)
    ]


@pytest.mark.parametrize(
    ("wanted", "follow_up"),
    [
        ("destroy", FollowUp.QUIT),
        ("restart", FollowUp.BOOT_AGAIN),
        ("preserve", None),
        (None, FollowUp.QUIT),
    ],
)
def test_on_poweroff(
    running: ManagedDomain, wanted: str | None, follow_up: FollowUp | None
) -> None:
    assert running.live is not None
    running.live.config.on_poweroff = wanted
    outcome = happen(running, "SHUTDOWN", guest=True, reason="guest-shutdown")
    assert details(outcome) == [LifecycleDetail.SHUTDOWN_GUEST]
    assert running.live.follow_up is follow_up
    ending = StateReason.SHUTOFF_SHUTDOWN if follow_up is FollowUp.QUIT else None
    assert running.live.ending is ending
    assert running.state is DomainState.SHUTDOWN


def test_stop_after_shutdown_is_part_of_it(running: ManagedDomain) -> None:
    happen(running, "SHUTDOWN", guest=True, reason="guest-shutdown")
    assert happen(running, "STOP") == []
    assert running.state is DomainState.SHUTDOWN


def test_reboot_by_way_of_a_shutdown(running: ManagedDomain) -> None:
    assert running.live is not None
    running.live.rebooting = True
    happen(running, "SHUTDOWN", guest=True, reason="guest-shutdown")
    assert _follow_up(running) is FollowUp.BOOT_AGAIN
    assert happen(running, "STOP") == []
    assert happen(running, "RESET") == [RebootEvent(time=5.0, domain=KEY)]
    assert details(happen(running, "RESUME")) == [LifecycleDetail.RESUMED_UNPAUSED]
    assert running.reason is StateReason.RUNNING_BOOTED
    assert _follow_up(running) is None
    happen(running, "SHUTDOWN", guest=True, reason="guest-shutdown")
    assert _follow_up(running) is FollowUp.QUIT


def _follow_up(domain: ManagedDomain) -> FollowUp | None:
    assert domain.live is not None
    return domain.live.follow_up


def test_a_guest_that_is_let_go_on_after_its_end_runs(running: ManagedDomain) -> None:
    assert running.live is not None
    happen(running, "SHUTDOWN", guest=True, reason="guest-shutdown")
    happen(running, "RESUME")
    assert (running.live.follow_up, running.live.ending) == (None, None)
    assert running.reason is StateReason.RUNNING_UNPAUSED


def test_on_reboot_destroy(running: ManagedDomain) -> None:
    assert running.live is not None
    running.live.config.on_reboot = "destroy"
    running.live.config.on_poweroff = "preserve"
    happen(running, "SHUTDOWN", guest=True, reason="guest-reset")
    assert running.live.follow_up is FollowUp.QUIT


def test_shutdown_that_we_brought_about_is_silent(running: ManagedDomain) -> None:
    assert running.live is not None
    running.live.ending = StateReason.SHUTOFF_DESTROYED
    assert happen(running, "SHUTDOWN", guest=False, reason="host-signal") == []


def test_host_shutdown(running: ManagedDomain) -> None:
    outcome = happen(running, "SHUTDOWN", guest=False, reason="host-qmp-quit")
    assert details(outcome) == [LifecycleDetail.SHUTDOWN_HOST]


@pytest.mark.parametrize(("wanted", "follow_up"), [("preserve", None), ("destroy", FollowUp.QUIT)])
def test_panic(running: ManagedDomain, wanted: str, follow_up: FollowUp | None) -> None:
    assert running.live is not None
    running.live.config.on_crash = wanted
    outcome = happen(running, "GUEST_PANICKED", action="pause")
    assert details(outcome) == [LifecycleDetail.CRASHED_PANICKED]
    assert running.live.follow_up is follow_up
    assert running.reason is StateReason.CRASHED_PANICKED


def test_reset(running: ManagedDomain) -> None:
    outcome = happen(running, "RESET", guest=True, reason="guest-reset")
    assert outcome == [RebootEvent(time=5.0, domain=KEY)]


def test_power_management(running: ManagedDomain) -> None:
    assert details(happen(running, "SUSPEND")) == [LifecycleDetail.PM_SUSPENDED_MEMORY]
    assert why(running) is StateReason.PM_SUSPENDED_UNKNOWN
    assert details(happen(running, "WAKEUP")) == [LifecycleDetail.STARTED_WAKEUP]
    assert running.state is DomainState.RUNNING
    assert details(happen(running, "SUSPEND_DISK")) == [LifecycleDetail.PM_SUSPENDED_DISK]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("RTC_CHANGE", {"offset": 78}, RTCChangeEvent(time=5.0, domain=KEY, offset_s=78)),
        (
            "MEMORY_DEVICE_SIZE_CHANGE",
            {"id": "virtiomem0", "size": 1 << 30, "qom-path": "/machine/peripheral/virtiomem0"},
            MemoryDeviceSizeChangeEvent(time=5.0, domain=KEY, alias="virtiomem0", size=1 << 30),
        ),
        (
            "DEVICE_TRAY_MOVED",
            {"device": "", "id": "ide0-0-0", "tray_open": True},
            TrayChangeEvent(time=5.0, domain=KEY, alias="ide0-0-0", opened=True),
        ),
        (
            "BALLOON_CHANGE",
            {"actual": 944766976},
            BalloonChangeEvent(time=5.0, domain=KEY, actual=944766976),
        ),
        (
            "VNC_INITIALIZED",
            {
                "server": {"auth": "sasl", **VNC_END},
                "client": {**VNC_END, "service": "46089", "sasl_username": "luiz"},
            },
            GraphicsEvent(
                time=5.0,
                domain=KEY,
                phase=GraphicsPhase.INITIALIZE,
                protocol="vnc",
                local=("127.0.0.1", "5900"),
                remote=("127.0.0.1", "46089"),
                identity={"sasl_username": "luiz"},
            ),
        ),
        (
            "JOB_STATUS_CHANGE",
            {"id": "job0"},
            MonitorEvent(time=5.0, domain=KEY, name="JOB_STATUS_CHANGE", data={"id": "job0"}),
        ),
    ],
)
def test_devices(
    running: ManagedDomain, name: str, data: dict[str, object], expected: DomainEvent
) -> None:
    assert happen(running, name, **data) == [expected]


@pytest.mark.parametrize(
    "name", ["DEVICE_DELETED", "DEVICE_UNPLUG_GUEST_ERROR", "MEM_UNPLUG_ERROR"]
)
def test_what_leaves_is_told_by_who_tidies_up(running: ManagedDomain, name: str) -> None:
    assert happen(running, name, device="net0", path="/machine/peripheral/net0") == []


@pytest.mark.parametrize("found", sorted(STATES))
def test_missed_event_leads_to_the_state_that_was_found(running: ManagedDomain, found: str) -> None:
    assert running.live is not None
    reason = STATES[found]
    running.live.pause = reason
    name, data = MISSED[reason.state]
    list(translate(Happening(running, running.live, name, data, 5.0)))
    assert running.state is reason.state


def test_an_agent_that_comes_and_goes_is_told_once_and_shown(running: ManagedDomain) -> None:
    assert running.live is not None
    running.live.config.channels = [Channel.agent()]
    (channel,) = running.live.config.channels
    channel.alias = "channel0"
    (came,) = happen(running, "VSERPORT_CHANGE", id="channel0", open=True)
    assert isinstance(came, AgentLifecycleEvent)
    assert (came.state, channel.target.state) == (1, "connected")
    assert happen(running, "VSERPORT_CHANGE", id="channel0", open=True) == []
    (went,) = happen(running, "VSERPORT_CHANGE", id="channel0", open=False)
    assert isinstance(went, AgentLifecycleEvent)
    assert (went.state, channel.target.state) == (2, "disconnected")
