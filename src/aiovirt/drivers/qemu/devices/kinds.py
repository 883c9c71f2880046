"""Which QEMU device a device of a kind with few models becomes.

Knows no addresses and no command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, TypeVar

from aiovirt.config import (
    Crypto,
    Device,
    Field,
    Filesystem,
    Hostdev,
    Hub,
    Iommu,
    MdevHostdev,
    MemoryDevice,
    Redirdev,
    Shmem,
    Smartcard,
    Tpm,
    VhostHostdev,
    View,
    Vsock,
)
from aiovirt.config.devices.hostdev import HOSTDEVS
from aiovirt.drivers.qemu.devices.models import VIRTIO_MODELS, Model
from aiovirt.drivers.qemu.devices.pci import Connector
from aiovirt.model.addresses import UnassignedAddress

__all__ = ["KINDS", "MODELS", "choose"]

_NOTHING: Final = Model("", None)


def _virtio(driver: str) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for word, ending in VIRTIO_MODELS.items():
        needs = Connector.CONVENTIONAL if ending == "-transitional" else Connector.EXPRESS
        found[word] = Model(driver, needs, virtio=True, variant=ending)
    return found


_9P: Final = _virtio("virtio-9p")
_VIRTIOFS: Final = _virtio("vhost-user-fs")
_VSOCKS: Final = _virtio("vhost-vsock")
_VHOST_SCSI: Final = _virtio("vhost-scsi")


_M = TypeVar("_M")
_Word: TypeAlias = Field[str | None, str | None]


def choose(view: View, field: _Word, table: Mapping[str, _M], word: str | None) -> _M:
    """What a table has for the word of a field.

    Raises:
        XMLError: It has nothing; the error names the field, and the words that are known.
    """
    found = table.get(word) if word is not None else None
    if found is None:
        raise field.error(
            view, f"the QEMU driver has no {field.name} {word!r}", expected=", ".join(table)
        )
    return found


def _filesystem(device: Filesystem) -> Model:
    table = _VIRTIOFS if device.driver.type == "virtiofs" else _9P
    return choose(device, Filesystem.model, table, device.model or "virtio")


_HOST_DEVICES: Final[Mapping[str, Model]] = {
    "usb": Model("usb-host", None),
    "pci": Model("vfio-pci", Connector.EXPRESS),
    "scsi": Model("scsi-generic", None),
}
_MEDIATED: Final[Mapping[str, Model]] = {
    "vfio-pci": Model("vfio-pci", Connector.EXPRESS),
    "vfio-ccw": Model("vfio-ccw", None),
    "vfio-ap": Model("vfio-ap", None),
}


def _hostdev(device: Hostdev) -> Model:
    if isinstance(device.address, UnassignedAddress):
        return _NOTHING
    if isinstance(device, VhostHostdev):
        return choose(device, VhostHostdev.model, _VHOST_SCSI, device.model or "virtio")
    if not isinstance(device, MdevHostdev):
        return choose(device, Hostdev.type, _HOST_DEVICES, device.type)
    model = choose(device, MdevHostdev.model, _MEDIATED, device.model)
    return model._replace(driver=f"{model.driver}-nohotplug") if device.ramfb else model


_SMARTCARDS: Final[Mapping[str, Model]] = {
    "host": Model("ccid-card-emulated", None),
    "host-certificates": Model("ccid-card-emulated", None),
    "passthrough": Model("ccid-card-passthru", None),
}
_SHMEMS: Final[Mapping[str, Model]] = {
    "ivshmem-plain": Model("ivshmem-plain", Connector.CONVENTIONAL),
    "ivshmem-doorbell": Model("ivshmem-doorbell", Connector.CONVENTIONAL),
}
_MEMORIES: Final[Mapping[str, Model]] = {
    "dimm": Model("pc-dimm", None),
    "nvdimm": Model("nvdimm", None),
    "virtio-mem": Model("virtio-mem", Connector.EXPRESS, virtio=True),
    "virtio-pmem": Model("virtio-pmem", Connector.EXPRESS, virtio=True),
    "sgx-epc": _NOTHING,
}
_IOMMUS: Final[Mapping[str, Model]] = {
    "intel": Model("intel-iommu", None),
    "virtio": Model("virtio-iommu", Connector.INTEGRATED, virtio=True),
    "smmuv3": _NOTHING,
}
_TPMS: Final[Mapping[str, Model]] = {
    "tpm-tis": Model("tpm-tis", None),
    "tpm-crb": Model("tpm-crb", None),
    "tpm-spapr": Model("tpm-spapr", None),
    "spapr-tpm-proxy": Model("spapr-tpm-proxy", None),
}
_CRYPTOS: Final[Mapping[str, Model]] = {
    "virtio": Model("virtio-crypto", Connector.EXPRESS, virtio=True),
}
_HUBS: Final[Mapping[str, Model]] = {"usb": Model("usb-hub", None)}
_REDIRECTIONS: Final[Mapping[str, Model]] = {"usb": Model("usb-redir", None)}


MODELS: Final[tuple[Model, ...]] = tuple(
    model
    for table in (
        *(_9P, _VIRTIOFS, _VSOCKS, _VHOST_SCSI, _HOST_DEVICES, _MEDIATED, _SMARTCARDS, _SHMEMS),
        *(_MEMORIES, _IOMMUS, _TPMS, _CRYPTOS, _HUBS, _REDIRECTIONS),
    )
    for model in table.values()
)
"""All that a device of these kinds may become."""


def _shmem(device: Shmem) -> Model:
    word = device.model or ("ivshmem-doorbell" if device.server else "ivshmem-plain")
    return choose(device, Shmem.model, _SHMEMS, word)


KINDS: Final[dict[type[Device], Callable[..., Model]]] = {
    Filesystem: _filesystem,
    **dict.fromkeys((Hostdev, *HOSTDEVS.values()), _hostdev),
    Hub: lambda device: choose(device, Hub.type, _HUBS, device.type),
    Redirdev: lambda device: choose(device, Redirdev.bus, _REDIRECTIONS, device.bus),
    Smartcard: lambda device: choose(device, Smartcard.mode, _SMARTCARDS, device.mode),
    Shmem: _shmem,
    MemoryDevice: lambda device: choose(device, MemoryDevice.model, _MEMORIES, device.model),
    Iommu: lambda device: choose(device, Iommu.model, _IOMMUS, device.model),
    Tpm: lambda device: choose(device, Tpm.model, _TPMS, device.model or "tpm-tis"),
    Vsock: lambda device: choose(device, Vsock.model, _VSOCKS, device.model or "virtio"),
    Crypto: lambda device: choose(device, Crypto.model, _CRYPTOS, device.model or "virtio"),
}
"""By class of device."""
