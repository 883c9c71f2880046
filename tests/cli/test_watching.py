"""``event``: which events it shows, in which form, and when it ends."""

from __future__ import annotations

import json
import signal

import pytest
from clirun import Define, Run, on_terminal, program
from fakeguest import Guest
from fakehost import FakeHost

from aiovirt.model.events import (
    BalloonChangeEvent,
    EventsLost,
    LifecycleDetail,
    LifecycleEvent,
    RebootEvent,
)


@pytest.fixture
def eventful(host: FakeHost, web1: Guest, define: Define) -> FakeHost:
    """A host where something happens to two domains, and then no more."""
    other = define("db").key
    started = LifecycleDetail.STARTED_BOOTED
    host.soon = [
        LifecycleEvent(time=0.0, domain=web1.key, detail=started),
        RebootEvent(time=1.5, domain=other, synthetic=True),
        BalloonChangeEvent(time=2.0, domain=web1.key, actual=4096),
    ]
    host.ends = True
    return host


ALL = """\
event 'lifecycle' for domain 'web1': Started Booted
event 'reboot' for domain 'db' (found out later)
event 'balloon-change' for domain 'web1': 4KiB
events received: 3
"""


@pytest.mark.usefixtures("eventful")
def test_all_are_shown_in_order(run: Run) -> None:
    assert run("event", "--all", "--loop").out == ALL


@pytest.mark.usefixtures("eventful")
def test_without_loop_the_first_ends_it(run: Run) -> None:
    out = run("event", "--all").out
    assert out == f"{ALL.splitlines()[0]}\nevents received: 1\n"


@pytest.mark.usefixtures("eventful")
def test_kinds_and_domains_choose(run: Run) -> None:
    kinds = ("--event", "reboot", "--event", "lifecycle")
    assert run("event", "--loop", "-q", *kinds).out.count("\n") == 2
    assert run("event", "--loop", "-q", "--domain", "web1", *kinds).out.count("\n") == 1


@pytest.mark.usefixtures("eventful")
def test_json_is_a_line_an_event(run: Run, web1: Guest) -> None:
    out = run("event", "--all", "--loop", "-o", "json").out
    first, second, third = map(json.loads, out.splitlines())
    assert first == {
        "event": "lifecycle",
        "time": 0.0,
        "synthetic": False,
        "domain": {"name": "web1", "uuid": str(web1.key.uuid)},
        "detail": {"kind": "started", "reason": "Booted"},
    }
    assert (second["synthetic"], third["actual"]) == (True, 4096)


def test_a_loss_is_told_whatever_is_asked_for(run: Run, eventful: FakeHost) -> None:
    eventful.soon = [EventsLost(time=0.0, count=7)]
    out = run("event", "--event", "reboot", "--loop").out
    assert out.startswith("event 'lost': 7 events were lost")


@pytest.mark.usefixtures("eventful")
def test_a_stamp_is_local_time_with_its_offset(run: Run) -> None:
    stamp = run("event", "--all", "--timestamp").out.partition(": ")[0]
    date, time = stamp.split(" ")
    assert (len(date), len(time)) == (len("1970-01-01"), len("00:00:00.000+00:00"))


@pytest.mark.usefixtures("web1")
def test_time_that_is_up_is_no_error_when_there_were_events(run: Run, host: FakeHost) -> None:
    assert run("event", "--all", "--loop", "--timeout", "0.05").status == 1
    host.soon = [EventsLost(time=0.0, count=1)]
    done = run("event", "--all", "--loop", "--timeout", "0.05")
    assert (done.status, done.err) == (0, "")


def test_events_that_end_without_one_are_an_error(run: Run, host: FakeHost) -> None:
    host.ends = True
    assert run("event", "--all").err == "error: no such event came before they ended\n"


@pytest.mark.parametrize(
    "arguments", [(), ("--event", "reboots"), ("--event", "x")], ids=["none", "near", "unknown"]
)
def test_a_kind_must_be_named_and_known(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("event", *arguments).status == 2


def test_kinds_are_listed(run: Run) -> None:
    assert "lifecycle\n" in run("event", "--list").out


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
def test_a_signal_ends_it_without_a_word(number: int, status: int, loop: str) -> None:
    watch = program("event", "--all", "--loop")
    with on_terminal(*watch, AIOVIRT_BACKEND=loop) as event:
        event.expect(b"event 'reboot' for domain 'web1'")
        event.expect(b"\n")
        before = event.seen
        event.process.send_signal(number)
        assert event.finish() == status
    assert event.seen == before
