"""Every command of virsh that succeeds against libvirtd, tried against aiovirtd beside it.

Run as a program it prints the list: for each command how its answer compares, of the host in memory
and of QEMU, and at the end the counts.  Fails below the bar.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import counterparts
from daemonprocess import DaemonProcess
from libvirtlab import Lab, LabError
from libvirtlab.fixtures import run_new_lab
from likeness import Likeness, lacking, likeness
from virshtraces import GROUPS, Answer, Command, Group, prepare, run_group

__all__ = [
    "BAR",
    "CLEANING",
    "QEMU",
    "SERVED",
    "Line",
    "children_of",
    "compare",
    "compare_group",
    "daemon_within",
    "try_virsh",
]

BAR = 170 / 176
"""The part of the commands that must pass on the better of the two drivers."""

VIRSH_S = 60
"""Bound of one virsh."""

TEST, QEMU = "test:///default", "qemu:///system"
DRIVERS = (TEST, QEMU)
SERVED = tuple(group for group in GROUPS if not group.driver.startswith("lxc:"))
"""Containers have no driver yet."""

CLEANING = (
    "destroy vm1",
    "undefine vm1 --managed-save --snapshots-metadata --checkpoints-metadata --nvram",
    "undefine vm2",
    "pool-destroy pool1",
    "pool-undefine pool1",
    "net-destroy net1",
    "net-undefine net1",
    "secret-undefine 0a81f5b2-8403-4b23-88d6-21ccc2f80d6f",
)
"""What a group may have left when some of its commands failed."""

UNDOING = {
    "pool-destroy default-pool": "pool-start default-pool",
    "net-destroy default": "net-start default",
    "suspend test": "resume test",
    "snapshot-create-as test s1": "snapshot-delete test s1",
    "net-define network.xml": "net-undefine net1",
    "shutdown vm1": "start vm1",
}
"""What is done after a command on the host in memory.

libvirtd's is made anew for each client, so that nothing stays.  And a guest without a system never
shuts down by itself, but in memory.
"""

RENAMED = {"lab0": "eth1"}
"""Things of the lab's host, and what the host in memory has instead."""


@dataclass
class Line:
    """One command and how its answers compare, by driver."""

    group: str
    words: str
    silent: bool = False
    """Whether libvirtd says nothing where figures are asked for."""
    found: dict[str, Likeness] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def best(self) -> Likeness:
        """The better of both."""
        order = list(Likeness)
        return min(self.found.values(), key=order.index, default=Likeness.ABSENT)

    def row(self) -> str:
        """The line of the table."""
        signs = "    ".join(self.found.get(name, Likeness.ABSENT).value for name in DRIVERS)
        return f"{signs}   {self.words}"


def served_uri(daemon: DaemonProcess, driver: str) -> str:
    """Return the URI for virsh of a driver that the daemon serves."""
    return daemon.test_uri if driver == TEST else daemon.uri


@contextmanager
def daemon_within(lab: Lab, folder: Path) -> Iterator[DaemonProcess]:
    """Run our daemon where the lab's is: both then tell of the same network."""
    daemon = DaemonProcess(folder, {}, prefix=lab.enter)
    daemon.start()
    (inner,) = children_of(daemon.pid)
    try:
        yield daemon
    finally:
        os.kill(inner, signal.SIGTERM)
        daemon.wait()


def children_of(pid: int) -> list[int]:
    """The children of a process: proc_pid_task_children(5)."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def try_virsh(uri: str, *words: str, cwd: Path) -> tuple[str, str]:
    """Run virsh; return what it printed, and what it says went wrong or nothing."""
    argv = [str(counterparts.program("virsh")), "--quiet", "--connect", uri, *words]
    environment = {**os.environ, "LC_ALL": "C", "EDITOR": "true", "HOME": str(cwd)}
    try:
        done = subprocess.run(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=VIRSH_S,
            cwd=cwd,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {VIRSH_S} s"
    if done.returncode:
        return "", done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}"
    return done.stdout, ""


def _ours(uri: str, group: Group, folder: Path) -> Iterator[tuple[str, str]]:
    """Run a group's commands against us; a failed one does not end it."""
    prepare(group, folder)
    in_memory = uri.startswith("test")
    guest_id = "1"
    for command in group.commands:
        argv = command.argv(folder, guest_id)
        if in_memory:
            argv = [RENAMED.get(word, word) for word in argv]
        output, error = try_virsh(uri, *argv, cwd=folder)
        undoing = UNDOING.get(" ".join(command.words))
        if in_memory and undoing and (group.driver == TEST or argv[0] == "shutdown"):
            try_virsh(uri, *undoing.split(), cwd=folder)
        if argv[0] == "domid" and re.fullmatch(r"\d+", output.strip()):
            guest_id = output.strip()
        yield output, error
    for line in CLEANING:
        try_virsh(uri, *line.split(), cwd=folder)


def compare(
    command: Command, theirs: str, ours: tuple[str, str], folders: Sequence[Path]
) -> tuple[Likeness, str]:
    """Compare what one command has given in the two folders; say where it differs."""
    output, error = ours
    if error:
        return Likeness.FAILED, error
    there, here = (
        text.replace(str(folder), "FOLDER")
        for text, folder in zip((theirs, output), folders, strict=True)
    )
    found = likeness(there, here, figures=command.answer is Answer.CHANGES)
    if found is Likeness.SAME:
        return found, ""
    lacks = lacking(there, here)
    return found, f"--- libvirtd\n{there}--- aiovirtd\n{here}\nlacks: {lacks}"


def compare_group(
    lab: Lab, daemon: DaemonProcess, group: Group, folder: Path, drivers: Sequence[str] = DRIVERS
) -> list[Line]:
    """Run a group against libvirtd, and then against the drivers that have what it is about.

    Raises:
        LabError: A command fails against libvirtd.
    """
    reference = folder / "libvirtd"
    reference.mkdir()
    theirs = list(run_group(lab, group, reference))
    lines = [
        Line(
            group.name,
            " ".join(command.words),
            silent=command.answer is Answer.CHANGES and not output.strip(),
        )
        for command, _, output in theirs
    ]
    for driver in drivers:
        if group.driver == TEST and driver != TEST:
            continue
        place = folder / driver.partition(":")[0]
        place.mkdir()
        answers = list(_ours(served_uri(daemon, driver), group, place))
        for line, (command, _, output), ours in zip(lines, theirs, answers, strict=True):
            line.found[driver], line.notes[driver] = compare(
                command, output, ours, (reference, place)
            )
    return lines


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _summary(lines: Sequence[Line]) -> bool:
    passed = sum(line.best.passes for line in lines)
    for driver in DRIVERS:
        asked = [line.found[driver] for line in lines if driver in line.found]
        same = sum(found is Likeness.SAME for found in asked)
        passing = sum(found.passes for found in asked)
        _say(f"{driver}: {passing} of {len(asked)} pass, {same} of them to the letter")
    _say(f"on one of them: {passed} of {len(lines)}; the bar is {BAR:.1%}")
    return passed >= BAR * len(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="show the answers that differ")
    parser.add_argument("--group", default="", help="only the groups whose name has this")
    return parser.parse_args()


def _tell(line: Line, *, verbose: bool) -> None:
    """One line of the list, and what was wrong."""
    _say(line.row())
    for driver, note in line.notes.items():
        if note and (verbose or not line.found[driver].passes):
            _say(f"          {driver}: {note if verbose else note.rpartition(chr(10))[2]}")


def _tell_group(
    lab: Lab, daemon: DaemonProcess, group: Group, folder: Path, *, verbose: bool
) -> list[Line]:
    """Compare a group and tell of it; its lines."""
    _say(f"\n{group.name}")
    folder.mkdir()
    try:
        lines = compare_group(lab, daemon, group, folder)
    except LabError as error:
        _say(f"libvirtd itself: {error}")
        return []
    for line in lines:
        _tell(line, verbose=verbose)
    return lines


def main() -> int:
    """Print the list."""
    arguments = _arguments()
    lines: list[Line] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = run_new_lab(stack)
        daemon = stack.enter_context(daemon_within(lab, folder / "daemon"))
        _say("test qemu command   (= the same, ~ of the same form, ! other, x failed)")
        for at, group in enumerate(SERVED):
            if arguments.group in group.name:
                place = folder / str(at)
                lines += _tell_group(lab, daemon, group, place, verbose=arguments.verbose)
        _say("")
    return 0 if _summary(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
