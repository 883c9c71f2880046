"""What a drive is once its medium has changed, whatever the cleaning up comes to."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelive import fake_live

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.media import change_medium

pytestmark = pytest.mark.anyio

DRIVE = """
<disk type='file' device='floppy'>
  {}<target dev='fda' bus='fdc'/><alias name='fdc0-0-0'/>
</disk>
"""


async def test_a_drive_is_empty_though_what_was_behind_it_cannot_be_cleared(tmp_path: Path) -> None:
    old = Disk.parse(DRIVE.format("<source file='/a' index='1'/>"))
    config = DomainConfig(name="web1", disks=[old])
    config.emulator = str(tmp_path / "gone")
    async with fake_live(tmp_path, config) as guest:
        guest.fake.handlers["blockdev-remove-medium"] = lambda _: {}
        new = Disk.parse(DRIVE.format(""))
        changed = await change_medium(
            guest.engine, guest.monitor, guest.live, config.disks[0], new, force=False
        )
    assert changed.path is None
    assert [each.name for each in guest.fake.requests[-1:]] == ["blockdev-remove-medium"]
