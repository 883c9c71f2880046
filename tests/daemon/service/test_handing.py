"""Files that go with the client that handed them over, unless another has since."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import pytest

from aiovirt.daemon.service.handing import MAX_GROUPS, Handing
from aiovirt.daemon.service.session import Session
from aiovirt.errors import CallerError
from aiovirt.interfaces.driver import Driver
from aiovirt.model.domain import DomainKey

pytestmark = pytest.mark.anyio

WEB = DomainKey(UUID(int=1), "web1")


@dataclass
class Keeper:
    """A driver that remembers what it was to forget."""

    forgotten: list[str] = field(default_factory=list)

    def ability(self, _kind: object) -> Keeper:
        return self

    async def associate_files(self, _key: DomainKey, name: str, files: Sequence[int]) -> None:
        assert not files
        self.forgotten.append(name)


@dataclass
class Client:
    """A session."""

    data: dict[type, Any] = field(default_factory=dict)
    ends: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def at_end(self, work: Callable[[], Awaitable[None]]) -> None:
        self.ends.append(work)

    async def go(self) -> None:
        for work in self.ends:
            await work()


async def test_a_group_goes_with_who_handed_it_over_last() -> None:
    keeper, first, second = Keeper(), Client(), Client()
    handing = Handing(cast("Driver", keeper))
    for client, name in ((first, "a"), (first, "b"), (second, "a")):
        await handing.arrange(cast("Session", client), WEB, name)
    await first.go()
    assert keeper.forgotten == ["b"]
    await second.go()
    assert keeper.forgotten == ["b", "a"]


async def test_a_client_hands_over_only_so_many() -> None:
    handing, client = Handing(cast("Driver", Keeper())), cast("Session", Client())
    for number in range(MAX_GROUPS):
        handing.check(client, WEB, str(number))
        await handing.arrange(client, WEB, str(number))
    handing.check(client, WEB, "0")  # in its place
    with pytest.raises(CallerError, match=f"hand over {MAX_GROUPS} groups"):
        handing.check(client, WEB, "more")
