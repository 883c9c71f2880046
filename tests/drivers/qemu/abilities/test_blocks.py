"""Figures of disks on a real QEMU."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anyio
import pytest
from writers import open_writer

from aiovirt.config import Disk
from aiovirt.errors import InvalidState

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is asked is QEMU."""
    return "asyncio"


async def test_the_sizes_of_a_disk_on_a_server_are_told_while_the_guest_runs(
    tmp_path: Path,
) -> None:
    socket, image = tmp_path / "nbd", tmp_path / "far"
    image.write_bytes(bytes(3 << 20))
    words = [
        "qemu-nbd",
        "-t",
        "-f",
        "raw",
        "-k",
        str(socket),
        "--fork",
        "--pid-file",
        f"{socket}.pid",
    ]
    await anyio.run_process([*words, str(image)])
    far = Disk.parse(
        "<disk type='network'><driver name='qemu' type='raw'/><source protocol='nbd'>"
        f"<host transport='unix' socket='{socket}'/></source>"
        "<target dev='vdb' bus='virtio'/></disk>"
    )
    try:
        async with open_writer(tmp_path) as writer:
            config = await writer.vm.config(inactive=True)
            config.disks.append(far)
            vm = await writer.host.domains.define(config)
            with pytest.raises(InvalidState):
                await vm.block_info("vdb")
            await vm.start(paused=True)
            assert (await vm.block_info("vdb")).capacity == 3 << 20
    finally:
        os.kill(int(Path(f"{socket}.pid").read_bytes()), signal.SIGTERM)
