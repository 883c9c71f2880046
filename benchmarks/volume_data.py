"""256 MiB out of a volume of a real libvirtd and into it, by us and by virsh, turn by turn.

Files that we download are on the disk when we say so (fsync); virsh leaves that to the kernel, so
there is a download to nowhere, too: what the protocol costs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

from _table import Row, main
from qemu_start import LOOPS

sys.path.append(str(Path(__file__).parents[1] / "tests/support"))

from libvirtlab import Lab, run_lab
from storagelab import running_pool, volume_xml

from aiovirt import _open
from aiovirt.objects import StorageVolume

TURNS = 5
SIZE = 256 * 1024 * 1024
MEGA = 1e6
PEER = "virsh"

Times = dict[str, list[float]]


def virsh(uri: str, verb: str, file: Path) -> float:
    """Move the data with virsh; the rate."""
    begin = time.perf_counter()
    argv = ["virsh", "-q", "-c", uri, verb, "disk", str(file), "--pool", "bench"]
    subprocess.run(argv, check=True, capture_output=True)
    return SIZE / MEGA / (time.perf_counter() - begin)


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """The rate of one of our transfers."""
    begin = time.perf_counter()
    await work()
    return SIZE / MEGA / (time.perf_counter() - begin)


async def to_nowhere(volume: StorageVolume) -> None:
    """Read everything and keep nothing."""
    async with volume.download() as source:
        async for _ in source:
            pass


async def take_turns(lab: Lab, ours: Times, theirs: Times) -> None:
    """Each condition by both, `TURNS` times."""
    uri = lab.uri("unix")
    file, copy = lab.folder / "file", lab.folder / "copy"
    async with _open.open(uri) as host, running_pool(host, lab, "bench") as pool:
        volume = await pool.create_volume(volume_xml("disk", SIZE, SIZE))
        works: dict[str, tuple[Callable[[], Awaitable[object]], str, Path]] = {
            "upload": (lambda: volume.upload_file(file), "vol-upload", file),
            "download": (lambda: volume.download_file(copy), "vol-download", copy),
            "download to nowhere": (lambda: to_nowhere(volume), "vol-download", Path("/dev/null")),
        }
        for _ in range(TURNS):
            for name, (work, verb, path) in works.items():
                ours[name].append(await timed(work))
                theirs[name].append(await anyio.to_thread.run_sync(virsh, uri, verb, path))


@contextmanager
def lab_with_file() -> Iterator[Lab]:
    """Run a libvirtd, with a file of random bytes beside it."""
    with tempfile.TemporaryDirectory() as folder, run_lab(Path(folder, "lab")) as lab:
        (lab.folder / "file").write_bytes(os.urandom(SIZE))
        yield lab


def measure() -> list[Row]:
    """Each loop in turn with virsh."""
    rows = []
    with lab_with_file() as lab:
        for loop, (backend, options) in LOOPS.items():
            ours: Times = defaultdict(list)
            theirs: Times = defaultdict(list)
            anyio.run(take_turns, lab, ours, theirs, backend=backend, backend_options=options)
            rows += [Row(name, loop, "MB/s", ours[name], theirs[name], PEER) for name in ours]
    return rows


if __name__ == "__main__":
    main(measure, __doc__)
