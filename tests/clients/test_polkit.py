"""The real polkit, and what happens without it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from polkits import RealPolkit, bus, real_polkit, stranger

from aiovirt.clients.polkit import Polkit, PolkitSubject
from aiovirt.errors import ProtocolError, ResourceUnavailable, Unresponsive
from aiovirt.streams.unix import UnixListener

pytestmark = pytest.mark.anyio

MANAGE = "org.libvirt.unix.manage"
MONITOR = "org.libvirt.unix.monitor"
START = "org.libvirt.api.domain.start"
ME = PolkitSubject(os.getpid(), 1, os.geteuid())

RULES = """
polkit.addRule(function(action, subject) {
  if (subject.user != "nobody") return polkit.Result.NOT_HANDLED;
  if (action.id == "org.libvirt.unix.manage") return polkit.Result.YES;
  if (action.id == "org.libvirt.unix.monitor") return polkit.Result.NO;
  if (action.id == "org.libvirt.api.domain.start")
    return action.lookup("domain_name") == "web1" ? polkit.Result.YES : polkit.Result.NO;
});
"""


@pytest.fixture(scope="module")
def polkit() -> Iterator[RealPolkit]:
    with real_polkit(RULES) as running:
        yield running


@pytest.fixture(scope="module")
def nobody() -> Iterator[PolkitSubject]:
    with stranger() as subject:
        yield subject


@pytest.mark.real
async def test_rules_decide(polkit: RealPolkit, nobody: PolkitSubject) -> None:
    ours = Polkit(address=polkit.address)
    assert await ours.check(nobody, MANAGE, interactive=True)
    assert not await ours.check(nobody, MONITOR, interactive=True)


@pytest.mark.real
async def test_rules_may_look_at_details(polkit: RealPolkit, nobody: PolkitSubject) -> None:
    ours = Polkit(address=polkit.address)
    assert await ours.check(nobody, START, {"domain_name": "web1"})
    assert not await ours.check(nobody, START, {"domain_name": "db1"})


@pytest.mark.real
async def test_an_action_that_polkit_does_not_know(
    polkit: RealPolkit, nobody: PolkitSubject
) -> None:
    with pytest.raises(ProtocolError, match=r"does not decide about org\.example\.x") as caught:
        await Polkit(address=polkit.address).check(nobody, "org.example.x")
    assert "libvirt's actions" in str(caught.value.hint)


@pytest.mark.real
async def test_a_bus_without_polkit(tmp_path: Path) -> None:
    with (
        bus(tmp_path) as address,
        pytest.raises(ResourceUnavailable, match="there is no polkit") as caught,
    ):
        await Polkit(address=address).check(ME, MANAGE)
    assert "auth_unix_rw" in str(caught.value.hint)


async def test_a_machine_without_a_bus(tmp_path: Path) -> None:
    with pytest.raises(ResourceUnavailable, match="there is no D-Bus"):
        await Polkit(address=f"unix:path={tmp_path}/none").check(ME, MANAGE)


async def test_who_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "bus"):
        ours = Polkit(address=f"unix:path={tmp_path}/bus", timeout_s=0.1)
        with pytest.raises(Unresponsive, match=r"within 0\.1 s"):
            await ours.check(ME, MANAGE, interactive=True)


async def test_asking_can_be_cancelled(tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "bus"):
        with anyio.move_on_after(0.05) as scope:
            await Polkit(address=f"unix:path={tmp_path}/bus").check(ME, MANAGE)
    assert scope.cancelled_caught
