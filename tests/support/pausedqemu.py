"""A real QEMU that runs a command line and goes no further: its devices can be looked at."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from qemuvalues import IMAGES

from aiovirt.clients.qmp import QMPClient, connect_qmp
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv import Resources, build
from aiovirt.drivers.qemu.binaries import BinaryCapabilities
from aiovirt.host.sockets import connect_unix, listen_unix
from aiovirt.processes import Command, Stdio, open_process

__all__ = ["make_images", "paused"]


def make_images(folder: Path, qemu_img: Path) -> None:
    """Make the images that a full guest's disks are in."""
    for name in IMAGES:
        (folder / name).write_bytes(bytes(1 << 20))
    command = [str(qemu_img), "create", "-q", "-f", "qcow2", str(folder / "a.qcow2"), "1M"]
    subprocess.run(command, check=True)


@asynccontextmanager
async def paused(
    config: DomainConfig, binary: BinaryCapabilities, folder: Path
) -> AsyncIterator[QMPClient]:
    """Start a completed guest with aliases, paused, and yield its monitor."""
    path = folder / "monitor.sock"
    with listen_unix(path) as listener:
        resources = replace(Resources.imagined(config, folder), monitor=listener.fileno())
        argv = build(config, binary, resources)
        command = Command(argv[0], argv[1:], pass_fds=(listener.fileno(),))
        ours = connect_unix(path)
        async with open_process(command, stderr=Stdio.INHERIT, grace_s=0):
            listener.close()
            async with connect_qmp(ours, check_schema=False) as client:
                yield client
