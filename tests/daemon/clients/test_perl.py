"""Sys::Virt, libvirt's binding for Perl, drives the daemon's process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import counterparts
import pytest
from daemonprocess import DaemonProcess

pytestmark = pytest.mark.real

SCRIPT = Path(__file__).parent / "scripts/ask.pl"
ANSWERS = {
    "listed": "test",
    "all": "1",
    "uuid": "36",
    "same": "test",
    "state": "agrees",
    "memory": "some",
    "active": "1",
    "xml": "named",
    "stats": "agrees",
    "suspended": "1",
    "refused": "42",
}


def answers(program: Callable[..., str], uri: str, name: str) -> dict[str, str]:
    """What the script says of a guest."""
    counterparts.sys_virt()
    printed = program("/usr/bin/perl", SCRIPT, uri, name)
    return dict(line.split("=", 1) for line in printed.splitlines())


def test_it_asks_the_host_in_memory(daemon: DaemonProcess, program: Callable[..., str]) -> None:
    assert answers(program, daemon.test_uri, "test") == {"type": "TEST"} | ANSWERS


def test_it_asks_qemu(daemon: DaemonProcess, program: Callable[..., str], guest: str) -> None:
    found = answers(program, daemon.uri, guest)
    assert found == {"type": "QEMU"} | ANSWERS | {"listed": guest, "same": guest}
