"""One image more for a guest that runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelive import fake_live

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.opening import make_new_image
from aiovirt.errors import ConnectionLost
from aiovirt.testing.faults import Cut

pytestmark = pytest.mark.anyio


async def test_a_line_that_breaks_amid_the_making_is_told_as_that(tmp_path: Path) -> None:
    disk = Disk.file(str(tmp_path / "new.qcow2"), target="vda")
    disk.driver.type = "qcow2"
    async with fake_live(tmp_path, DomainConfig(name="web1")) as guest:

        def close(_arguments: object) -> object:
            guest.live.monitor = None  # as the supervisor does
            return {}

        guest.fake.handlers["blockdev-add"] = close
        guest.fake.script.add("blockdev-add", Cut())
        with pytest.raises(ConnectionLost):
            await make_new_image(guest.engine, guest.live, disk, 2, 65536)
        with pytest.raises(ConnectionLost, match="the monitor was closed"):
            await make_new_image(guest.engine, guest.live, disk, 2, 65536)
