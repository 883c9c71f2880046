"""What drives sit on: controllers of SCSI, SATA, NVMe, IDE and of floppies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aiovirt.config import Controller, Disk, DomainConfig
from aiovirt.drivers.common.vmx.disk_writing import placed
from aiovirt.drivers.common.vmx.places import place_of
from aiovirt.drivers.common.vmx.translation import Reading, Writing, wrong
from aiovirt.model.addresses import DriveAddress

__all__ = ["read", "write"]

MODELS: Mapping[str, str] = {
    "buslogic": "buslogic",
    "lsilogic": "lsilogic",
    "lsisas1068": "lsisas1068",
    "pvscsi": "vmpvscsi",
}
"""The ``virtualDev`` of SCSI controllers, with libvirt's word for it."""

_WRITTEN = {libvirt: vmware for vmware, libvirt in MODELS.items()}
_ORDER = ("scsi", "fdc", "ide", "sata", "nvme")
"""In which order libvirt fills controllers in."""


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of the controllers up to the last that a drive sits on.

    Raises:
        ConfigError: There is no such model.
    """
    last = dict(sorted(_used(config.disks)))
    for bus in [*(bus for bus in ("scsi", "sata") if bus in last), *_ORDER]:
        for number in range(last.pop(bus, -1) + 1):
            model = _model(reading, number) if bus == "scsi" else None
            config.controllers.append(Controller(type=bus, index=number, model=model))


def _used(disks: Iterable[Disk]) -> Iterator[tuple[str, int]]:
    for disk in disks:
        address = disk.address
        if isinstance(address, DriveAddress):
            yield disk.target.bus or "", address.controller
        elif disk.target.bus == "nvme":
            yield "nvme", place_of(disk, "nvme").controller


def _model(reading: Reading, number: int) -> str | None:
    section = reading.section(f"scsi{number}")
    return section.choice("virtualDev", MODELS) if section.switch("present") else None


def write(writing: Writing, config: DomainConfig) -> None:
    """Write the controllers that drives sit on, those of IDE and floppies are always there.

    Raises:
        XMLError: VMware has no such controller, or two things are said of one.
    """
    for name, disks in sorted(_seats(writing, config).items()):
        section = writing.section(name)
        section.put("present", value=True)
        if name.startswith("scsi"):
            model = _said(writing, config, int(name.removeprefix("scsi")), disks)
            section.say(virtualDev=None if model is None else _WRITTEN[model])


def _seats(writing: Writing, config: DomainConfig) -> dict[str, list[Disk]]:
    """The disks of each controller that must be written down."""
    seats: dict[str, list[Disk]] = {}
    for disk in config.disks:
        place = placed(disk, writing.hardware)
        if place.bus not in {"ide", "fdc"}:
            seats.setdefault(f"{place.bus}{place.controller}", []).append(disk)
    return seats


def _said(writing: Writing, config: DomainConfig, number: int, disks: list[Disk]) -> str | None:
    """The model of a SCSI controller, said of itself or, as of old, of its disks."""
    own = [each for each in config.controllers if (each.type, each.index) == ("scsi", number)]
    model = _with_legacy(own[0].model if own else None, disks)
    if model == "auto":
        model = _fitting(writing, disks)
    if model in {None, *_WRITTEN}:
        return model
    expected = ", ".join(map(repr, _WRITTEN))
    raise wrong((*own, *disks)[0], f"the model cannot be {model!r}", expected=expected)


def _with_legacy(model: str | None, disks: list[Disk]) -> str | None:
    """The model; the name of a disk's driver is where it stood at first."""
    for disk in disks:
        legacy = (disk.driver.name or "").lower() or model
        if model not in {None, legacy}:
            raise wrong(disk, f"the driver {legacy!r} is not the controller's model, {model!r}")
        model = legacy
    return model


def _fitting(writing: Writing, disks: list[Disk]) -> str | None:
    """The model that the disks were made for."""
    paths = [disk.source.file for disk in disks if disk.source.file]
    found = {model for path in paths if (model := writing.files.controller_model(path))}
    if len(found) > 1:
        models = ", ".join(sorted(found))
        raise wrong(disks[0], f"the disks of one controller are made for several models: {models}")
    return next(iter(found), None)
