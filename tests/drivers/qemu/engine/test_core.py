"""The engine's events from before anybody can subscribe."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt._tasks import open_task_group
from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.engine.core import EARLY, Engine
from aiovirt.drivers.qemu.store.root import Root
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.model.events import Event, EventsLost

pytestmark = pytest.mark.anyio


async def test_early_events_that_were_too_many_are_announced(tmp_path: Path) -> None:
    root = Root(tmp_path)
    async with open_task_group() as tasks:
        engine = Engine(Settings(tmp_path), root, BinaryCache(root.cache), tasks)
        for number in range(EARLY + 3):
            engine.publish(Event(time=number))
    *early, last = engine.take_early()
    assert [event.time for event in early] == list(range(EARLY))
    assert isinstance(last, EventsLost)
    assert last.count == 3
    assert engine.take_early() == []
