"""Devices with few settings: random numbers, balloon, watchdog, panic, vsock and the like."""

from __future__ import annotations

from typing import Self

from aiovirt.config._children import One, child
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._forms import UINT8, shaped
from aiovirt.config._laws import Always, Needed, Only
from aiovirt.config._scalars import (
    Flag,
    Number,
    PathText,
    Size,
    Switch,
    Text,
    file_path,
    flag,
    number,
    on_off,
    size,
    text,
    yes_no,
)
from aiovirt.config._values import any_number
from aiovirt.config.devices.base import VIRTIO_MODELS, Device, VirtioDriver
from aiovirt.config.devices.chardev import CharacterEnd

__all__ = [
    "Crypto",
    "Hub",
    "Iommu",
    "Lease",
    "Memballoon",
    "NvramDevice",
    "Panic",
    "Rng",
    "RngBackend",
    "Shmem",
    "Vsock",
    "Watchdog",
]

_SHMEM_NAME = shaped("[^/]*", "a name without slash")
WATCHDOG_ACTIONS = ("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi")


class RngBackend(CharacterEnd, tag="backend"):
    """Where random numbers come from; for ``random`` its text is the host's device.

    The fields of a character device say where a daemon of entropy (``egd``) is reached.
    """

    model: Text = text("@model", known=("random", "egd", "builtin"), required=True)
    path: PathText = file_path(".")

    _laws_ = (
        Only(("egd",), tuple(CharacterEnd._fields_), by="model"),
        Needed(("egd",), ("type",), by="model"),
        Only(("random",), ("path",), by="model"),
    )


class Rng(Device, tag="rng"):
    """A source of random numbers.

    Attributes:
        rate_bytes: The most that the guest gets in a period.
        rate_period: The period in milliseconds.
    """

    model: Text = text("@model", known=VIRTIO_MODELS, required=True)
    rate_bytes: Number = number("rate/@bytes", low=1, high=MAX_UINT64, required=True)
    rate_period: Number = number("rate/@period", low=1, high=MAX_UINT64)
    backend: One[RngBackend] = child("backend", RngBackend, required=True)
    driver: One[VirtioDriver] = child("driver", VirtioDriver)

    @classmethod
    def urandom(cls) -> Self:
        """One that takes them from the host's ``/dev/urandom``."""
        return cls(model="virtio", backend=RngBackend(model="random", path="/dev/urandom"))


class Memballoon(Device, tag="memballoon"):
    """The balloon by which the host takes memory back; model ``none`` leaves it out.

    Attributes:
        stats_period: Every how many seconds the guest reports its memory.
    """

    model: Text = text("@model", known=(*VIRTIO_MODELS, "xen", "none"), required=True)
    autodeflate: Switch = on_off("@autodeflate")
    free_page_reporting: Switch = on_off("@freePageReporting")
    stats_period: Number = number("stats/@period", low=1, required=True)
    driver: One[VirtioDriver] = child("driver", VirtioDriver)


class Watchdog(Device, tag="watchdog"):
    """A watchdog, and what happens when the guest does not feed it."""

    model: Text = text("@model", known=("i6300esb", "ib700", "diag288", "itco"), required=True)
    action: Text = text("@action", known=WATCHDOG_ACTIONS)


class Panic(Device, tag="panic", lacks=("acpi_index",)):
    """The device by which a guest says that it has crashed."""

    model: Text = text("@model", known=("isa", "pseries", "hyperv", "s390", "pvpanic"))


class Vsock(Device, tag="vsock"):
    """A socket between host and guest.

    Attributes:
        cid: The guest's address, from 3.
        auto: Whether the host chooses it.
    """

    model: Text = text("@model", known=VIRTIO_MODELS)
    auto: Switch = yes_no("cid/@auto")
    cid: Number = number("cid/@address", low=3)
    driver: One[VirtioDriver] = child("driver", VirtioDriver)


class Hub(Device, tag="hub", lacks=("acpi_index",)):
    """A hub of USB ports."""

    type: Text = text("@type", known=("usb",), required=True)


class NvramDevice(Device, tag="nvram", lacks=("alias", "acpi_index")):
    """The memory that the firmware of POWER keeps its variables in."""


class Crypto(Device, tag="crypto"):
    """A device that encrypts for the guest (libvirt 9.1 and later).

    Attributes:
        backend: Who does the work: ``builtin``, the hypervisor, or ``lkcf``, the host's kernel.
    """

    model: Text = text("@model", known=("virtio",), required=True)
    type: Text = text("@type", known=("qemu",), required=True)
    backend: Text = text("backend/@model", known=("builtin", "lkcf"), required=True)
    queues: Number = number("backend/@queues", low=1)
    driver: One[VirtioDriver] = child("driver", VirtioDriver)


class Lease(Device, tag="lease", lacks=tuple(Device._fields_)):
    """A lease that the host's lock manager takes before the guest runs.

    Attributes:
        path: The file with the leases, in which this one starts at `offset`.
    """

    lockspace: Text = text("lockspace")
    key: Text = text("key")
    path: Text = text("target/@path", required=True)
    offset: Number = number("target/@offset")

    _laws_ = (Always(("lockspace", "key", "path")),)


class Iommu(Device, tag="iommu"):
    """A unit by which the guest confines devices.

    Attributes:
        intremap: Whether interrupts are remapped.
        eim: Whether more than 255 CPUs can be interrupted.
        iotlb: Whether devices of the host may keep translations.
        aw_bits: How many bits addresses have.
    """

    model: Text = text("@model", known=("intel", "smmuv3", "virtio"), required=True)
    intremap: Switch = on_off("driver/@intremap")
    caching_mode: Switch = on_off("driver/@caching_mode")
    eim: Switch = on_off("driver/@eim")
    iotlb: Switch = on_off("driver/@iotlb")
    aw_bits: Number = any_number("driver/@aw_bits", high=0xFF, form=UINT8)


class Shmem(Device, tag="shmem"):
    """Memory that several guests share (ivshmem).

    Attributes:
        name: By what the others name it.
        server: Whether a server hands it out, at `server_path` or where the host has it.
        msi: Whether guests interrupt each other.
    """

    name: Text = text("@name", form=_SHMEM_NAME, required=True)
    role: Text = text("@role", known=("master", "peer"))
    model: Text = text(
        "model/@type", known=("ivshmem", "ivshmem-plain", "ivshmem-doorbell"), required=True
    )
    server: Flag = flag("server")
    server_path: PathText = file_path("server/@path")
    msi: Flag = flag("msi")
    msi_vectors: Number = number("msi/@vectors")
    msi_ioeventfd: Switch = on_off("msi/@ioeventfd")
    size: Size = size("size", unit="bytes")
