"""The virsh commands to compare with: `virsh_commands.toml`, and what they need in their folder."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from labsamples import container_xml, disk, guest_xml, network_xml
from libvirtlab import Lab, LabError, run_virsh

__all__ = ["GROUPS", "Answer", "Command", "Group", "prepare", "put", "run_group", "run_virsh"]


class Answer(Enum):
    """What the output of a command is good for."""

    ACTS = ""
    """It says that something was done."""
    SAME = "?"
    """It tells something that stays the same until somebody acts."""
    CHANGES = "~"
    """It tells figures and times: only its shape can be compared."""


@dataclass(frozen=True)
class Command:
    """One line of a group."""

    words: tuple[str, ...]
    answer: Answer

    @classmethod
    def parse(cls, line: str) -> Command:
        """Read one line of the list."""
        mark = line[0] if line[0] in {"?", "~"} else ""
        return cls(tuple(shlex.split(line.removeprefix(mark))), Answer(mark))

    def argv(self, folder: Path, guest_id: str, peer: str = "") -> list[str]:
        """Return the arguments of virsh, for that working folder and the guest's present id."""
        return [word.format(folder=folder, id=guest_id, peer=peer) for word in self.words]


@dataclass(frozen=True)
class Group:
    """Commands that follow on each other."""

    name: str
    driver: str
    needs: tuple[str, ...]
    commands: tuple[Command, ...]


def _read() -> tuple[Group, ...]:
    text = Path(__file__).with_name("virsh_commands.toml").read_text(encoding="utf-8")
    return tuple(
        Group(
            group["name"],
            group["driver"],
            tuple(group.get("needs", ())),
            tuple(map(Command.parse, group["run"])),
        )
        for group in tomllib.loads(text)["group"]
    )


GROUPS = _read()
"""In the order of the file; none needs what another has made."""

GUEST_DEVICES = """
<controller type='scsi' model='virtio-scsi'/>
<interface type='user'><mac address='52:54:00:11:22:33'/><model type='virtio'/></interface>
<graphics type='vnc' port='-1'/><video><model type='vga'/></video>
<memballoon model='virtio'/>
"""
SECRET_UUID = "0a81f5b2-8403-4b23-88d6-21ccc2f80d6f"


def _disk2(folder: Path) -> str:
    return (
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{folder}/disk2.qcow2'/><target dev='sdb' bus='scsi'/></disk>"
    )


DOCUMENTS: dict[str, Callable[[Path], str]] = {
    "domain.xml": lambda folder: guest_xml(disks=(folder / "disk.qcow2",), devices=GUEST_DEVICES),
    "disk2.xml": _disk2,
    "network.xml": lambda _: network_xml(),
    "container.xml": lambda _: container_xml(),
    "pool.xml": lambda folder: (
        f"<pool type='dir'><name>pool1</name><target><path>{folder}/pool</path></target></pool>"
    ),
    "secret.xml": lambda _: (
        f"<secret ephemeral='no' private='no'><uuid>{SECRET_UUID}</uuid></secret>"
    ),
}
"""Names of documents to what makes them."""

STARTS = 20
ASKS = 10
"""How often a container is started, and how often asked for after each start."""


def prepare(group: Group, folder: Path) -> None:
    """Put the documents and images that a group needs into its working folder."""
    put(group.needs, folder, DOCUMENTS)


def put(names: Iterable[str], folder: Path, documents: Mapping[str, Callable[[Path], str]]) -> None:
    """Put those documents and images into a folder."""
    for name in names:
        if name in documents:
            (folder / name).write_text(documents[name](folder), encoding="utf-8")
        elif name.endswith(".qcow2"):
            disk(folder / name)
        else:
            (folder / name).write_bytes(bytes(range(256)) * 4096)


def run_group(lab: Lab, group: Group, folder: Path) -> Iterator[tuple[Command, list[str], str]]:
    """Run a group's commands by the real virsh; yield each with its arguments and its output.

    Between two steps the lab is as the command has left it: the place to ask aiovirt the same.

    Raises:
        LabError: A command failed.
    """
    prepare(group, folder)
    guest_id = ""
    for command in group.commands:
        argv = command.argv(folder, guest_id)
        output = _answer(lab, argv, group.driver, folder)
        if group.driver.startswith("lxc:") and argv[0] == "start":
            _until_known(lab, group.driver, argv[1])
        if argv[0] == "domid" and re.fullmatch(r"\d+", output.strip()):
            guest_id = output.strip()
        yield command, argv, output


def _answer(lab: Lab, argv: Sequence[str], driver: str, folder: Path) -> str:
    """Run a command.

    libvirtd 9.0 may die of listing cards that are just going away, as those of guests elsewhere on
    this machine do (CVE-2024-2496): it is asked again.
    """
    try:
        return run_virsh(lab, *argv, driver=driver, cwd=folder)
    except LabError:
        if lab.alive or argv[0] != "iface-list":
            raise
        lab.restart()
        return run_virsh(lab, *argv, driver=driver, cwd=folder)


def _until_known(lab: Lab, driver: str, name: str) -> None:
    """Start a container anew while libvirt does not get to know its first process.

    See `tunedguest.once_known`.
    """
    for _ in range(STARTS):
        for _ in range(ASKS):
            with suppress(LabError):
                run_virsh(lab, "dominfo", name, driver=driver)
                return
        with suppress(LabError):  # it may be gone already
            run_virsh(lab, "destroy", name, driver=driver)
        run_virsh(lab, "start", name, driver=driver)
    raise AssertionError(f"libvirt never knew the first process of {name}")
