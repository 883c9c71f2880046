"""Twenty guests behind aiovirtd, one of them stopped, and thirty calls that hang on it.

Six connections have five calls each that wait for the stopped guest.  Meanwhile each of them, and
one more, asks for other things: how long the slowest answer takes, how long the statistics of all
take, and whether the calls that hang end with an error by the driver's bound.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from _table import Row, main

sys.path.append(str(Path(__file__).parents[1] / "tests/support"))

from daemonprocess import DaemonProcess, daemon_process
from rawclient import RawClient
from stuckguests import (
    BOUND_S,
    CALLS_EACH,
    CLIENTS,
    domain,
    ended,
    guests,
    hang,
    slowest,
    statistics,
    stopped,
)

GUESTS = 20
TURNS = 20
ANSWER_S, STATS_S = 0.1, 1.0


def measure_daemon(daemon: DaemonProcess) -> tuple[list[float], list[float], int]:
    """The slowest answers, the statistics, and the calls that ended."""
    with ExitStack() as stack:
        stack.enter_context(guests(daemon, GUESTS))
        clients = [
            stack.enter_context(RawClient.opened(daemon.socket, "qemu:///system"))
            for _ in range(CLIENTS + 1)
        ]
        *asking, other = clients
        stuck = domain(other, "web0")
        stack.enter_context(stopped(daemon, "web0"))
        until = time.monotonic() + BOUND_S
        for client in asking:
            hang(client, stuck)
        answers = [
            slowest(client, GUESTS) for _ in range(TURNS // len(clients)) for client in clients
        ]
        stats = [statistics(other) for _ in range(3)]
        return answers, stats, sum(ended(client, until) for client in asking)


def measure() -> list[Row]:
    """All of it, of one daemon."""
    with tempfile.TemporaryDirectory() as folder, daemon_process(Path(folder)) as daemon:
        answers, stats, came = measure_daemon(daemon)
    asked = float(CLIENTS * CALLS_EACH)
    name = f"{asked:.0f} calls hang"

    def row(condition: str, seconds: list[float], bound_s: float) -> Row:
        rates = [1 / each for each in seconds]
        over = f"{bound_s * 1000:.0f} ms"
        return Row(name, condition, "1/s", rates, [1 / bound_s] * len(rates), over, 1.0)

    return [
        row("slowest other answer", answers, ANSWER_S),
        row(f"statistics of {GUESTS}", stats, STATS_S),
        Row(name, "ended by their bound", "calls", [float(came)], [asked], "asked", 1.0),
    ]


if __name__ == "__main__":
    main(measure, __doc__)
