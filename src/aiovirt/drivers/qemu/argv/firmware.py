"""Firmware: a ROM image, or flash images as block nodes with the variables in the second."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import Disk, DomainConfig, Loader, Nvram, OperatingSystem
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.storage.images import chain_of
from aiovirt.drivers.qemu.argv.storage.nodes import nodes_of
from aiovirt.drivers.qemu.argv.storage.secrets import image_objects
from aiovirt.drivers.qemu.argv.words import as_json

__all__ = ["firmware", "flash_nodes"]

_CODE = "libvirt-pflash0-format"
_VARIABLES = "libvirt-pflash1-format"


def flash_nodes(config: DomainConfig) -> tuple[str, ...]:
    """The names of the block nodes that are the machine's flash, as far as it has any."""
    system = config.os
    if not system.loader.path or system.loader.type != "pflash":
        return ()
    nvram = system.nvram
    has_variables = nvram.path or nvram.template or nvram.source
    return (_CODE, _VARIABLES) if has_variables else (_CODE,)


def firmware(guest: Guest) -> Iterator[str]:
    """The firmware's image and variables.

    Raises:
        XMLError: The firmware is to be chosen by the driver, or has no variables to keep.
    """
    system = guest.config.os
    loader = system.loader
    if system.firmware == "efi" and not loader.path:
        raise OperatingSystem.firmware.error(
            system,
            "the firmware was not chosen",
            expected="<loader type='pflash' readonly='yes'>PATH</loader> and <nvram>PATH</nvram>",
        )
    if not loader.path:
        return
    if loader.type != "pflash":
        yield from ("-bios", loader.path)
        return
    if loader.secure and not guest.config.features.smm:
        raise Loader.secure.error(loader, "secure boot needs <smm state='on'/> in <features>")
    if loader.secure:
        yield from ("-global", "driver=cfi.pflash01,property=secure,value=on")
    read_only = bool(loader.readonly)
    yield from _flash("libvirt-pflash0", loader.path, loader.format, read_only=read_only)
    if system.nvram.source:
        yield from _stored(guest, system.nvram)
    elif system.nvram.path or system.nvram.template:
        own = str(guest.resources.folder / "variables.fd")
        path, kind = system.nvram.path or own, system.nvram.format
        yield from _flash("libvirt-pflash1", path, kind, read_only=False)


def _stored(guest: Guest, nvram: Nvram) -> Iterator[str]:
    """Variables that are kept as a disk is."""
    disk = Disk(type=nvram.type, source=nvram.source)
    disk.driver.type = nvram.format or "raw"
    image = next(chain_of(disk, 0, iter(())))
    for options in image_objects(image, guest.resources.folder):
        yield from ("-object", as_json(options))
    for options in nodes_of(image):
        named = {
            name: value.replace("libvirt-0-", "libvirt-pflash1-")
            if name in _NODES and isinstance(value, str)
            else value
            for name, value in options.items()
        }
        yield from ("-blockdev", as_json(named))


_NODES = ("node-name", "file")


def _flash(stem: str, path: str, kind: str | None, *, read_only: bool) -> Iterator[str]:
    storage = {
        "driver": "file",
        "filename": path,
        "node-name": f"{stem}-storage",
        "auto-read-only": True,
        "discard": "unmap",
    }
    image = {
        "node-name": f"{stem}-format",
        "read-only": read_only,
        "driver": kind or "raw",
        "file": storage["node-name"],
    }
    yield from ("-blockdev", as_json(storage), "-blockdev", as_json(image))
