"""The names of all QEMU devices that a guest of ours may have: what a binary is asked about.

Knows nothing of single domains.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.drivers.qemu.devices import kinds, lookup, models
from aiovirt.drivers.qemu.devices.models import driver_of

__all__ = ["DRIVERS", "plain_of", "type_of"]

_TRANSPORTS: Final = ("pci", "mmio", "ccw")
_PARTS: Final = frozenset(
    {
        *("hda-duplex", "hda-micro", "hda-output", "isa-fdc", "virtserialport"),
        *("vmgenid", "vmcoreinfo", "spapr-nvram", "zpci", "ioh3420"),
        "vfio-pci-nohotplug",
    }
)
"""Devices that are no model of any kind: pieces of others, and what a setting brings."""


_TYPES: Final = {"ahci": "ich9-ahci", "lsi": "lsi53c895a"}
"""Names that ``-device`` takes for types of other names (qdev-monitor.c of QEMU)."""


def type_of(driver: str) -> str:
    """QEMU's name of the type that a device of this name is of."""
    return _TYPES.get(driver, driver)


def _drivers() -> Iterator[str]:
    for model in (*models.MODELS, *kinds.MODELS, *lookup.MODELS):
        plain = model._replace(variant="")  # variants may be told the same
        yield from (type_of(driver_of(plain, transport)) for transport in _TRANSPORTS)


def plain_of(driver: str) -> str:
    """The type among `DRIVERS` that may be told the same as this device."""
    return type_of(driver).removesuffix("-transitional").removesuffix("-non")


DRIVERS: Final = frozenset({*_drivers(), *_PARTS} - {""})
"""By the names of their types; of the variants of one device only the plain one."""
