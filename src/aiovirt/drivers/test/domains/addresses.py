"""Which addresses the guests of the host in memory have, and how they come to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import DomainConfig, Interface
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.numbers import numbered
from aiovirt.drivers.test.resources.networks import NetworkRoom
from aiovirt.drivers.test.world import World
from aiovirt.errors import NotFound
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.guest import GuestAddress, GuestInterface

__all__ = ["addresses", "leave", "plug"]

_SLIRP: Final = GuestAddress("ipv4", "10.0.2.15", 24)
_LOOPBACK: Final = GuestInterface(
    "lo",
    "00:00:00:00:00:00",
    (GuestAddress("ipv4", "127.0.0.1", 8), GuestAddress("ipv6", "::1", 128)),
)


def plug(world: World, config: DomainConfig) -> None:
    """Plug a domain that starts into its networks; one of a real hypervisor needs them.

    Raises:
        NotFound: There is no such network.
        InvalidState: It does not run.
    """
    if is_real(config):
        for card in config.interfaces:
            if card.type == "network":
                _check_network(world, card.source.network or "")
    for card in config.interfaces:
        _leased(world, config, card)


def _check_network(world: World, name: str) -> None:
    try:
        world.room(NetworkRoom).active_by_name(name)
    except NotFound as error:
        raise numbered(error, ErrorNumber.ERR_NO_NETWORK) from None


def leave(world: World, config: DomainConfig) -> None:
    """Unplug a domain that ends."""
    for card in config.interfaces:
        if card.mac is not None:
            world.room(NetworkRoom).release(str(card.mac))


def _leased(world: World, config: DomainConfig, card: Interface) -> GuestAddress | None:
    """The address that its network gives a card; None where it gives none."""
    networks = world.room(NetworkRoom)
    network = networks.shelf.find(card.source.network or "") if card.type == "network" else None
    if network is None or not network.active or card.mac is None:
        return None
    lease = networks.lease(network, str(card.mac), config.name)
    if lease is None:
        return None
    kind = "ipv6" if ":" in lease.address else "ipv4"
    return GuestAddress(kind, lease.address, lease.prefix)


def addresses(world: World, config: DomainConfig, *, inside: bool) -> Iterator[GuestInterface]:
    """The interfaces and their addresses.

    Args:
        world: The host.
        config: Of a running domain.
        inside: Whether the guest itself is asked, which knows more than the networks do.
    """
    real = is_real(config)
    if inside and real:
        yield _LOOPBACK
    for number, card in enumerate(config.interfaces):
        address = _leased(world, config, card)
        if address is None and inside:
            address = _SLIRP if card.type == "user" else _static(number)
        if address is not None:
            name = f"eth{number}" if inside and real else card.target_dev or f"eth{number}"
            yield GuestInterface(name, str(card.mac), (address,))


def _static(number: int) -> GuestAddress:
    return GuestAddress("ipv4", f"192.168.0.{number + 1}", 24)
