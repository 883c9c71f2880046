"""The address of a guest: whoever knows it first tells, and who does not says why."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from aiovirt.errors import AgentNotReady, InvalidState, Unresponsive
from aiovirt.model.guest import GuestAddress, GuestInterface
from aiovirt.model.guestwork import FoundAddress
from aiovirt.objects._domain_guest import AddressSource
from aiovirt.objects._guest_address import wait_for_address

pytestmark = pytest.mark.anyio

MAC = "52:54:00:00:00:01"
ALL: tuple[AddressSource, ...] = ("lease", "agent", "arp")


def interface(*addresses: str, mac: str = MAC) -> GuestInterface:
    kinds = ["ipv6" if ":" in one else "ipv4" for one in addresses]
    found = [GuestAddress(kind, one, 24) for kind, one in zip(kinds, addresses, strict=True)]
    return GuestInterface("eth0", mac, tuple(found))


class Sources:
    """What each source tells; one that is not there waits for ever."""

    def __init__(self, **told: Sequence[GuestInterface] | Exception) -> None:
        self._told = told

    async def __call__(self, source: AddressSource) -> Sequence[GuestInterface]:
        found = self._told.get(source)
        if found is None:
            await anyio.sleep_forever()
            return ()
        if isinstance(found, Exception):
            raise found
        return found


async def found(sources: Sources, kind: str | None = None, timeout_s: float = 30) -> FoundAddress:
    return await wait_for_address(
        "web1", sources, {MAC}, sources=ALL, kind=kind, timeout_s=timeout_s
    )


async def test_the_first_that_knows_one_ends_the_wait() -> None:
    told = await found(Sources(agent=AgentNotReady("no agent"), arp=[interface("192.0.2.7")]))
    assert (str(told), told.source, told.mac) == ("192.0.2.7", "arp", MAC)


async def test_addresses_by_which_nobody_reaches_it_are_none() -> None:
    inside = interface("172.17.0.1", mac="02:42:00:00:00:01")
    ours = interface("127.0.0.1", "169.254.1.2", "fe80::1", "2001:db8::7", "192.0.2.7")
    sources = Sources(agent=[inside, ours])
    assert str(await found(sources)) == "192.0.2.7"
    assert str(await found(sources, "ipv6")) == "2001:db8::7"


async def test_each_source_says_why_it_knows_none() -> None:
    sources = Sources(agent=AgentNotReady("no agent is there"), arp=[interface("fe80::1")])
    with pytest.raises(Unresponsive) as caught:
        await found(sources, timeout_s=0.05)
    text = str(caught.value)
    assert "lease: it has not answered" in text
    assert "agent: no agent is there" in text
    assert "arp: it knows no address but fe80::1" in text


async def test_a_guest_that_is_off_is_told_at_once() -> None:
    with pytest.raises(InvalidState, match="off"):
        await found(Sources(agent=InvalidState("it is off")))
