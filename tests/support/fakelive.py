"""A running guest of the QEMU driver whose QEMU is a fake: for what a real one does not do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import connect_qmp
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.store.root import Root
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.model.domain import DomainKey
from aiovirt.processes import DaemonProcess
from aiovirt.testing.fake_qemu import FakeQemu, run_fake_qemu

__all__ = ["FakeLive", "fake_live"]

_NO_PROCESS = cast("DaemonProcess", None)


@dataclass(frozen=True)
class FakeLive:
    """The guest, its driver's engine, and its QEMU."""

    engine: Engine
    domain: ManagedDomain
    live: LiveDomain
    monitor: BoundedMonitor
    fake: FakeQemu


@asynccontextmanager
async def fake_live(folder: Path, config: DomainConfig) -> AsyncGenerator[FakeLive, None]:
    """Have such a guest with that live configuration, in a folder, while the block is open."""
    root = Root(folder / "root")
    domain = ManagedDomain(DomainKey(UUID(int=1), "web1"), config)
    domain.live = live = LiveDomain(1, config, folder, _NO_PROCESS, 0.0, booted=True)
    async with (
        open_task_group() as tasks,
        run_fake_qemu() as fake,
        connect_qmp(fake.connect(), name="web1") as qmp,
    ):
        live.monitor = monitor = BoundedMonitor(qmp, "web1", lambda _: None)
        engine = Engine(Settings(folder), root, BinaryCache(root.cache), tasks)
        yield FakeLive(engine, domain, live, monitor, fake)
