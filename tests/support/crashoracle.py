"""Kills a daemon at random moments under load, and holds what is there against the model.

Run as a program it does so 200 times, and says how it went.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crashmodel import Found, Model
from daemonprocess import DaemonProcess

__all__ = ["Oracle"]

SCRIPTS = Path(__file__).parents[1] / "daemon/oracle/scripts"
SYSTEM_PYTHON = "/usr/bin/python3"
CLIENTS = 4
MOST_TOLD = 60
"""So many lines the load tells at most, of calls begun and ended, before the daemon is killed: a
time would be too short for any call on a machine that is busy."""

LONGEST_S = 0.1
"""Seconds that the daemon lives on then at most."""

LOOK_S = 60
SETTLE_S = 10
"""How long what is left over may take to be gone after a new daemon serves."""


@dataclass
class Oracle:
    """A daemon that is killed again and again on the same state."""

    folder: Path
    seed: int = 1
    without: tuple[str, ...] = ()
    """Calls that the load does not make."""
    model: Model = field(default_factory=Model)
    calls: int = 0
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.daemon = DaemonProcess(self.folder / "d", {})
        self.disks = self.folder / "disks"
        self.disks.mkdir(exist_ok=True)
        self._chance = random.Random(self.seed)  # noqa: S311  # made to be repeated
        self._links = links()

    def run(self, rounds: int) -> list[str]:
        """Kill so often; the complaints of all rounds."""
        complaints: list[str] = []
        self.daemon.start()
        try:
            for turn in range(rounds):
                self._load(turn)
                self.daemon.start()
                complaints += [f"round {turn}: {each}" for each in self._compare()]
        finally:
            self._end()
        return complaints

    def _load(self, turn: int) -> None:
        words = (self.daemon.uri, self.disks, f"{self.seed}.{turn}", CLIENTS, *self.without)
        told = self.folder / "told"
        with told.open("wb") as output:
            load = subprocess.Popen(
                [SYSTEM_PYTHON, SCRIPTS / "load.py", *map(str, words)], stdout=output
            )
        try:
            _until_told(told, load, self._chance.randint(1, MOST_TOLD))
            time.sleep(self._chance.uniform(0, LONGEST_S))  # the moment is the point of it
            self.daemon.kill()
        finally:
            load.wait(LOOK_S)
        lines = [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()]
        self.calls += sum(line["phase"] != "begin" for line in lines)
        self.refused += [line["why"] for line in lines if line["phase"] == "failed"]
        self.model.read(lines)

    def _compare(self) -> list[str]:
        shown: list[dict[str, Any]] = json.loads(
            subprocess.check_output(
                [SYSTEM_PYTHON, SCRIPTS / "look.py", self.daemon.uri], timeout=LOOK_S
            )
        )
        names = [each["name"] for each in shown]
        found = {each["name"]: Found(each["state"], frozenset(each["snapshots"])) for each in shown}
        complaints = [f"{name} is there twice" for name in set(names) if names.count(name) > 1]
        complaints += self.model.complaints(found)
        self.model.settle(found)
        return complaints + self._orphans(shown)

    def _orphans(self, shown: list[dict[str, Any]]) -> list[str]:
        """What is left of domains that are not there; it may take a moment to go."""
        end = time.monotonic() + SETTLE_S
        while left := self._left(shown):
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        return left

    def _left(self, shown: list[dict[str, Any]]) -> list[str]:
        root = self.daemon.state / "qemu"
        active = {each["uuid"] for each in shown if each["state"] != "defined"}
        lasting = {each["name"] for each in shown if each["state"] != "transient"}
        left = [f"QEMU {pid}" for pid in emulators(self.folder)][len(active) :]
        left += [
            f"{folder.name} in run" for folder in root.glob("run/*-*") if folder.name not in active
        ]
        left += [
            f"{file.name}"
            for file in root.glob("config/*")
            if file.is_file() and file.stem not in lasting
        ]
        left += [f"link {name}" for name in links() - self._links]
        return left

    def _end(self) -> None:
        """End what runs, however it stands with it."""
        for pid in emulators(self.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(AssertionError):
            self.daemon.kill()


def links() -> set[str]:
    """The network's interfaces."""
    return {entry.name for entry in Path("/sys/class/net").iterdir()}


def emulators(folder: Path) -> list[int]:
    """The processes of QEMU that have something to do with a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            if "qemu-system" in words.split("\0", 1)[0] and str(folder) in words:
                found.append(int(entry.name))
    return found


def _until_told(told: Path, load: subprocess.Popen[bytes], lines: int) -> None:
    """Wait until the clients have told so many lines."""
    end = time.monotonic() + LOOK_S
    while told.read_bytes().count(b"\n") < lines:
        assert load.poll() is None, "the load has ended"
        assert time.monotonic() < end, f"the load has not told {lines} lines"
        time.sleep(0.01)


def main() -> int:
    """Kill, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        oracle = Oracle(Path(folder), arguments.seed)
        complaints = oracle.run(arguments.rounds)
    refusals: dict[str, int] = {}
    for why in oracle.refused:
        kind = re.sub(r"w\d+-\d+|s\d+|'[^']*'", "X", why)
        refusals[kind] = refusals.get(kind, 0) + 1
    for line in complaints:
        sys.stdout.write(f"{line}\n")
    for kind, count in refusals.items():
        sys.stdout.write(f"refused {count} times: {kind}\n")
    sys.stdout.write(
        f"killed {arguments.rounds} times amid {oracle.calls} calls: {len(complaints)} complaints\n"
    )
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
