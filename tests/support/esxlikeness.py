"""How many machines have the same XML by aiovirt's esx driver as by libvirt's own.

Both look at the same machine of a simulated ESX host, whose file is one `.vmx` after the other:
those of libvirt's own tests, which are fetched, and ours.  Then both turn documents of libvirt's
tests into `.vmx`, and tell of snapshots, networks, datastores and the host.

Run as a program it prints each difference, the differences by how often they occur, and the part
that is the same: once by itself, where what our driver tells beyond libvirt is counted apart, and
once with ``like_libvirt=1``, where they have to be equal to the letter.  Fails below the bar.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import libvirtdata
from esxdocuments import documents_by_aiovirt, documents_by_virsh, furnish
from esxhosts import opening
from vcsimlab import Shape, Simulator, Virsh, VirshFailed, run_simulator, virsh_at
from xmldifferences import differences

from aiovirt.config import DomainConfig
from aiovirt.errors import AiovirtError
from aiovirt.objects import Connection

__all__ = [
    "BAR",
    "Score",
    "by_aiovirt",
    "by_virsh",
    "documents_with_our_datastore",
    "own_machines",
    "settings",
]

BAR = 0.98
"""The part of the answers that must be the same."""

FORM = "vmware-vmx"
OWN = Path(__file__).parents[1] / "drivers/common/vmx"
"""Where our own files are."""
DATASTORES = (
    (r"\[[\w-]+\] ", "[LocalDS_0] "),
    (r"/vmfs/volumes/(?!missing)[^/]+/", "/vmfs/volumes/LocalDS_0/"),
)
"""What libvirt's documents call datastores, and what the only one of the simulator is called."""

_MORE = (
    *("os/boot", "os/bootmenu", "os/firmware", "memoryBacking", "clock/timer"),
    *("devices/disk/shareable", "devices/hostdev", "devices/interface/link", "devices/sound"),
    *("devices/tpm", "devices/video/model/acceleration"),
)
_UNREAD = "keys of the file that libvirt does not read"
BEYOND = {
    rf"has +domain/({'|'.join(_MORE)}): .*": _UNREAD,
    r"has +domain/devices/controller: <controller .*type='(nvme|usb)'.*": _UNREAD,
    r"has +domain/devices/disk: <disk .*<target bus='nvme'.*": _UNREAD,
    r"other domain/devices/video/model: .*, here <model heads=.*": "it knows several screens",
    r"other domain/devices/video/model: .*": "the video RAM is told as it is, not rounded",
    r"other domain/devices/disk/target: <target bus='sata' .*": (
        "a disk of SATA has a name of its own, where libvirt gives it that of a disk of SCSI"
    ),
    r"lacks pool/target/permissions: .*": "libvirt makes up an owner and a mode of datastores",
    r"other virtualhw.version: \"10\", here \"1[1-9]\"": (
        "the host's own version, where libvirt knows none after that of ESX 5.5"
    ),
}
"""Differences that are meant to be, and why; they must match as a whole."""

Answers = Mapping[str, str]
"""By document what one of the two makes of it; a text that begins with `REFUSED` when nothing."""

REFUSED = "refused: "
Differences = Callable[[str, str], list[tuple[str, str]]]


def documents_with_our_datastore(tests: Path, pattern: str) -> dict[str, str]:
    """Return documents by their names, about the datastore that the simulator has."""
    found = {}
    for path in sorted(tests.glob(pattern)):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        for called, here in DATASTORES:
            text = re.sub(called, here, text)
        found[path.name] = text
    return found


def own_machines() -> dict[str, str]:
    """Return our own `.vmx` files by their names."""
    return documents_with_our_datastore(OWN, "**/*.vmx")


def settings(theirs: str, ours: str) -> list[tuple[str, str]]:
    """Return the differences of two `.vmx` files, whatever the order of their lines."""
    wanted, given = _lines(theirs), _lines(ours)
    kinds = {True: "other", False: "lacks"}
    found = [
        (f"{kinds[key in given]} {key}", f"{value}, here {given.get(key)}")
        for key, value in wanted.items()
        if given.get(key) != value
    ]
    return found + [(f"has   {key}", given[key]) for key in sorted(given.keys() - wanted.keys())]


def _lines(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().casefold(): value.strip() for key, _, value in pairs}


def _meant(kind: str, detail: str) -> str:
    """Why a difference is meant to be, or nothing."""
    told = f"{kind}: {detail}"
    return next((why for pattern, why in BEYOND.items() if re.fullmatch(pattern, told)), "")


@dataclass
class Score:
    """What came of the comparison."""

    same: int = 0
    equal: int = 0
    compared: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    beyond: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, found: list[tuple[str, str]]) -> None:
        """One document, with its differences."""
        self.compared += 1
        self.equal += not found
        meant = {reason for one in found if (reason := _meant(*one))}
        left = [one for one in found if not _meant(*one)]
        self.same += not left
        sys.stdout.writelines(f"{name}: {kind}: {detail}\n" for kind, detail in left)
        self.kinds.update({kind for kind, _ in left})
        self.beyond.update(meant)

    def tell(self) -> None:
        """Print the kinds of differences by how often there are."""
        lines = [*self.kinds.most_common()]
        lines += [(f"meant: {why}", count) for why, count in self.beyond.most_common()]
        sys.stdout.writelines(f"{count:4} {what}\n" for what, count in lines)

    def compare(self, theirs: Answers, ours: Answers, how: Differences) -> None:
        """Compare what both have made of each document; two refusals are the same."""
        for name, wanted in theirs.items():
            given = ours[name]
            refused = [answer.startswith(REFUSED) for answer in (wanted, given)]
            if all(refused):
                self.add(name, [])
            elif any(refused):
                self.add(name, [("refused by one", f"{wanted[:160]!r}, here {given[:160]!r}")])
            else:
                self.add(name, how(wanted, given))


def _theirs(virsh: Virsh, *words: str) -> str:
    try:
        return virsh.run(*words)
    except VirshFailed as error:
        return f"{REFUSED}{error}"


def _put(simulator: Simulator, text: str) -> None:
    """Let the machine be what the file says."""
    name = simulator.machine
    path = simulator.datastore() / name / f"{name}.vmx"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def by_virsh(virsh: Virsh, machines: Answers, documents: Answers) -> tuple[Answers, Answers]:
    """Return what libvirt's driver makes of machines, and of documents."""
    xml = {}
    for name, text in machines.items():
        _put(virsh.simulator, text)
        xml[name] = _theirs(virsh, "dumpxml", virsh.simulator.machine)
    native = {}
    with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as file:
        for name, text in documents.items():
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()
            native[name] = _theirs(virsh, "domxml-to-native", FORM, "--xml", file.name)
    return xml, native


async def by_aiovirt(
    simulator: Simulator, machines: Answers, documents: Answers, like_libvirt: str = "0"
) -> tuple[Answers, Answers]:
    """Return what aiovirt's driver makes of them, with that parameter of its URI."""
    async with opening(simulator, like_libvirt=like_libvirt) as host:
        vm = await host.domains.get(simulator.machine)
        xml = {}
        for name, text in machines.items():
            _put(simulator, text)
            try:
                xml[name] = await vm.xml()
            except AiovirtError as error:
                xml[name] = f"{REFUSED}{error}"
        native = {name: await _to_native(host, text) for name, text in documents.items()}
    return xml, native


async def _to_native(host: Connection, text: str) -> str:
    try:
        return await host.to_native(FORM, DomainConfig.parse(text))
    except AiovirtError as error:
        return f"{REFUSED}{error}"


def _chosen(found: Mapping[str, str], names: list[str]) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in found.items() if not names or name in names)


@dataclass(frozen=True)
class Question:
    """What both are asked, and what libvirt's driver answered.

    Attributes:
        machines: The files that the machine is to be, by their names.
        documents: The domains that are to become files.
        told: What is told beside machines.
        xml: The machines as domains.
        native: The domains as files.
    """

    machines: Answers
    documents: Answers
    told: Answers
    xml: Answers
    native: Answers

    def ask(self, simulator: Simulator, like_libvirt: str) -> Score:
        """Ask our driver, with that parameter of its URI."""
        score = Score()
        ours = anyio.run(by_aiovirt, simulator, self.machines, self.documents, like_libvirt)
        told = anyio.run(documents_by_aiovirt, simulator, like_libvirt)
        score.compare(self.told, told, differences)
        for wanted, given, how in (
            (self.xml, ours[0], differences),
            (self.native, ours[1], settings),
        ):
            score.compare(wanted, given, how)
        return score


def _asked(simulator: Simulator, data: Path, names: list[str]) -> Question:
    """Ask libvirt's driver."""
    data.mkdir(parents=True, exist_ok=True)
    tests = libvirtdata.fetch(data)
    found = documents_with_our_datastore(tests, "vmx2xmldata/*.vmx") | own_machines()
    machines = dict(_chosen(found, names))
    documents = dict(_chosen(documents_with_our_datastore(tests, "xml2vmxdata/*.xml"), names))
    with virsh_at(simulator) as virsh:
        xml, native = by_virsh(virsh, machines, documents)
        furnish(simulator)
        return Question(machines, documents, documents_by_virsh(virsh), xml, native)


def main() -> int:
    """Compare them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(tempfile.gettempdir(), "aiovirt-argv/data"),
        help="where libvirt's tests are, or are to be kept",
    )
    parser.add_argument("names", nargs="*", help="only these documents")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        run_simulator("esx", Path(scratch), Shape(machines=1)) as simulator,
    ):
        question = _asked(simulator, arguments.data, arguments.names)
        own = question.ask(simulator, "0")
        own.tell()
        sys.stdout.write("\nlike_libvirt=1:\n")
        like = question.ask(simulator, "1")
        like.tell()
    parts = (own.same / own.compared, like.equal / like.compared)
    sys.stdout.write(
        f"\nby itself {own.same} of {own.compared} are the same but for what is meant to be "
        f"({parts[0]:.1%}), with like_libvirt=1 {like.equal} of {like.compared} are equal to the "
        f"letter ({parts[1]:.1%}); the bar is {BAR:.0%}\n"
    )
    return 0 if min(parts) >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
