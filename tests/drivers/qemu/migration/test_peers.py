"""A host that moves a guest itself asks a destination that it lost what became of the guest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from movingguests import Hosts, dots, open_hosts

from aiovirt.drivers.qemu.abilities.migration import QemuMigration
from aiovirt.errors import AiovirtError, ConnectionLost
from aiovirt.interfaces import Driver
from aiovirt.model.domain import StateReason
from aiovirt.model.uri import URI

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(180)]

FINISH = "aiovirt.drivers.qemu.abilities.migration.QemuMigration.finish_migration"


@pytest.fixture
async def hosts(
    tmp_path: Path, qemu: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hosts]:
    """Return two hosts, of which the one reaches the other within this process."""
    assert qemu.exists()
    async with open_hosts(tmp_path) as opened:

        @asynccontextmanager
        async def peer(_uri: URI) -> AsyncIterator[Driver]:
            yield opened.destination.driver

        monkeypatch.setattr(
            "aiovirt.drivers.qemu.migration.peers.Here.open_peer", staticmethod(peer)
        )
        yield opened


@pytest.mark.parametrize("arrived", [True, False])
async def test_the_answer_to_the_last_call_is_lost(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, *, arrived: bool
) -> None:
    real = QemuMigration.finish_migration

    async def lost(self: QemuMigration, *args: Any, **named: Any) -> None:  # noqa: ANN401
        named["cancelled"] = not arrived
        with suppress(AiovirtError):
            await real(self, *args, **named)
        raise ConnectionLost("the destination has gone", maybe_done=True)

    async with hosts.guest() as vm:
        with monkeypatch.context() as patched:
            patched.setattr(FINISH, lost)
            if arrived:
                await vm.migrate("qemu:///there", options=hosts.options())
            else:
                with pytest.raises(ConnectionLost, match="goes on here"):
                    await vm.migrate("qemu:///there", options=hosts.options())
        there = await hosts.destination.domains.list()
        assert [(await other.state()) for other in there] == (
            [StateReason.RUNNING_MIGRATED] if arrived else []
        )
        await dots(there[0] if arrived else vm)
