"""Where a disk, a drive or the like is: its controller, and its unit there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.testing.vsphere import faults

__all__ = ["Place", "unit_for"]

RESERVED: Final = 7
"""The unit of a SCSI bus that the controller itself has."""

# Kind of controller -> units that it has.
_UNITS: Final[tuple[tuple[type[d.VirtualController], range], ...]] = (
    (d.VirtualSCSIController, range(16)),
    (d.VirtualSATAController, range(30)),
    (d.VirtualNVMEController, range(15)),
    (d.VirtualIDEController, range(2)),
    (d.VirtualSIOController, range(2)),
)
# Kind of device -> kinds of controllers that it can be on, the usual first.
_FITTING: Final[tuple[tuple[type[d.VirtualDevice], tuple[type[d.VirtualController], ...]], ...]] = (
    (
        d.VirtualDisk,
        (
            d.VirtualSCSIController,
            d.VirtualSATAController,
            d.VirtualNVMEController,
            d.VirtualIDEController,
        ),
    ),
    (
        d.VirtualCdrom,
        (d.VirtualIDEController, d.VirtualSATAController, d.VirtualSCSIController),
    ),
    (d.VirtualFloppy, (d.VirtualSIOController,)),
    (d.VirtualSCSIPassthrough, (d.VirtualSCSIController,)),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is to be.

    Attributes:
        index: The number of the change, for faults.
        device: The device.
        controller: The key of the controller that is wanted, or None for any.
        devices: What there is.
    """

    index: int
    device: d.VirtualDevice
    controller: int | None
    devices: Sequence[d.VirtualDevice]

    def controllers(self) -> Iterator[d.VirtualController]:
        """The controllers that would do."""
        kinds = next(kinds for kind, kinds in _FITTING if isinstance(self.device, kind))
        for kind in kinds:
            for each in self.devices:
                if isinstance(each, kind) and self.controller in {None, each.key}:
                    yield each

    def free(self, controller: d.VirtualController) -> list[int]:
        """The units of a controller that are free."""
        units = next(units for kind, units in _UNITS if isinstance(controller, kind))
        taken = {each.unit_number for each in self.devices if each.controller_key == controller.key}
        if isinstance(controller, d.VirtualSCSIController):
            taken.add(RESERVED)
        return [unit for unit in units if unit not in taken]


def unit_for(place: Place) -> tuple[int, int]:
    """The key of a controller, and a unit of it.

    Raises:
        VimFault: There is no such controller, it has no room, or the unit is taken.
    """
    fitting = list(place.controllers())
    if not fitting:
        raise _no_controller(place)
    wanted = place.device.unit_number
    anywhere = wanted is None or wanted < 0
    for controller in fitting:
        free = place.free(controller)
        fit = free if anywhere else [unit for unit in free if unit == wanted]
        if fit:
            return controller.key, fit[0]
    if anywhere:
        raise faults.VimFault(f.TooManyDevices(), "There are too many devices on the controller.")
    raise faults.invalid_device_spec(place.index)


def _no_controller(place: Place) -> faults.VimFault:
    if place.controller is not None:
        return faults.invalid_controller(place.index, place.controller)
    text = f"The device '{place.index}' is referring to no controller."
    return faults.VimFault(f.MissingController(device_index=place.index), text)
