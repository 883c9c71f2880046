"""A disk that comes and goes in a guest that runs: aiovirtd beside libvirtd, turn by turn.

Both daemons and their client are those of `daemon.py`; in each a Linux runs on pc and on q35, which
lets the disk go.  Most of the time of a detach is the guest's own, and varies by more than either
daemon needs: what follows its release is measured apart.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from _table import Row, main
from daemon import Contender, both, rows

sys.path.append(str(Path(__file__).parents[1] / "tests/support"))

from plugrounds import MACHINES, guest_xml

from aiovirt.testing import tinyguest

TURNS = 25
REST_S = 0.3
"""A guest that has just found a disk is still busy with it: it would not let go as usual."""
BOOT_TRIES = 60
"""How often a disk is tried on a guest that is still booting, 5 s each."""
RELEASED = "detach, from the guest's release"

DISK = (
    "<disk type='file'><driver name='qemu' type='raw'/><source file='{}'/>"
    "<target dev='vdb' bus='virtio'/></disk>"
)


def _boot(contender: Contender, guest: tinyguest.TinyGuest, folder: Path) -> None:
    """Start a guest on each machine; each has a disk of its own."""
    for machine in MACHINES:
        image = folder / f"{contender.name}-{machine}.raw"
        image.write_bytes(bytes(8 << 20))
        image.chmod(0o666)
        image.with_suffix(".xml").write_text(DISK.format(image), encoding="utf-8")
        contender.define(guest_xml(guest, machine))
        contender.rate("start", f"plug-{machine}")
        contender.rate("run", f"plug-{machine}")


def _pulled_out(contender: Contender, machine: str, device: Path) -> float:
    """Pull the disk out, however long it takes; how fast that went, or 0 if not at once."""
    for tries in range(BOOT_TRIES):
        rate = contender.rate("detach", f"plug-{machine}", device)
        if not math.isnan(rate):
            return 0.0 if tries else rate
    raise TimeoutError(f"the guest of {contender.name} on {machine} does not let go")


def _turn(contender: Contender, machine: str, device: Path) -> None:
    """Have a disk come and go; again where the guest was too busy to answer in time."""
    while True:
        there = contender.rate("attach", f"plug-{machine}", device)
        time.sleep(REST_S)
        gone = _pulled_out(contender, machine, device)
        if gone:
            break
    after = contender.rate("released")
    for verb, rate in (("attach", there), ("detach", gone), (RELEASED, after)):
        contender.samples.setdefault(f"{verb} {machine}", []).append(rate)


def _turns(pair: Sequence[Contender], folder: Path) -> None:
    built = tinyguest.build()
    kernel, initrd = (Path(shutil.copy(each, folder)) for each in (built.kernel, built.initrd))
    guest = replace(built, kernel=kernel, initrd=initrd)
    for contender in pair:
        contender.rate("hear_devices")
        _boot(contender, guest, folder)
    for machine in MACHINES:
        disks = {each.name: folder / f"{each.name}-{machine}.xml" for each in pair}
        for contender in pair:  # that it lets go tells that it has booted
            contender.rate("attach", f"plug-{machine}", disks[contender.name])
            _pulled_out(contender, machine, disks[contender.name])
        for _ in range(TURNS):
            for contender in pair:
                _turn(contender, machine, disks[contender.name])
    for contender in pair:
        for machine in MACHINES:
            contender.rate("destroy", f"plug-{machine}")


def measure() -> list[Row]:
    """Each verb on each machine, of both."""
    with tempfile.TemporaryDirectory() as made, both() as pair:
        folder = Path(made)
        folder.chmod(0o755)
        _turns(pair, folder)
    return rows(pair, {name: (f"{name}, a virtio disk", "1/s", 1.0) for name in pair[0].samples})


if __name__ == "__main__":
    main(measure, __doc__)
