"""File systems of a guest that stand still are thawed, whatever happens."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from aiovirt.errors import (
    AgentError,
    AgentHung,
    AgentNotReady,
    AiovirtError,
    GuestAgentError,
    InvalidState,
)
from aiovirt.objects import _guest_freeze
from aiovirt.objects._guest_freeze import frozen

pytestmark = pytest.mark.anyio

REFUSED = GuestAgentError("guest-fsfreeze-freeze", "GenericError", "no")


class Guest:
    """A guest that tells what happens to it; each call raises what is next in the script."""

    def __init__(self) -> None:
        self.frozen = 0
        self.thaws = 0
        self.at_freeze: BaseException | None = None
        self.at_thaw: list[AiovirtError] = []

    async def freeze(self) -> int:
        await anyio.lowlevel.checkpoint()
        self.frozen = 2
        if self.at_freeze is not None:
            raise self.at_freeze
        return 2

    async def thaw(self) -> int:
        await anyio.lowlevel.checkpoint()
        self.thaws += 1
        if self.at_thaw:
            raise self.at_thaw.pop(0)
        self.frozen = 0
        return 2


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no attempt wait."""
    monkeypatch.setattr(_guest_freeze, "_RETRY_S", (0.0,))


async def test_they_stand_still_for_the_block_alone() -> None:
    guest = Guest()
    async with frozen("web1", guest.freeze, guest.thaw, 30) as count:
        assert (count, guest.frozen) == (2, 2)
    assert (guest.frozen, guest.thaws) == (0, 1)


async def test_an_error_thaws_them() -> None:
    guest = Guest()
    with pytest.raises(ZeroDivisionError):
        async with frozen("web1", guest.freeze, guest.thaw, 30):
            raise ZeroDivisionError
    assert guest.frozen == 0


async def test_a_cancellation_thaws_them() -> None:
    guest = Guest()
    with anyio.CancelScope() as scope:
        async with frozen("web1", guest.freeze, guest.thaw, 30):
            scope.cancel()
            await anyio.sleep_forever()
    assert guest.frozen == 0


@pytest.mark.parametrize("error", [AgentHung("late"), REFUSED, ZeroDivisionError()])
async def test_a_freeze_that_failed_may_have_frozen_some(error: Exception) -> None:
    guest = Guest()
    guest.at_freeze = error
    with pytest.raises(type(error)):
        async with frozen("web1", guest.freeze, guest.thaw, 30):
            pytest.fail("it was not frozen")
    assert guest.frozen == 0


async def test_nobody_is_asked_to_thaw_who_was_not_reached() -> None:
    guest = Guest()
    guest.at_freeze = AgentNotReady("nobody is there")
    with pytest.raises(AgentNotReady):
        async with frozen("web1", guest.freeze, guest.thaw, 30):
            pytest.fail("it was not frozen")
    assert guest.thaws == 0


async def test_an_agent_that_was_lost_thaws_when_it_is_back() -> None:
    guest = Guest()
    guest.at_thaw = [AgentHung("late"), AgentNotReady("gone"), AgentError("no socket")]
    async with frozen("web1", guest.freeze, guest.thaw, 30):
        pass
    assert (guest.frozen, guest.thaws) == (0, 4)


async def test_an_agent_that_stays_away_is_told_with_what_to_do() -> None:
    guest = Guest()
    guest.at_thaw = [AgentHung("late")]
    with pytest.raises(AgentError, match="could not be thawed") as caught:
        async with frozen("web1", guest.freeze, guest.thaw, -1):
            pass
    assert "domfsthaw web1" in (caught.value.hint or "")


async def test_a_guest_that_is_off_needs_no_thaw() -> None:
    guest = Guest()
    guest.at_thaw = [InvalidState("it is off")]
    async with frozen("web1", guest.freeze, guest.thaw, 30):
        pass
    assert guest.thaws == 1
