"""Linux finds its disk on each machine type, where the command line put it."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from pausedqemu import paused
from qemuvalues import X86, completed, small

from aiovirt.testing.tinyguest import BANNER, TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real]

DEVICES = """
<disk type='file'><source file='{folder}/a.raw'/><target dev='vda' bus='virtio'/></disk>
<serial type='unix'><source mode='connect' path='{folder}/serial'/></serial>
"""


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is claimed here is QEMU's and Linux's matter."""
    return "asyncio"


@pytest.mark.parametrize("machine", ["pc", "q35", "microvm"])
async def test_linux_boots_with_a_disk(machine: str, tmp_path: Path, tiny_guest: TinyGuest) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(1 << 20))
    config = small(DEVICES.format(folder=tmp_path), machine=machine)
    config.memory = "128 MiB"
    config.features.acpi = True
    config.os.kernel, config.os.initrd = str(tiny_guest.kernel), str(tiny_guest.initrd)
    config.os.cmdline = tiny_guest.microvm_cmdline if machine == "microvm" else tiny_guest.cmdline
    completed(config)
    async with (
        await anyio.create_unix_listener(tmp_path / "serial") as listener,
        paused(config, X86, tmp_path) as client,
        await listener.accept() as serial,
    ):
        await client.execute("cont")
        said = b""
        while BANNER.encode() not in said:
            said += await serial.receive()
        await serial.send(b"cat /sys/block/vda/size\n")
        while b"\n2048" not in said:
            said += await serial.receive()
