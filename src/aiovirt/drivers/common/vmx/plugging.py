"""Devices plugged into a ``.vmx`` file, pulled out of it and changed, as its domain has them.

A file that is given stays as it is; the changed one is returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiovirt.config import Controller, Device, Disk, DomainConfig, Interface
from aiovirt.drivers.common.devices import (
    add_device,
    check_new,
    find_device,
    remove_device,
    replace_device,
)
from aiovirt.drivers.common.vmx.convert import domain_of, hardware_of, merge
from aiovirt.drivers.common.vmx.disk_writing import placed
from aiovirt.drivers.common.vmx.files import Files
from aiovirt.drivers.common.vmx.places import BUSES, Place
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.text import Vmx
from aiovirt.errors import AlreadyExists, ConfigError

__all__ = ["plug", "replug", "unplug"]

_CONTROLLER: Final = re.compile(r"((?:scsi|sata|nvme)[0-9])\.present", re.IGNORECASE)
_USUAL_SCSI: Final = "lsilogic"
"""The model of a SCSI controller that comes with a disk: each guest knows it."""

_NEWEST_CARD: Final = "vmxnet3"
_HAS_NEWEST_CARD: Final = 7
"""The first version of the virtual hardware with that card (VMware KB 1001805)."""

_REMOVABLE: Final = frozenset({"cdrom", "floppy"})


def plug(vmx: Vmx, files: Files, device: Device) -> Vmx:
    """Add a device; a controller that a disk needs comes with it.

    Raises:
        AlreadyExists: Its place or its address is taken.
        ConfigError: VMware has no such device, or the file cannot be understood.
    """
    config, hardware = domain_of(vmx, files), hardware_of(vmx)
    made = add_device(config.copy(), device)  # a copy, which may be filled in
    if isinstance(made, Disk):
        _seat(vmx, config, made, hardware)
    else:
        check_new(config, made)
    if isinstance(made, Interface) and made.model is None and hardware >= _HAS_NEWEST_CARD:
        made.model = _NEWEST_CARD
    add_device(config, made)
    result = merge(vmx, config, files)
    if result == vmx:
        raise ConfigError(
            f"a {device.kind} like this cannot be added to a machine of VMware's",
            field=device.kind,
            hint="a controller comes with its first disk" if device.kind == "controller" else None,
        )
    return result


def _seat(vmx: Vmx, config: DomainConfig, disk: Disk, hardware: int) -> None:
    """See that the place of a disk is free, and that its controller has a model."""
    place = placed(disk, hardware)
    if place in {placed(each, hardware) for each in config.disks}:
        raise AlreadyExists(f"domain {config.name!r} has a disk {disk.target.dev!r} already")
    name = f"{place.bus}{place.controller}"
    if place.bus == "scsi" and not Section(vmx, name).switch("present"):
        models = [each.model for each in config.controllers if each.type == "scsi" and each.model]
        model = models[0] if models else _USUAL_SCSI
        config.controllers.append(Controller(type="scsi", index=place.controller, model=model))


def unplug(vmx: Vmx, files: Files, device: Device) -> Vmx:
    """Take a device out; what a disk sat on stays, and so does its model.

    Raises:
        NotFound: There is none like this.
        ConfigError: It cannot be taken out, or the file cannot be understood.
    """
    config = domain_of(vmx, files)
    found = find_device(config, device)
    remove_device(config, found)
    result = merge(vmx, config, files)
    if result == vmx or (isinstance(found, Controller) and found.type in BUSES):
        raise ConfigError(
            f"the {device.kind} cannot be taken out of domain {config.name!r}: "
            "other devices need it, or each machine has it",
            field=device.kind,
        )
    _keep_controllers(vmx, result)
    return result


def _keep_controllers(vmx: Vmx, result: Vmx) -> None:
    for key in vmx:
        found = _CONTROLLER.fullmatch(key)
        if found is None or key in result:
            continue
        prefix = f"{found[1]}.".lower()
        for each in (each for each in vmx if each.lower().startswith(prefix)):
            result.set(each, vmx.get(each) or "")


def replug(vmx: Vmx, files: Files, device: Device) -> Vmx:
    """Change a device that is there: a medium, a network, a link, or what else of it can be so.

    What a card's description does not say of it stays.

    Raises:
        NotFound: There is none like this.
        ConfigError: VMware has no such device, or the file cannot be understood.
    """
    config = domain_of(vmx, files)
    wanted = add_device(config.copy(), device)  # a copy, which may be filled in
    if isinstance(wanted, Disk) and _is_viewers(vmx, wanted):
        add_device(config, wanted)
    else:
        found = find_device(config, wanted)
        _COMPLETE.get(device.kind, _as_it_is)(wanted, found)
        replace_device(config, found, wanted)
    result = merge(vmx, config, files)
    if isinstance(wanted, Disk) and wanted.device in _REMOVABLE:
        _connect(result, wanted, vmx)
    return result


def _is_viewers(vmx: Vmx, disk: Disk) -> bool:
    """Whether a CD-ROM drive is there that is the viewer's own, of which no domain tells."""
    if disk.device != "cdrom":
        return False
    section = Section(vmx, placed(disk, hardware_of(vmx)).prefix)
    return section.switch("present") and section.switch("clientDevice")


def _connect(result: Vmx, drive: Disk, vmx: Vmx) -> None:
    """A medium is in the drive when the machine starts, whatever was with the one before it."""
    place: Place = placed(drive, hardware_of(vmx))
    source = drive.source
    there = bool(source.file or source.dev or source.startup_policy)
    Section(result, place.prefix).say(startConnected=there)


def _as_it_is(wanted: Any, found: Any) -> None:  # noqa: ANN401 - any kind of device
    """What is described is all that there is to it."""


def _complete_drive(wanted: Disk, found: Disk) -> None:
    """A drive stays where it is, and what it is."""
    if wanted.target.bus is None:
        wanted.target.bus = found.target.bus
    if not wanted.target.dev:
        wanted.target.dev = found.target.dev
    if wanted.device is None:
        wanted.device = found.device


def _complete_card(wanted: Interface, found: Interface) -> None:
    source = wanted.source
    if not (source.bridge or source.network or source.portgroup or source.switchid):
        wanted.type, wanted.source, wanted.target_dev = found.type, found.source, found.target_dev
    if wanted.model is None:
        wanted.model = found.model
    if wanted.mac is None:
        wanted.mac = found.mac
    if wanted.mac_type is None:
        wanted.mac_type = found.mac_type
    if wanted.mac_check is None:
        wanted.mac_check = found.mac_check


_COMPLETE: Final[Mapping[str, Callable[[Any, Any], None]]] = {
    "disk": _complete_drive,
    "interface": _complete_card,
}
