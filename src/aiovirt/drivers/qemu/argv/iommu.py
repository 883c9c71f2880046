"""The guest's IOMMU."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import on_off
from aiovirt.drivers.qemu.devices.lookup import model_of

__all__ = ["iommus", "machine_iommu"]


def iommus(guest: Guest) -> Iterator[str]:
    """The device; on ARM it is a part of the machine."""
    unit = guest.config.devices.iommu
    if not unit or not model_of(unit, guest.family).driver:
        return
    props = {
        "intremap": on_off(unit.intremap),
        "caching-mode": unit.caching_mode,
        "eim": on_off(unit.eim),
        "device-iotlb": unit.iotlb,
        "aw-bits": unit.aw_bits,
    }
    yield from ("-device", guest.device(unit, props))


def machine_iommu(guest: Guest) -> str | None:
    """The IOMMU that the machine itself has, in the words of ``-machine``."""
    model = guest.config.devices.iommu.model
    return model if model == "smmuv3" else None
