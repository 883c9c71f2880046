"""The devices that a domain may have, for the document of domain capabilities.

A model is listed when this driver, the binary and, where it takes one, a program beside it have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities, Feature
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.models import RNGS, VIDEOS, VIRTIO_BLK, Model, driver_of
from aiovirt.drivers.qemu.hostinfo.offers import HostOffers
from aiovirt.drivers.qemu.hostinfo.xml import Element, choices, make, supported

__all__ = ["devices", "enumerated", "objects_of"]

_DISK_BUSES: Final = (
    ("ide", "ide-hd"),
    ("fdc", "floppy"),
    ("scsi", "scsi-hd"),
    ("virtio", "virtio-blk-device"),
    ("usb", "usb-storage"),
    ("sata", "ide-hd"),
)
_BACKEND_MODELS: Final = {"random": "rng-random", "egd": "rng-egd", "builtin": "rng-builtin"}
_DISPLAYS: Final = {
    "sdl": Feature.SDL,
    "vnc": Feature.VNC,
    "spice": Feature.SPICE,
    "egl-headless": Feature.EGL_HEADLESS,
    "dbus": Feature.DBUS_DISPLAY,
}
_POLICIES: Final = ("default", "mandatory", "requisite", "optional")
_HOSTDEVS: Final = {"usb": "usb-host", "pci": "vfio-pci", "scsi": "scsi-generic"}
# libvirt's "handle" is in no QEMU since 4.0
_FILESYSTEMS: Final = {
    "path": Model("virtio-9p", None, virtio=True),
    "virtiofs": Model("vhost-user-fs", None, virtio=True),
}


def devices(binary: BinaryCapabilities, family: Family, host: HostOffers) -> Element:
    """The ``<devices>`` of a binary, a machine type and a host."""
    transport = family.transport
    videos = [*_models(binary, VIDEOS, transport=transport), "none"]
    return make(
        "devices",
        _disk(binary, family),
        enumerated("graphics", "type", (w for w, name in _DISPLAYS.items() if binary.has(name))),
        enumerated("video", "modelType", videos),
        _hostdev(binary, family, host),
        _rng(binary, transport=transport),
        enumerated("filesystem", "driverType", _filesystems(binary, transport=transport)),
        _tpm(binary, host),
        _redirdev(binary, family),
        enumerated("channel", "type", _channels(binary)),
    )


def enumerated(tag: str, name: str, values: Iterable[str]) -> Element:
    """An element with one list of values, which is not supported when that is empty."""
    found = list(values)
    return supported(tag, choices(name, found), yes=bool(found))


def objects_of(binary: BinaryCapabilities, types: Mapping[str, str]) -> list[str]:
    """libvirt's words for those of QEMU's objects that a binary has."""
    return [word for word, type_ in types.items() if type_ in binary.objects]


def _models(
    binary: BinaryCapabilities, models: Mapping[str, Model], *, transport: str
) -> list[str]:
    """The models that this binary has and that can be plugged into the machine."""
    return [
        word
        for word, model in models.items()
        if driver_of(model, transport) in binary.devices
        and (transport == "pci" or (model.virtio and not model.variant))
    ]


def _filesystems(binary: BinaryCapabilities, *, transport: str) -> list[str]:
    return _models(binary, _FILESYSTEMS, transport=transport)


def _disk(binary: BinaryCapabilities, family: Family) -> Element:
    missing = {
        "ide": "ide" not in family.builtin_controllers,
        "fdc": not family.floppy,
        "usb": family.usb_model is None,
        "sata": family.pci_root is None,
    }
    buses = [bus for bus, driver in _DISK_BUSES if driver in binary.devices]
    kinds = {
        "disk": True,
        "cdrom": True,
        "floppy": family.floppy,
        "lun": "scsi-block" in binary.devices,
    }
    return supported(
        "disk",
        choices("diskDevice", (kind for kind, there in kinds.items() if there)),
        choices("bus", (bus for bus in buses if not missing.get(bus))),
        choices("model", _models(binary, VIRTIO_BLK, transport=family.transport)),
    )


def _hostdev(binary: BinaryCapabilities, family: Family, host: HostOffers) -> Element:
    missing = {"usb": family.usb_model is None, "pci": family.pci_root is None}
    kinds = [
        kind
        for kind, driver in _HOSTDEVS.items()
        if driver in binary.devices and not missing.get(kind)
    ]
    return supported(
        "hostdev",
        choices("mode", ("subsystem",)),
        choices("startupPolicy", _POLICIES),
        choices("subsysType", kinds),
        choices("capsType", ()),
        choices("pciBackend", ("default", "vfio") if host.vfio and "pci" in kinds else ()),
        yes=bool(kinds),
    )


def _rng(binary: BinaryCapabilities, *, transport: str) -> Element:
    models = _models(binary, RNGS, transport=transport)
    backends = choices("backendModel", objects_of(binary, _BACKEND_MODELS))
    return supported("rng", choices("model", models), backends, yes=bool(models))


def _tpm(binary: BinaryCapabilities, host: HostOffers) -> Element:
    """A chip that is emulated is a swtpm: ours to start, or somebody else's (``external``)."""
    emulated = "emulator" in binary.tpm_backends
    versions = host.tpm_versions if emulated else ()
    behind = {
        "passthrough": "passthrough" in binary.tpm_backends,
        "emulator": bool(versions),
        "external": emulated,
    }
    models = [word for word, kinds in _TPMS.items() if kinds & set(binary.tpm_models)]
    return supported(
        "tpm",
        choices("model", models),
        choices("backendModel", (word for word, there in behind.items() if there)),
        choices("backendVersion", versions),
        yes=bool(models and binary.tpm_backends),
    )


_TPMS: Final = {
    "tpm-tis": {"tpm-tis", "tpm-tis-device"},
    "tpm-crb": {"tpm-crb"},
    "tpm-spapr": {"tpm-spapr"},
}


def _redirdev(binary: BinaryCapabilities, family: Family) -> Element:
    usable = family.usb_model is not None and "usb-redir" in binary.devices
    return supported("redirdev", choices("bus", ("usb",)), yes=usable)


def _channels(binary: BinaryCapabilities) -> list[str]:
    spice = ["spicevmc"] if binary.has(Feature.CHARDEV_SPICEVMC) else []
    return ["pty", "unix", *spice]
