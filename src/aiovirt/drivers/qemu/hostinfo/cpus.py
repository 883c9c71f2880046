"""The CPUs that a QEMU binary has for its guests, by libvirt's names for what they can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities, CPUOffer
from aiovirt.errors import ConfigError
from aiovirt.host.cpus import Chosen, Cpu, decode, table

__all__ = ["X86", "blocked_models", "host_model", "known_features"]

X86: Final = ("x86_64", "i686")


def host_model(binary: BinaryCapabilities, virt_type: str) -> Cpu | None:
    """The best CPU of a kind of guests, by a model; None where QEMU does not tell, as of ARM."""
    offer = binary.offers.get(virt_type)
    if offer is None or binary.arch not in X86 or not offer.features:
        return None
    vendor = next((n for n, string in table().vendors.items() if string == offer.vendor), None)
    how = Chosen(guest=True, signature=offer.signature, models=blocked_models(offer))
    try:
        found = decode(_named(offer, offer.features), vendor, how)
    except ConfigError:
        return None  # the binary has no model that the table knows
    return replace(found, vendor=vendor, fallback=False)


def blocked_models(offer: CPUOffer) -> dict[str, frozenset[str]]:
    """The models that there are, with what keeps the accelerator from giving each."""
    return {name: _named(offer, blocked or ()) for name, blocked in offer.blocked.items()}


def known_features(offer: CPUOffer, *, migratable: bool) -> frozenset[str] | None:
    """What QEMU can be asked for; None where it does not tell."""
    if not offer.known:
        return None
    staying = set(offer.features) - set(offer.movable) if migratable else set()
    return _named(offer, set(offer.known) - staying)


def _named(offer: CPUOffer, numbers: Iterable[int]) -> frozenset[str]:
    """libvirt's names of features; those that it has no name for are left out."""
    known = table().by_qemu()
    return frozenset(known[word] for word in offer.names(numbers) if word in known)
