"""Disks, snapshots, saved memory, statistics: aiovirtd beside libvirtd, turn by turn.

Both daemons and their client are those of `daemon.py`.  The guests have what guests have: disks,
cards, controllers, channels.  The one whose memory is kept is a Linux that runs.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from _table import Row, main
from daemon import CROWD, THREADS, Contender, both, rows

sys.path.append(str(Path(__file__).parents[1] / "tests/support"))

from guests import linux_config
from labsamples import disk, guest_xml

from aiovirt.config import Disk, Serial
from aiovirt.testing import tinyguest

TURNS = 7
SHORT_TURNS = 25
"""Of work that QEMU does nearly alone, in both: its own time varies by more than we add."""
COPIED_MIB = 100
BOOT_S = 60.0
LOOK_S = 0.2

CONDITIONS = {
    "start": ("start, paused, with devices", "1/s", 4.0),
    "destroy": ("destroy, with devices", "1/s", 5.0),
    "stats": (f"statistics of {CROWD} with devices", "1/s", 1.0),
    "overlay": ("snapshot of a disk, external", "1/s", 1.0),
    "commit": (f"blockcommit of {COPIED_MIB} MB, and pivot", "1/s", 1.0),
    "copy": (f"blockcopy of {COPIED_MIB} MB, and pivot", "1/s", 1.0),
    "snapshot": ("snapshot with memory, internal", "1/s", 1.0),
    "revert": ("revert to it", "1/s", 1.0),
    "drop": ("delete it", "1/s", 1.0),
    "save": ("save", "1/s", 1.0),
    "restore": ("restore", "1/s", 1.0),
}
"""Measurements: what they are of, their unit, the least ratio."""

DEVICES = """
<controller type='usb' model='qemu-xhci'/>
<controller type='scsi' model='virtio-scsi'/>
<controller type='virtio-serial'/>
<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>
<target dev='sda' bus='scsi'/><readonly/></disk>
<interface type='bridge'><source bridge='lab0'/><model type='virtio'/></interface>
<interface type='bridge'><source bridge='lab0'/><model type='virtio'/></interface>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
<memballoon model='virtio'/>
"""
"""Beside two disks.  The bridge is the lab's."""

QDEV = "/machine/peripheral/virtio-disk0/virtio-backend"
"""The first disk, as both daemons name it."""


def equipped(name: str, folder: Path) -> str:
    """A guest without software that has devices."""
    disks = tuple(disk(folder / f"{name}-{number}.qcow2") for number in range(2))
    return guest_xml(name, disks=disks, devices=DEVICES)


def linux(guest: tinyguest.TinyGuest, folder: Path) -> str:
    """A Linux with a disk, which tells in a file that it has booted."""
    config = linux_config(guest, "linux")
    config.disks = [Disk.file(disk(folder / "linux.qcow2"))]
    config.serials = [Serial.file(folder / "console")]
    return config.to_xml()


class Side:
    """A daemon and the files of its guests."""

    def __init__(self, contender: Contender, folder: Path) -> None:
        self.contender = contender
        self.folder = folder
        self._copies = 0

    def define(self, guest: tinyguest.TinyGuest) -> None:
        """Define all that is measured, and run the crowd."""
        images = (disk(self.folder / "work.qcow2", size=f"{COPIED_MIB}M"),)
        for text in (
            equipped("equipped", self.folder),
            guest_xml("work", disks=images),
            linux(guest, self.folder),
            *(equipped(f"crowd{number}", self.folder) for number in range(CROWD)),
        ):
            self.contender.define(text)

    def life(self) -> None:
        """Start and destroy."""
        self.contender.take("start", "equipped")
        self.contender.take("destroy", "equipped")

    def crowd(self) -> None:
        """Statistics of many."""
        self.contender.take("stats", CROWD)

    def blocks(self) -> None:
        """The disk goes to a new image, back with all that was written, and to a copy."""
        overlay = self.folder / "overlay.qcow2"
        self.contender.take("overlay", "work", overlay)
        self.contender.rate("write", "work", QDEV, COPIED_MIB)
        assert overlay.stat().st_size > COPIED_MIB << 20, "nothing was written"
        self.contender.take("commit", "work")
        overlay.unlink()
        self._copies += 1
        self.contender.take("copy", "work", self.folder / f"copy{self._copies}.qcow2")

    def snapshots(self) -> None:
        """The memory is kept in the image."""
        for verb in ("snapshot", "revert", "drop"):
            self.contender.take(verb, "linux")

    def memory(self) -> None:
        """The memory is kept in a file."""
        saved = self.folder / "saved"
        self.contender.take("save", "linux", saved)
        self.contender.take("restore", "linux", saved)

    def booted(self) -> bool:
        """Whether the Linux is up."""
        console = self.folder / "console"
        return console.exists() and tinyguest.BANNER.encode() in console.read_bytes()


def _take_turns(
    sides: Sequence[Side], measurement: Callable[[Side], None], turns: int = TURNS
) -> None:
    for _ in range(turns):
        for side in sides:
            measurement(side)


def _boot(sides: Sequence[Side]) -> None:
    """Start the Linux of each, and let it come up."""
    for side in sides:
        side.contender.rate("start", "linux")
        side.contender.rate("run", "linux")
    bound = time.monotonic() + BOOT_S
    while not all(side.booted() for side in sides):
        assert time.monotonic() < bound, "a guest does not boot"
        time.sleep(LOOK_S)


def _lives(sides: Sequence[Side]) -> None:
    _take_turns(sides, Side.life)


def _crowds(sides: Sequence[Side]) -> None:
    for side in sides:
        side.contender.rate("start_many", "crowd", CROWD, THREADS)
    _take_turns(sides, Side.crowd)
    for side in sides:
        side.contender.rate("destroy_many", "crowd", CROWD)


def _blocks(sides: Sequence[Side]) -> None:
    for side in sides:
        side.contender.rate("start", "work")
    _take_turns(sides, Side.blocks, SHORT_TURNS)
    for side in sides:
        side.contender.rate("destroy", "work")


def _memories(sides: Sequence[Side]) -> None:
    _boot(sides)
    _take_turns(sides, Side.snapshots, SHORT_TURNS)
    _take_turns(sides, Side.memory)
    for side in sides:
        side.contender.rate("destroy", "linux")


PARTS = (_lives, _crowds, _blocks, _memories)


def measure() -> list[Row]:
    """Each measurement of both."""
    built = tinyguest.build()
    with tempfile.TemporaryDirectory() as made, both() as pair:
        top = Path(made)
        top.chmod(0o755)
        kernel, initrd = (Path(shutil.copy(each, top)) for each in (built.kernel, built.initrd))
        guest = replace(built, kernel=kernel, initrd=initrd)
        sides = []
        for contender in pair:
            folder = top / contender.name
            folder.mkdir()
            sides.append(Side(contender, folder))
            sides[-1].define(guest)
        for part in PARTS:
            part(sides)
    return rows(pair, CONDITIONS)


if __name__ == "__main__":
    main(measure, __doc__)
