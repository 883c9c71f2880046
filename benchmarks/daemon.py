"""aiovirtd beside a real libvirtd, both driven by libvirt-python, turn by turn.

Both daemons run in the same namespaces, whose first process reaps orphans at once: libvirtd waits
for the end of a guest by looking again and again whether its process is there.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from _table import Row, main

sys.path.append(str(Path(__file__).parents[1] / "tests/support"))

from labsamples import guest_xml
from libvirtlab import run_lab
from libvirtpackets import Header
from parity import children_of, daemon_within
from rawclient import GET_HOSTNAME, RawClient, resident

SYSTEM_PYTHON = "/usr/bin/python3"
THEIRS = "libvirtd"
ONE_TURNS = 7
MANY_TURNS = 3
CALL_TURNS = 7
TOGETHER, THREADS = 20, 16
CROWD = 50
CALLS = 10_000
OPENS = 500
IDLE = 2000
MEMORY_BAR = 1 / 1.5

CONDITIONS = {
    "start": ("start, paused", "starts/s", 4.0),
    "destroy": ("destroy", "destroys/s", 5.0),
    "killed": ("killed QEMU to event", "1/s", 10.0),
    "start_many": (f"{TOGETHER} starts by {THREADS} threads", "starts/s", 2.0),
    "stats": (f"statistics of {CROWD}", "calls/s", 2.0),
    "info": ("info, all on one processor", "calls/s", 0.7),
    "info_many": ("info, 16 connections", "calls/s", 1.0),
    "opens": ("open and close", "1/s", 1.0),
    "memory": (f"daemon with {CROWD} guests", "1/GiB", MEMORY_BAR),
}
"""Measurements: what they are of, their unit, the least ratio."""


@dataclass
class Contender:
    """A daemon, with a libvirt-python of its own."""

    name: str
    uri: str
    pid: int
    root: str
    """What the command line of its QEMU processes has."""
    samples: dict[str, list[float]] = field(default_factory=dict)

    def open(self) -> None:
        """Start the client."""
        script = str(Path(__file__).with_name("_daemon_peer.py"))
        self._client = subprocess.Popen(
            [SYSTEM_PYTHON, script, self.uri],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def rate(self, *words: object) -> float:
        """Let the client measure."""
        assert self._client.stdin is not None
        assert self._client.stdout is not None
        print(*words, file=self._client.stdin, flush=True)
        return float(self._client.stdout.readline())

    def take(self, *words: object) -> None:
        """One turn of a measurement."""
        self.samples.setdefault(str(words[0]), []).append(self.rate(*words))

    def close(self) -> None:
        """End the client."""
        self._client.communicate()

    def define(self, text: str) -> None:
        """Define a guest by its document."""
        argv = ["virsh", "-q", "-c", self.uri, "define", "/dev/stdin"]
        subprocess.run(argv, input=text, text=True, check=True, stdout=subprocess.DEVNULL)

    def guest_pid(self, name: str) -> int:
        """The process of a guest that runs."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if self.root in words and f"guest={name}," in words:
                return int(entry.name)
        raise LookupError(name)

    def pin(self, processor: int) -> None:
        """Have the daemon and its client run on one processor, or on all with -1."""
        which = set(range(os.cpu_count() or 1)) if processor < 0 else {processor}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), which)
        self.rate("pin", processor)


@contextmanager
def both() -> Iterator[tuple[Contender, Contender]]:
    """Run both daemons side by side."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = stack.enter_context(run_lab(folder / "lab"))
        ours = stack.enter_context(daemon_within(lab, folder / "d"))
        theirs = Contender(THEIRS, lab.uri("unix"), lab.pid, "/var/lib/libvirt/qemu")
        mine = Contender("aiovirtd", ours.uri, children_of(ours.pid)[0], str(ours.state))
        for contender in (theirs, mine):
            contender.open()
            stack.callback(contender.close)
        yield theirs, mine


def measure_one(contender: Contender) -> None:
    """One guest's life."""
    contender.take("start", "one0")
    contender.take("destroy", "one0")
    contender.rate("start", "one0")
    contender.take("killed", "one0", contender.guest_pid("one0"))


def measure_many(contender: Contender) -> None:
    """Several guests at once."""
    contender.take("start_many", "many", TOGETHER, THREADS)
    contender.rate("destroy_many", "many", TOGETHER)


def measure_calls(contender: Contender) -> None:
    """Calls while a crowd runs."""
    contender.take("stats", CROWD)
    contender.pin(0)
    contender.take("info", "crowd0", CALLS)
    contender.pin(-1)
    contender.take("info_many", "crowd0", CALLS, 16)
    contender.take("opens", OPENS)


def served_beside_idle(contender: Contender) -> float:
    """Have clients come and do nothing; how many are served when each asks something."""
    path = Path(contender.uri.partition("socket=")[2])
    with ExitStack() as stack:
        idle = [stack.enter_context(RawClient.opened(path, "qemu:///system")) for _ in range(IDLE)]
        contender.rate("info", "crowd0", 100)
        return float(sum(Header.of(client.call(GET_HOSTNAME)).status == 0 for client in idle))


def take_turns(pair: tuple[Contender, Contender]) -> float:
    """All measurements; how many idle clients of ours were served."""
    for contender in pair:
        for prefix, count in (("one", 1), ("many", TOGETHER), ("crowd", CROWD)):
            for number in range(count):
                contender.define(guest_xml(f"{prefix}{number}"))
    for turns, measurement in ((ONE_TURNS, measure_one), (MANY_TURNS, measure_many)):
        for _ in range(turns):
            for contender in pair:
                measurement(contender)
    for contender in pair:
        contender.rate("start_many", "crowd", CROWD, THREADS)
    for _ in range(CALL_TURNS):
        for contender in pair:
            measure_calls(contender)
    for contender in pair:
        contender.samples["memory"] = [(1 << 30) / resident(contender.pid)]
    served = served_beside_idle(pair[1])
    for contender in pair:
        contender.rate("destroy_many", "crowd", CROWD)
    return served


def rows(pair: Sequence[Contender], conditions: Mapping[str, tuple[str, str, float]]) -> list[Row]:
    """What both were measured at, ours over theirs."""
    theirs, ours = pair
    found = []
    for name, (condition, unit, bar) in conditions.items():
        base = theirs.samples[name]
        found += [
            Row(condition, THEIRS, unit, base),
            Row(condition, ours.name, unit, ours.samples[name], base, THEIRS, bar),
        ]
    return found


def measure() -> list[Row]:
    """Each measurement of both."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with both() as pair:
        served = take_turns(pair)
    idle = Row("idle clients", pair[1].name, "served", [served], [float(IDLE)], "asked", 1.0)
    return [*rows(pair, CONDITIONS), idle]


if __name__ == "__main__":
    main(measure, __doc__)
