"""A guest's process is stopped: who calls it waits, and nobody else does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import counterparts
import pytest
from daemonprocess import DaemonProcess, daemon_process
from rawclient import RawClient
from stuckguests import CALLS_EACH, CLIENTS, domain, guests, hang, slowest, statistics, stopped

pytestmark = pytest.mark.real

GUESTS = 3


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """Run a daemon with some guests."""
    counterparts.program("qemu-system-x86_64")
    with daemon_process(tmp_path_factory.mktemp("d")) as running, guests(running, GUESTS):
        yield running


def test_calls_that_hang_hold_up_nobody_on_their_connections_or_others(
    daemon: DaemonProcess,
) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(RawClient.opened(daemon.socket, "qemu:///system"))
            for _ in range(CLIENTS + 1)
        ]
        *asking, other = clients
        stuck = domain(other, "web0")
        stack.enter_context(stopped(daemon, "web0"))
        for client in asking:
            hang(client, stuck)
        for client in clients:
            slowest(client, GUESTS)  # each answer comes, or this ends with an error
        statistics(other)
        still = CLIENTS * CALLS_EACH - sum(len(client.others) for client in asking)
        assert still >= CLIENTS  # they were not answered first


def test_statistics_mark_the_one_that_does_not_answer(daemon: DaemonProcess) -> None:
    uri = f"qemu+unix:///system?socket={daemon.socket}"
    virsh = counterparts.program("virsh")
    with stopped(daemon, "web0"):
        shown = subprocess.run(
            [virsh, "-c", uri, "domstats"], capture_output=True, text=True, check=True
        )
    _, *told = shown.stdout.split("Domain: ")
    marked = [one.partition("\n")[0] for one in told if "aiovirt.unresponsive.since=" in one]
    assert (len(told), marked) == (GUESTS, ["'web0'"])
