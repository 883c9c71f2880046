"""What a client moves, at its end."""

from __future__ import annotations

from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.daemon.service.moving import _Moves
from aiovirt.interfaces.driver import Driver

pytestmark = pytest.mark.anyio


class Destination:
    """A driver that lets others go on while it throws a domain away."""

    def __init__(self) -> None:
        self.thrown_away: list[str] = []

    def ability(self, _kind: type[Any]) -> Destination:
        return self

    async def finish_migration(self, params: dict[str, str], *, cancelled: bool) -> None:
        assert cancelled
        self.thrown_away.append(params["destination_name"])
        await anyio.lowlevel.checkpoint()


async def test_what_is_awaited_is_thrown_away_once_though_two_ask_for_it() -> None:
    destination = Destination()
    moves = _Moves(cast("Driver", destination))
    moves.awaited |= {"web1", "web2"}
    async with open_task_group() as tasks:
        tasks.start_soon(moves.end)
        tasks.start_soon(moves.end)
    assert sorted(destination.thrown_away) == ["web1", "web2"]
