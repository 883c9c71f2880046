"""By which address a guest is reached: whoever knows it first tells, and who does not says why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.errors import AiovirtError, ConnectionLost, InvalidState, NotFound, Unresponsive
from aiovirt.model.guest import GuestInterface
from aiovirt.model.guestwork import FoundAddress
from aiovirt.objects._domain_guest import AddressSource

__all__ = ["wait_for_address"]

_FIRST_S, _LAST_S = 0.1, 2.0
"""The pauses between two questions to one source: they double."""

Told = Callable[[AddressSource], Awaitable[Sequence[GuestInterface]]]


async def wait_for_address(
    name: str,
    told: Told,
    macs: Collection[str],
    *,
    sources: Collection[AddressSource],
    kind: str | None,
    timeout_s: float,
) -> FoundAddress:
    """Ask all sources again and again, each by itself; see `DomainAgent.wait_ip`."""
    race = _Race(told, macs, kind)
    with anyio.move_on_after(timeout_s):
        async with open_task_group() as tasks:
            for source in sources:
                tasks.start_soon(race.ask, source, tasks.cancel_scope)
    if race.found is not None:
        return race.found
    reasons = "; ".join(f"{source}: {why}" for source, why in race.reasons.items())
    raise Unresponsive(
        f"nobody has told an address of domain {name!r} within {timeout_s:g} s ({reasons})",
        hint="does its guest ask for one by DHCP, or run qemu-guest-agent?",
    )


class _Race:
    """What the sources have told until now."""

    def __init__(self, told: Told, macs: Collection[str], kind: str | None) -> None:
        self.found: FoundAddress | None = None
        self.reasons: dict[AddressSource, str] = {}
        self._told = told
        self._macs = macs
        self._kind = kind

    async def ask(self, source: AddressSource, race: anyio.CancelScope) -> None:
        """Ask one source until it tells; the first that does ends the race.

        Raises:
            InvalidState: The domain does not run.
            NotFound: It is gone.
        """
        pause = _FIRST_S
        self.reasons[source] = "it has not answered"
        while True:
            try:
                interfaces = await self._told(source)
            except (InvalidState, NotFound, ConnectionLost):
                raise
            except AiovirtError as error:
                self.reasons[source] = str(error)
            else:
                found = self._choose(source, interfaces)
                if found is not None:
                    self.found = self.found or found
                    race.cancel()
                    return
            await anyio.sleep(pause)
            pause = min(2 * pause, _LAST_S)

    def _choose(
        self, source: AddressSource, interfaces: Sequence[GuestInterface]
    ) -> FoundAddress | None:
        """The first address by which the guest is reached, IPv4 before IPv6; or why there is none.

        An agent tells of bridges and tunnels inside its guest, too: those have other MACs.
        """
        ours = [each for each in interfaces if (each.mac or "").lower() in self._macs]
        found = [one for each in ours for one in _addresses(each, source)]
        wanted = [one for one in found if self._kind in {None, f"ipv{one.ip.version}"}]
        if not ours:
            self.reasons[source] = "it knows no interface with a MAC address of the domain's"
        elif not wanted:
            told = ", ".join(str(one.address) for each in ours for one in each.addresses)
            self.reasons[source] = f"it knows no address but {told or 'none'}"
        return min(wanted, key=lambda one: one.ip.version, default=None)


def _addresses(interface: GuestInterface, source: AddressSource) -> Iterable[FoundAddress]:
    for one in interface.addresses:
        ip = _parsed(one.address)
        if ip is not None and not (ip.is_loopback or ip.is_link_local or ip.is_unspecified):
            yield FoundAddress(ip, (interface.mac or "").lower(), source, interface.name)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
