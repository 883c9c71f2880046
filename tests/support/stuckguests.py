"""Guests behind the daemon, one of them stopped, and what its callers and others get meanwhile."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemonprocess import DaemonProcess
from labsamples import guest_xml
from libvirtpackets import HEADER, Header, packet
from rawclient import GET_HOSTNAME, LOOKUP_BY_NAME, RawClient, text

__all__ = [
    "BOUND_S",
    "CALLS_EACH",
    "CLIENTS",
    "domain",
    "ended",
    "guests",
    "hang",
    "slowest",
    "statistics",
    "stopped",
]

CLIENTS = 6
CALLS_EACH = 5
BOUND_S = 40.0
GET_INFO, GET_XML, MEMORY_STATS, GET_STATE, GET_ALL_STATS = 16, 14, 159, 212, 344
QEMU_PROGRAM, MONITOR_COMMAND = 0x20008087, 1
HANGING = 1000
"""Serials of the calls that hang begin here."""


def virsh(daemon: DaemonProcess, *words: str, given: str = "") -> None:
    """Run virsh against the daemon."""
    argv = ["virsh", "-q", "-c", daemon.uri, *words]
    subprocess.run(argv, input=given, text=True, check=True, capture_output=True)


@contextmanager
def guests(daemon: DaemonProcess, count: int) -> Iterator[None]:
    """Run so many guests, paused."""
    names = [f"web{number}" for number in range(count)]
    for name in names:
        virsh(daemon, "define", "/dev/stdin", given=guest_xml(name))
        virsh(daemon, "start", name, "--paused")
    try:
        yield
    finally:
        for name in names:
            virsh(daemon, "destroy", name)


def pid_of(daemon: DaemonProcess, name: str) -> int:
    """The process of a guest."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(daemon.state) in words and f"guest={name}," in words:
            return int(entry.name)
    raise LookupError(name)


@contextmanager
def stopped(daemon: DaemonProcess, name: str) -> Iterator[None]:
    """Stop a guest's process for the length of the block."""
    pid = pid_of(daemon, name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def domain(client: RawClient, name: str) -> bytes:
    """A guest as an argument of calls."""
    return client.call(LOOKUP_BY_NAME, text(name))[HEADER.size :]


def hang(client: RawClient, stuck: bytes) -> None:
    """Make calls that nobody will answer before their bound."""
    command = stuck + text('{"execute": "query-status"}') + bytes(4)
    figures = stuck + struct.pack(">II", 13, 0)
    calls = [packet(procedure=MEMORY_STATS, serial=HANGING, payload=figures)] + [
        packet(
            program=QEMU_PROGRAM, procedure=MONITOR_COMMAND, serial=HANGING + at, payload=command
        )
        for at in range(1, CALLS_EACH)
    ]
    client.send(b"".join(calls))


def slowest(client: RawClient, count: int) -> float:
    """Ask for what has nothing to do with the stopped guest; the longest wait."""
    longest = 0.0
    calls = [(GET_HOSTNAME, b"")]
    for number in range(1, count):
        begin = time.perf_counter()
        other = domain(client, f"web{number}")
        longest = max(longest, time.perf_counter() - begin)
        flags = bytes(4)
        calls += [(GET_INFO, other), (GET_STATE, other + flags), (GET_XML, other + flags)]
    for procedure, payload in calls:
        begin = time.perf_counter()
        reply = client.call(procedure, payload)
        longest = max(longest, time.perf_counter() - begin)
        assert Header.of(reply).status == 0
    return longest


def statistics(client: RawClient) -> float:
    """Ask for the statistics of all; how long it takes."""
    begin = time.perf_counter()
    reply = client.call(GET_ALL_STATS, struct.pack(">III", 0, 0, 0))
    assert Header.of(reply).status == 0
    return time.perf_counter() - begin


def ended(client: RawClient, until: float) -> int:
    """How many of the calls that hang have an end in time: an error, or figures without QEMU's."""
    answers = list(client.others)
    while len(answers) < CALLS_EACH:
        client.socket.settimeout(max(until - time.monotonic(), 0.01))
        try:
            answers.append(client.receive())
        except TimeoutError:
            break
    return sum(Header.of(answer).serial >= HANGING for answer in answers)
