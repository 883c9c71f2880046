"""The host's CPU in the words of a model that QEMU has, so that a guest can move to others."""

from __future__ import annotations

from typing import NamedTuple

from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.hostinfo.cpus import host_model, known_features

__all__ = ["Described", "described"]


class Described(NamedTuple):
    """A CPU: its model, and what differs from that by libvirt's names, on or off."""

    model: str
    features: dict[str, bool]


def described(guest: Guest) -> Described | None:
    """The host's CPU, or the best that QEMU emulates; None where QEMU does not tell.

    What would keep the guest from moving (a steady time stamp counter) is not among it.
    """
    kind = guest.config.type or ""
    found = host_model(guest.binary, kind)
    if found is None or found.model is None:
        return None
    movable = known_features(guest.binary.offers[kind], migratable=True)
    features = {
        name: policy == "require"
        for name, policy in found.features.items()
        if policy != "require" or movable is None or name in movable
    }
    if guest.config.os.arch == "i686":
        features["lm"] = False
    return Described(found.model, features)
