"""Registers of the virtual I/O bus of POWER (qemuDomainAssignSpaprVIOAddresses of libvirt)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import Device, DomainConfig
from aiovirt.model.addresses import SpaprVioAddress

__all__ = ["assign_registers"]

_SCSI: Final = 0x2000
_NVRAM: Final = 0x3000
_TPM: Final = 0x4000
_SERIAL: Final = 0x30000000
_STEP: Final = 0x1000


def assign_registers(config: DomainConfig) -> None:
    """Give each device on that bus its register."""
    found = list(_on_bus(config))
    taken = {device.address for device in config.devices.all()} if found else set()
    for device, first in found:
        address = device.address
        if isinstance(address, SpaprVioAddress) and address.reg is not None:
            continue
        place = SpaprVioAddress(first)
        while place in taken:
            place = SpaprVioAddress((place.reg or 0) + _STEP)
        taken.add(place)
        device.address = place


def _on_bus(config: DomainConfig) -> Iterator[tuple[Device, int]]:
    yield from ((c, _SCSI) for c in config.controllers if c.model == "ibmvscsi")
    yield from ((s, _SERIAL) for s in config.serials if s.target.model == "spapr-vty")
    yield from ((nvram, _NVRAM) for nvram in [config.devices.nvram] if nvram)
    yield from ((tpm, _TPM) for tpm in config.devices.tpms if tpm.model == "tpm-spapr")
