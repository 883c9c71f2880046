"""Which procedures of libvirt a test run has really exchanged with a real libvirtd.

A client of a test, or a proxy between, notes each reply; the plugin prints the list at the end of
the run, that of all its worker processes.  AIOVIRT_EXCHANGED=FILE also writes it to a file.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiovirt.clients.libvirt import LibvirtClient

__all__ = ["PROGRAMS", "Exchanged", "exchanged", "note"]

PROGRAMS = {
    0x20008086: "REMOTE",
    0x20008087: "QEMU",
    0x00068000: "LXC",
    0x06900690: "ADMIN",
    0x6B656570: "KEEPALIVE",
}
"""Program numbers of libvirt's wire protocol to their names."""


@dataclass
class Exchanged:
    """How often each procedure was answered, by success."""

    answered: Counter[tuple[int, int]] = field(default_factory=Counter)
    refused: Counter[tuple[int, int]] = field(default_factory=Counter)

    def note(self, program: int, procedure: int, *, ok: bool = True) -> None:
        """Count one reply, or one message of an event."""
        (self.answered if ok else self.refused)[program, procedure] += 1

    def add(self, counts: list[list[int]]) -> None:
        """Count what `counts` of another process tells."""
        for program, procedure, answered, refused in counts:
            self.answered[program, procedure] += answered
            self.refused[program, procedure] += refused

    def counts(self) -> list[list[int]]:
        """Return for each: program, number, how often answered and refused; as plain data."""
        return [
            [int(pair[0]), pair[1], self.answered[pair], self.refused[pair]]
            for pair in sorted(self.answered.keys() | self.refused.keys())
        ]

    def lines(self) -> list[str]:
        """Return one line a procedure: program, number, how often answered and refused."""
        return [
            f"{PROGRAMS.get(program, hex(program))} {procedure} {answered} {refused}"
            for program, procedure, answered, refused in self.counts()
        ]

    def summary(self) -> list[str]:
        """Return a line for each program: how many procedures, and which."""
        lines = []
        for program, name in PROGRAMS.items():
            counts = [count[1:] for count in self.counts() if count[0] == program]
            answered = {number for number, well, _ in counts if well}
            refused = {number for number, _, _ in counts} - answered
            if answered or refused:
                lines.append(f"{name}: {len(answered)} answered: {ranges(sorted(answered))}")
            if refused:
                lines.append(f"{name}: {len(refused)} only refused: {ranges(sorted(refused))}")
        return lines


def ranges(numbers: list[int]) -> str:
    """Write sorted numbers as ranges: "1-3 7"."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(low) if low == high else f"{low}-{high}" for low, high in found)


exchanged = Exchanged()
"""What this test run has exchanged with real daemons."""


def note(program: int, procedure: int, status_ok: bool = True) -> None:  # noqa: FBT001, FBT002  a hook's shape
    """Count one reply of a real daemon in this test run's list."""
    exchanged.note(program, procedure, ok=status_ok)


@pytest.fixture(autouse=True)
def _exchanged(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our clients note what they exchange in tests with real counterparts."""
    if request.node.get_closest_marker("real"):
        monkeypatch.setattr(LibvirtClient, "observer", staticmethod(note))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist: hand over what was exchanged there."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["exchanged"] = exchanged.counts()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Add what a worker has exchanged; one that died does not tell."""
    exchanged.add(getattr(node, "workeroutput", {}).get("exchanged", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was exchanged, and write it to the file that AIOVIRT_EXCHANGED names."""
    summary = exchanged.summary()
    if summary:
        terminalreporter.section("exchanged with a real libvirtd")
        for line in summary:
            terminalreporter.line(line)
    wanted = os.environ.get("AIOVIRT_EXCHANGED")
    if wanted:
        Path(wanted).write_text("\n".join(exchanged.lines()) + "\n", encoding="ascii")
