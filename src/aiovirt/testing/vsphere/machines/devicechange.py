"""Adding, editing and removing devices, with all that a real server refuses.

What a change does to files is done when all changes were found good.  Source: VMware's API
reference, VirtualDeviceConfigSpec and the faults of ReconfigVM_Task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.enums import VirtualDeviceConfigSpecOperation as Operation
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.machines.buses import Place, unit_for
from aiovirt.testing.vsphere.machines.hardware import PCI, key_for, labelled, with_members

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.machines.backings import Backings

__all__ = ["DeviceChanges"]

Effect: TypeAlias = Callable[[], None]

_FIXED: Final = (
    d.VirtualIDEController,
    d.VirtualPS2Controller,
    d.VirtualPCIController,
    d.VirtualSIOController,
    d.VirtualKeyboard,
    d.VirtualPointingDevice,
    d.VirtualMachineVideoCard,
)
"""What every machine has, and keeps."""

_HOT: Final = (
    d.VirtualSCSIController,
    d.VirtualSATAController,
    d.VirtualNVMEController,
    d.VirtualEthernetCard,
    d.VirtualUSB,
    d.VirtualUSBController,
    d.VirtualUSBXHCIController,
)
"""What can be plugged in while the machine runs; what is on such a controller can be, too."""

_ON_CONTROLLER: Final = (d.VirtualDisk, d.VirtualCdrom, d.VirtualFloppy, d.VirtualSCSIPassthrough)


class DeviceChanges:
    """The changes of one call, applied to a machine's devices.

    Args:
        devices: What there is.
        backings: What files and networks there are for it.
        running: Whether the machine runs.

    Attributes:
        devices: What there is then.
        effects: What is to be done to files.
    """

    def __init__(
        self, devices: Sequence[d.VirtualDevice], backings: Backings, *, running: bool
    ) -> None:
        self.devices = list(devices)
        self.effects: list[Effect] = []
        self._backings = backings
        self._running = running
        self._keys: dict[int, int] = {}

    def apply(self, specs: Sequence[d.VirtualDeviceConfigSpec]) -> tuple[d.VirtualDevice, ...]:
        """Apply changes in their order; return the devices.

        Raises:
            VimFault: One of them is wrong: its number is told.
        """
        work = {
            Operation.ADD: self._add,
            Operation.EDIT: self._edit,
            Operation.REMOVE: self._remove,
        }
        for index, spec in enumerate(specs):
            do = work.get(Operation(spec.operation)) if spec.operation else None
            if do is None:
                raise faults.invalid_device_spec(index)
            do(index, spec)
        self._check_controllers(len(specs) - 1)
        return with_members(self.devices)

    # --- adding ---------------------------------------------------------------------------------

    def _add(self, index: int, spec: d.VirtualDeviceConfigSpec) -> None:
        device = self._placed(index, spec.device)
        self._demand_hot(index, device)
        key = key_for(device, (each.key for each in self.devices))
        self._keys[spec.device.key] = key
        device = labelled(replace(device, key=key), self.devices)
        device, effect = self._backings.added(index, device, spec.file_operation)
        if effect is not None:
            self.effects.append(effect)
        self.devices.append(device)

    def _placed(self, index: int, device: d.VirtualDevice) -> d.VirtualDevice:
        """The device with its controller and its unit, or with its bus."""
        if isinstance(device, _FIXED):
            raise _operation_fault(index, Operation.ADD)
        if isinstance(device, d.VirtualController):
            return self._placed_controller(index, device)
        if not isinstance(device, _ON_CONTROLLER):
            return replace(device, controller_key=PCI, unit_number=self._pci_unit())
        wanted = device.controller_key
        if wanted is not None:
            wanted = self._keys.get(wanted, wanted)
        place = Place(index, device, wanted, self.devices)
        controller, unit = unit_for(place)
        return replace(device, controller_key=controller, unit_number=unit)

    def _placed_controller(self, index: int, device: d.VirtualController) -> d.VirtualController:
        alike = [each for each in self.devices if _same_bus(each, device)]
        taken = {each.bus_number for each in alike if isinstance(each, d.VirtualController)}
        bus = device.bus_number
        if bus < 0:
            bus = next(number for number in range(len(taken) + 1) if number not in taken)
        if bus in taken:
            raise faults.invalid_device_spec(index)
        if len(taken) >= _most(device):
            raise faults.VimFault(f.TooManyDevices(), "There are too many devices of this kind.")
        return replace(device, bus_number=bus, controller_key=PCI, unit_number=self._pci_unit())

    def _pci_unit(self) -> int:
        taken = {each.unit_number for each in self.devices if each.controller_key == PCI}
        return next(number for number in range(3, 3 + len(taken) + 1) if number not in taken)

    # --- editing and removing -------------------------------------------------------------------

    def _edit(self, index: int, spec: d.VirtualDeviceConfigSpec) -> None:
        place = self._find(index, spec.device.key)
        known, wanted = self.devices[place], spec.device
        if not isinstance(wanted, type(known)) and not isinstance(known, type(wanted)):
            raise faults.invalid_device_spec(index)
        if spec.file_operation is not None:
            raise _operation_fault(index, Operation.EDIT)
        changed = _merged(known, wanted)
        changed, effect = self._backings.edited(index, known, changed)
        if effect is not None:
            self.effects.append(effect)
        self.devices[place] = changed

    def _remove(self, index: int, spec: d.VirtualDeviceConfigSpec) -> None:
        device = self.devices[self._find(index, spec.device.key)]
        if isinstance(device, _FIXED):
            raise _operation_fault(index, Operation.REMOVE)
        self._demand_hot(index, device)
        effect = self._backings.removed(index, device, spec.file_operation)
        if effect is not None:
            self.effects.append(effect)
        self.devices.remove(device)

    def _find(self, index: int, key: int) -> int:
        for place, device in enumerate(self.devices):
            if device.key == key:
                return place
        text = f"There is no device with the key {key}."
        raise faults.VimFault(f.DeviceNotFound(device_index=index), text)

    # --- rules ----------------------------------------------------------------------------------

    def _demand_hot(self, index: int, device: d.VirtualDevice) -> None:
        if not self._running or isinstance(device, _HOT):
            return
        on = next((each for each in self.devices if each.key == device.controller_key), None)
        if isinstance(device, _ON_CONTROLLER) and isinstance(on, _HOT):
            return
        fault = f.DeviceHotPlugNotSupported(device_index=index)
        raise faults.VimFault(fault, "Hot-plug is not supported for this virtual device.")

    def _check_controllers(self, index: int) -> None:
        known = {each.key for each in self.devices}
        for device in self.devices:
            if device.controller_key is not None and device.controller_key not in known:
                raise faults.invalid_controller(index, device.controller_key)


def _same_bus(one: d.VirtualDevice, other: d.VirtualDevice) -> bool:
    kinds = (
        d.VirtualSCSIController,
        d.VirtualSATAController,
        d.VirtualNVMEController,
        d.VirtualUSBController,
        d.VirtualUSBXHCIController,
    )
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in kinds)


def _most(device: d.VirtualController) -> int:
    return 1 if isinstance(device, d.VirtualUSBController | d.VirtualUSBXHCIController) else 4


def _merged(known: d.VirtualDevice, wanted: d.VirtualDevice) -> d.VirtualDevice:
    """The device as it is to be: what is left unset stays."""
    names = [name for name in known.__struct_fields__ if hasattr(wanted, name)]
    given = {name: getattr(wanted, name) for name in names if getattr(wanted, name) is not None}
    kept = {"key", "device_info", "controller_key", "unit_number"}
    return replace(known, **{name: value for name, value in given.items() if name not in kept})


def _operation_fault(index: int, operation: Operation) -> faults.VimFault:
    fault = f.InvalidDeviceOperation(device_index=index, bad_op=operation)
    return faults.VimFault(fault, f"Invalid operation for device '{index}'.")
