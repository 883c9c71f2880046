"""Where a guest goes on whose move an earlier process was killed amid: never at both ends."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import anyio
import pytest
from fakelive import fake_live
from guests import poll

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.domain import MovePhase
from aiovirt.drivers.qemu.migration.recovery import recover_all
from aiovirt.drivers.qemu.migration.source import Source
from aiovirt.model.domain import StateReason
from aiovirt.processes import DaemonProcess

pytestmark = pytest.mark.anyio

CAPABILITIES = [{"capability": "postcopy-ram", "state": True}]


class _Process:
    """A QEMU that ends when it is told so."""

    def __init__(self, ended: anyio.Event) -> None:
        self._ended = ended

    def send_signal(self, _number: int) -> None:
        self._ended.set()


@pytest.mark.parametrize(
    ("phase", "status", "here"),
    [
        (MovePhase.LEAVING, "failed", True),
        (MovePhase.LEAVING, "completed", True),  # the destination was not told to let it go on
        (MovePhase.SWITCHING, "cancelled", True),
        (MovePhase.LEAVING, "postcopy-active", False),
        (MovePhase.SWITCHING, "postcopy-paused", False),
        (MovePhase.SWITCHING, "completed", False),
    ],
)
async def test_one_that_goes_on_there_does_not_here(
    tmp_path: Path, phase: MovePhase, status: str, *, here: bool
) -> None:
    async with fake_live(tmp_path, DomainConfig(name="web1")) as guest:
        handlers = guest.fake.handlers
        handlers["query-migrate"] = lambda _: {"status": status}
        handlers["query-migrate-capabilities"] = lambda _: CAPABILITIES
        handlers["query-block-jobs"] = lambda _: []
        handlers["query-named-block-nodes"] = lambda _: []
        handlers["migrate-set-capabilities"] = lambda _: {}
        guest.live.process = cast("DaemonProcess", _Process(guest.live.ended))
        guest.live.move, guest.live.ran = phase, True
        guest.domain.reason = StateReason.PAUSED_POSTCOPY
        guest.engine.registry.add(guest.domain)
        recover_all(guest.engine, Source(guest.engine))
        await poll(lambda: guest.live.move not in {MovePhase.LEAVING, MovePhase.SWITCHING})
        asked = [each.name for each in guest.fake.requests]
        assert ("cont" in asked) is here
        assert guest.domain.runs_elsewhere is not here
        guest.engine.tasks.cancel_scope.cancel()
