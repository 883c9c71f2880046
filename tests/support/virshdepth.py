"""Every command of virsh about QEMU guests, tried against libvirtd and against aiovirtd beside it.

Run as a program it prints the list by the groups of virsh's own help: pass, fail, or that libvirtd
itself fails here, with the reason; and at the end the counts.  Fails below the bar.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import counterparts
from daemonprocess import DaemonProcess
from depthdocuments import DOCUMENTS
from libvirtlab import Lab
from libvirtlab.fixtures import run_new_lab
from libvirtlab.state import virsh_uri
from likeness import Likeness
from parity import CLEANING, QEMU, SERVED, compare, compare_group, daemon_within, try_virsh
from virshtraces import Answer, Command, Group, put

__all__ = ["BAR", "HELP", "Row", "read_groups"]

BAR = 0.95
"""The part of what works against libvirtd that must work against us."""

HELP = ("domain", "snapshot", "checkpoint", "backup", "monitor")
"""The chapters of virsh's help that are about guests."""

LACKING = frozenset(
    {
        "domsetlaunchsecstate",
        "domxml-from-native",
        "lxc-enter-namespace",
        "qemu-attach",
        "send-process-signal",
    }
)
"""Commands that do not work with QEMU guests of libvirtd here; that others do is a claim, too."""

FAILURES = frozenset({Likeness.OTHER, Likeness.FAILED})

AGAIN_S = 30
PAUSE_S = 0.1
"""How long something is tried again and again, and how often."""

CONSOLE_S = 15
"""Bound of a console."""

LEAVE = b"\x1d"
"""The key that leaves a console."""


@dataclass(frozen=True)
class Row:
    """One line of a group."""

    command: Command
    again: bool = False
    beside: bool = False
    terminal: bool = False

    @classmethod
    def parse(cls, line: str) -> Row:
        """Read one line of the list."""
        mark = line[0] if line[0] in "*&%" else ""
        command = Command.parse(line.removeprefix(mark).lstrip() if mark else line)
        return cls(command, again=mark == "*", beside=mark == "&", terminal=mark == "%")

    @property
    def verb(self) -> str:
        """The command's name."""
        words = self.command.words
        return words[2] if words[0] == "--connect" else words[0]


@dataclass(frozen=True)
class DeepGroup:
    """Rows that follow on each other."""

    name: str
    needs: tuple[str, ...]
    rows: tuple[Row, ...]


def read_groups() -> tuple[DeepGroup, ...]:
    """Read `virsh_qemu.toml`."""
    text = Path(__file__).with_name("virsh_qemu.toml").read_text(encoding="utf-8")
    return tuple(
        DeepGroup(group["name"], tuple(group["needs"]), tuple(map(Row.parse, group["run"])))
        for group in tomllib.loads(text)["group"]
    )


@dataclass
class Verdict:
    """What became of one row."""

    verb: str
    words: str
    found: Likeness
    """ABSENT when libvirtd itself fails."""
    note: str = ""

    def lines(self, *, verbose: bool) -> Iterator[str]:
        """What is told of it."""
        yield f"{SAYS[self.found]}  {self.words}"
        if self.note and (verbose or not self.found.passes):
            yield f"          {self.note if verbose else self.note.rpartition(chr(10))[2]}"


SAYS = {
    Likeness.SAME: "pass =",
    Likeness.FORM: "pass ~",
    Likeness.OTHER: "FAIL !",
    Likeness.FAILED: "FAIL x",
    Likeness.ABSENT: "there-",
}


@dataclass
class Host:
    """A daemon, and another of its kind to move guests to."""

    uri: str
    peer: str

    def clean(self, folder: Path) -> None:
        """End what a group may have left."""
        for uri in (self.uri, self.peer):
            for line in CLEANING:
                try_virsh(uri, *line.split(), cwd=folder)


def _left(terminal: int, process: subprocess.Popen[bytes]) -> bytes:
    """Leave the console as soon as it is there; return all that was shown.

    The key is pressed until it works: virsh drops what was typed before it listens.
    """
    said = b""
    end = time.monotonic() + CONSOLE_S
    while time.monotonic() < end and process.poll() is None:
        if select.select([terminal], [], [], PAUSE_S)[0]:
            with suppress(OSError):  # how a terminal tells that nobody is there any more
                said += os.read(terminal, 4096)
        elif b"Escape character" in said:
            os.write(terminal, LEAVE)
    if process.poll() is None:
        process.kill()
    return said


def _at_terminal(uri: str, *words: str, cwd: Path) -> tuple[str, str]:
    """Run virsh at a terminal and leave it by its key; return what it says and what went wrong."""
    argv = [str(counterparts.program("virsh")), "--quiet", "--connect", uri, *words]
    ours, its = pty.openpty()
    with subprocess.Popen(
        argv, stdin=its, stdout=its, stderr=its, cwd=cwd, start_new_session=True
    ) as process:
        os.close(its)
        said = _left(ours, process)
    os.close(ours)
    text = said.decode(errors="replace")
    return ("", text.strip()) if process.returncode else (text.partition("\r\n\r\n")[0], "")


def _again(uri: str, *words: str, cwd: Path) -> tuple[str, str]:
    """Run virsh until it succeeds."""
    end = time.monotonic() + AGAIN_S
    while True:
        output, error = try_virsh(uri, *words, cwd=cwd)
        if not error or time.monotonic() > end:
            return output, error
        time.sleep(PAUSE_S)


def _beside(uri: str, words: Sequence[str], cwd: Path) -> subprocess.Popen[str]:
    argv = [str(counterparts.program("virsh")), "--quiet", "--connect", uri, *words]
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )


def _ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        output, error = process.communicate(timeout=AGAIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return "", "it does not end"
    return (output, "") if process.returncode == 0 else ("", error.strip() or "it failed")


def run_rows(host: Host, group: DeepGroup, folder: Path) -> list[tuple[str, str]]:
    """Run a group against a host; return each row's output, and what went wrong or nothing."""
    folder.mkdir()
    put(group.needs, folder, DOCUMENTS)
    answers: list[tuple[str, str]] = []
    running: dict[int, subprocess.Popen[str]] = {}
    guest_id = "1"
    for row in group.rows:
        argv = row.command.argv(folder, guest_id, host.peer)
        if row.beside:
            running[len(answers)] = _beside(host.uri, argv, folder)
            answers.append(("", ""))
            continue
        run = _at_terminal if row.terminal else _again if row.again else try_virsh
        output, error = run(host.uri, *argv, cwd=folder)
        if output.startswith("<"):
            (folder / f"{row.verb}.xml").write_text(output, encoding="utf-8")
        if row.verb == "domid":
            guest_id = output.strip() or guest_id
        answers.append((output, error))
    for at, process in running.items():
        answers[at] = _ended(process)
    host.clean(folder)
    return answers


def _verdict(
    row: Row, theirs: tuple[str, str], ours: tuple[str, str], folders: Sequence[Path]
) -> Verdict:
    words = " ".join(row.command.words)
    output, error = theirs
    if error:
        note = " ".join(error.split()) + ("" if ours[1] else " (here it works)")
        return Verdict(row.verb, words, Likeness.ABSENT, note)
    found, note = compare(row.command, output, ours, folders)
    if row.command.answer is Answer.ACTS and found is Likeness.OTHER:
        found = Likeness.FORM  # what is said of a deed is no interface
    return Verdict(row.verb, words, found, note)


@contextmanager
def two_hosts(folder: Path) -> Iterator[tuple[Lab, DaemonProcess, Host, Host]]:
    """Run two labs with libvirtd, and a daemon of ours within each."""
    with ExitStack() as stack:
        labs = [run_new_lab(stack) for _ in range(2)]
        daemons = [
            stack.enter_context(daemon_within(lab, folder / f"daemon{at}"))
            for at, lab in enumerate(labs)
        ]
        theirs = Host(*(virsh_uri(lab, "unix", QEMU) for lab in labs))
        ours = Host(*(daemon.uri for daemon in daemons))
        yield labs[0], daemons[0], theirs, ours


def compare_deep(theirs: Host, ours: Host, group: DeepGroup, folder: Path) -> list[Verdict]:
    """Run a group against both."""
    folder.mkdir()
    places = (folder / "libvirtd", folder / "aiovirtd")
    there, here = (
        run_rows(host, group, place) for host, place in zip((theirs, ours), places, strict=True)
    )
    return [
        _verdict(row, wanted, given, places)
        for row, wanted, given in zip(group.rows, there, here, strict=True)
    ]


def compare_common(lab: Lab, daemon: DaemonProcess, group: Group, folder: Path) -> list[Verdict]:
    """Run a group of the list that every driver is held to."""
    folder.mkdir()
    return [
        Verdict(line.words.split()[0], line.words, line.found[QEMU], line.notes[QEMU])
        for line in compare_group(lab, daemon, group, folder, [QEMU])
    ]


def chapter(name: str) -> list[str]:
    """Return the commands that a chapter of virsh's help names."""
    argv = [str(counterparts.program("virsh")), "help", name]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in told.splitlines()[1:] if line.strip()]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _of_command(rows: Sequence[Verdict]) -> str:
    """Say what became of a command by its rows."""
    counted = [row for row in rows if row.found is not Likeness.ABSENT]
    if not rows:
        return "untried"
    if not counted:
        return "there-"
    return "pass" if all(row.found.passes for row in counted) else "FAIL"


def tell(verdicts: Sequence[Verdict], *, verbose: bool) -> bool:
    """Print the list, chapter by chapter; return whether the bar is met."""
    chapters = [_tell_chapter(name, verdicts, verbose=verbose) for name in HELP]
    totals = sum((states for states, _ in chapters), Counter[str]())
    options = Counter(_of_command([row]) for row in verdicts)
    _say(f"\nall of these commands: {_figure(totals)}")
    _say(f"all rows, options too: {_figure(options)}; the bar is {BAR:.0%}")
    complete = all(complete for _, complete in chapters)
    return complete and _share(totals) >= BAR and _share(options) >= BAR


def _tell_chapter(
    name: str, verdicts: Sequence[Verdict], *, verbose: bool
) -> tuple[Counter[str], bool]:
    """Print one; how often each state is, and whether all is tried and works against libvirtd."""
    found = {verb: [row for row in verdicts if row.verb == verb] for verb in chapter(name)}
    states = {verb: _of_command(rows) for verb, rows in found.items()}
    counts = Counter(states.values())
    _say(f"\n{name}")
    for verb, rows in found.items():
        _say(f"{states[verb]:8} {verb}")
        for line in (line for row in rows for line in row.lines(verbose=verbose)):
            _say(f"      {line}")
    lost = {verb for verb, state in states.items() if state == "there-"} - LACKING
    if lost:
        _say(f"should work against libvirtd: {', '.join(sorted(lost))}")
    _say(f"{name}: {_figure(counts)}")
    return counts, not lost and counts["untried"] == 0


def _share(counts: Counter[str]) -> float:
    works = counts["pass"] + counts["FAIL"]
    return counts["pass"] / works if works else 1.0


def _figure(counts: Counter[str]) -> str:
    works = counts["pass"] + counts["FAIL"]
    more = f", {counts['untried']} untried" if counts["untried"] else ""
    return (
        f"{counts['pass']} of {works} that work against libvirtd pass, {_share(counts):.1%}; "
        f"{counts['there-']} fail against libvirtd{more}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="show the answers that differ")
    parser.add_argument("--log", action="store_true", help="show our daemon's log")
    parser.add_argument("--group", default="", help="only the groups whose name has this")
    return parser.parse_args()


def _compared(arguments: argparse.Namespace, folder: Path) -> Iterator[list[Verdict]]:
    """Compare the groups asked for, one by one."""
    with two_hosts(folder) as (lab, daemon, theirs, ours):
        for at, deep in enumerate(read_groups()):
            if arguments.group in deep.name:
                yield compare_deep(theirs, ours, deep, folder / f"deep{at}")
        for at, group in enumerate(SERVED):
            if arguments.group in group.name and group.driver == QEMU:
                yield compare_common(lab, daemon, group, folder / f"common{at}")
        if arguments.log:
            sys.stderr.write(daemon.text())


def main() -> int:
    """Print the list; what fails is said at once, too."""
    arguments = _arguments()
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory() as folder:
        for found in _compared(arguments, Path(folder)):
            verdicts += found
            for row in found:
                if row.found in FAILURES:
                    sys.stderr.write("\n".join(row.lines(verbose=True)) + "\n")
    return 0 if tell(verdicts, verbose=arguments.verbose) else 1


if __name__ == "__main__":
    sys.exit(main())
