"""Memory of a name that QEMU has not freed yet: nothing new is made of that name before."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelive import fake_live

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.ramblocks import until_freed

pytestmark = pytest.mark.anyio

# As QEMU 7.2 prints it.
HEAD = "              Block Name    PSize              Offset               Used\n"
MAIN = "                  pc.ram    4 KiB  0x0000000000000000 0x0000000001000000\n"
GONE = "0000:00:05.0/shmmem-shmem0    4 KiB  0x0000000001080000 0x0000000000400000\n"
WORDS = [
    ("-object", '{"qom-type": "memory-backend-file", "id": "shmmem-shmem0"}'),
    ("-device", '{"driver": "ivshmem-plain", "id": "shmem0"}'),
]


async def test_it_is_waited_for(tmp_path: Path) -> None:
    answers = [HEAD + MAIN + GONE, HEAD + GONE + MAIN, HEAD + MAIN]
    async with fake_live(tmp_path, DomainConfig(name="web1")) as guest:
        guest.fake.handlers["human-monitor-command"] = lambda _: answers.pop(0)
        await until_freed(guest.monitor, WORDS)
    assert answers == []


async def test_nobody_asks_where_no_memory_is_made(tmp_path: Path) -> None:
    async with fake_live(tmp_path, DomainConfig(name="web1")) as guest:
        await until_freed(guest.monitor, [("-object", '{"qom-type": "rng-random", "id": "r"}')])
        asked = [each.name for each in guest.fake.requests]
    assert "human-monitor-command" not in asked
