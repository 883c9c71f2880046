"""Block nodes: for each image one for its storage, one for its format, and one for a part of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from aiovirt.config import Disk, DiskDriver
from aiovirt.config.devices.sources import DiskSource
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.drivers.qemu.argv.storage.images import Image
from aiovirt.drivers.qemu.argv.storage.protocols import PROTOCOLS
from aiovirt.drivers.qemu.argv.storage.secrets import key_secret, reservations
from aiovirt.drivers.qemu.argv.words import comma_list, drop_none

__all__ = ["CACHES", "file_set", "format_node", "nodes_of", "storage_node"]


class Cache(NamedTuple):
    """What a cache mode means."""

    direct: bool
    no_flush: bool
    write_cache: bool


# Source: the table of ``cache=`` in QEMU's qemu-options.hx.
CACHES: Final = {
    "none": Cache(direct=True, no_flush=False, write_cache=True),
    "writeback": Cache(direct=False, no_flush=False, write_cache=True),
    "writethrough": Cache(direct=False, no_flush=False, write_cache=False),
    "directsync": Cache(direct=True, no_flush=False, write_cache=False),
    "unsafe": Cache(direct=False, no_flush=True, write_cache=True),
}

_FORMATS: Final = {
    **{name: name for name in ("raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "luks")},
    **{name: name for name in ("bochs", "cloop", "dmg")},
    "ploop": "parallels",
    "vhd": "vhdx",
    "fat": "raw",
}
"""libvirt's formats, and QEMU's drivers of them."""

_WITH_BACKING: Final = ("qcow", "qcow2", "qed", "vmdk")
_CDROM_DRIVE: Final = re.compile(r"/dev/(sr|scd|cdrom|dvd)\d*|/dev/disk/by-[^/]+/.*(CD|DVD).*")


def format_node(number: int) -> str:
    """The name of the block node of an image's format, by the image's number."""
    return f"libvirt-{number}-format"


def storage_node(number: int) -> str:
    """The name of the block node of an image's storage, by the image's number."""
    return f"libvirt-{number}-storage"


def nodes_of(image: Image, *, backing: str | bool = False) -> Iterator[dict[str, object]]:
    """The options of the block nodes of an image, each after what it is on.

    Args:
        image: The image.
        backing: The node of the image behind it; False leaves it to the image, True means none.

    Raises:
        XMLError: QEMU has no such images.
    """
    caching = _caching(image)
    build = _STORAGE.get(image.type)
    if build is None:
        raise Disk.type.error(
            image.source,
            f"the QEMU driver has no disks of type {image.type!r}",
            expected=", ".join(_STORAGE),
        )
    storage = {
        **build(image),
        "node-name": storage_node(image.number),
        "cache": caching,
        **_access(image),
        "discard": "unmap",
    }
    yield drop_none(storage)
    below = storage_node(image.number)
    part = _part(image)
    if part and _needs_slice_node(image):
        below = f"libvirt-{image.number}-slice-sto"
        yield drop_none(
            {
                "driver": "raw",
                "node-name": below,
                **part,
                "file": storage_node(image.number),
                "auto-read-only": True,
                "discard": "unmap",
                "cache": caching,
            }
        )
        part = {}
    shape = drop_none(
        {
            "node-name": format_node(image.number),
            "read-only": image.read_only,
            "discard": image.driver.discard,
            "detect-zeroes": _detect_zeroes(image.driver) if image.top else None,
            "cache": caching,
            **_format(image),
            **part,
            "file": below,
        }
    )
    if backing is not False and shape["driver"] in _WITH_BACKING:
        shape["backing"] = None if backing is True else backing
    yield shape


def _access(image: Image) -> dict[str, object]:
    """How a storage node is opened: QEMU takes of files that it is handed one of just that mode."""
    return {"read-only": image.read_only} if image.source.fdgroup else {"auto-read-only": True}


def file_set(image: Image, files: Sequence[int]) -> Iterator[str]:
    """The values of ``-add-fd`` that make the set of the files that an image is handed."""
    for each in files:
        options = {"fd": each, "set": image.number, "opaque": image.source.fdgroup}
        yield comma_list(None, options)


def _caching(image: Image) -> dict[str, object] | None:
    cache = CACHES.get(image.cache or "")
    return {"direct": cache.direct, "no-flush": cache.no_flush} if cache else None


def _detect_zeroes(driver: DiskDriver) -> str | None:
    if driver.detect_zeroes == "unmap" and driver.discard != "unmap":
        return "on"  # QEMU would refuse it
    return driver.detect_zeroes


def _part(image: Image) -> dict[str, object]:
    part = image.source.slice
    return {"offset": part.offset, "size": part.size} if part else {}


def _needs_slice_node(image: Image) -> bool:
    return image.format != "raw" or _is_luks(image)


def _is_luks(image: Image) -> bool:
    return image.encryption is not None and image.encryption.engine != "librbd"


def _format(image: Image) -> dict[str, object]:
    driver = _FORMATS.get(image.format)
    if driver is None:
        raise DiskDriver.type.error(
            image.driver,
            f"{image.format!r} is no format of QEMU's",
            expected=", ".join(_FORMATS),
        )
    key = key_secret(image) if _is_luks(image) else None
    if driver == "raw" and key is not None:
        return {"driver": "luks", "key-secret": key}
    if key is None or image.encryption is None:
        encrypt = None
    elif driver in _ENCRYPTING:
        encrypt = {"format": _ENCRYPTIONS.get(image.encryption.format or ""), "key-secret": key}
    else:
        raise StorageEncryption.format.error(
            image.encryption, f"QEMU encrypts no {image.format} images", expected="raw or qcow2"
        )
    cache = image.metadata_cache if driver == "qcow2" else None
    return {"driver": driver, "encrypt": encrypt, "cache-size": cache}


_ENCRYPTING: Final = ("qcow2", "qcow")
_ENCRYPTIONS: Final = {"luks": "luks", "qcow": "aes", "default": "aes"}


def _at_path(image: Image) -> dict[str, object]:
    path = image.source.file or image.source.dev
    if image.source.fdgroup:
        path = f"/dev/fdset/{image.number}"
    return {
        "driver": "file" if image.type == "file" else _device_driver(image),
        "filename": path,
        "aio": image.driver.io,
        "pr-manager": reservations(image),
    }


def _device_driver(image: Image) -> str:
    drive = image.device == "cdrom" and _CDROM_DRIVE.fullmatch(image.source.dev or "")
    return "host_cdrom" if drive else "host_device"


def _folder(image: Image) -> dict[str, object]:
    return {
        "driver": "vvfat",
        "dir": image.source.dir,
        "floppy": image.device == "floppy",
        "rw": not image.read_only,
    }


def _nvme(image: Image) -> dict[str, object]:
    place = image.source.address.value
    return {"driver": "nvme", "device": str(place), "namespace": image.source.namespace}


def _network(image: Image) -> dict[str, object]:
    build = PROTOCOLS.get(image.source.protocol or "")
    if build is None:
        raise DiskSource.protocol.error(
            image.source,
            f"QEMU reads no disks by {image.source.protocol}",
            expected=", ".join(PROTOCOLS),
        )
    return build(image)


_STORAGE: Final[dict[str, Callable[[Image], dict[str, object]]]] = {
    "file": _at_path,
    "block": _at_path,
    "dir": _folder,
    "nvme": _nvme,
    "network": _network,
}
"""By type of source: the options of the storage node."""
