"""Devices with few settings: input, random numbers, balloon, controllers, watchdog and the like."""

from __future__ import annotations

from typing import Self

from aiovirt.config._children import One, child
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._forms import UINT8
from aiovirt.config._laws import Fits, Needed, OneOf, Only
from aiovirt.config._scalars import (
    Number,
    PathText,
    Size,
    Switch,
    Text,
    file_path,
    number,
    on_off,
    size,
    text,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import VIRTIO_MODELS, Device, VirtioDriver
from aiovirt.config.devices.chardev import CHARACTER_TYPES

__all__ = [
    "Controller",
    "ControllerDriver",
    "ControllerTarget",
    "Input",
    "InputSource",
    "Memballoon",
    "Panic",
    "Rng",
    "RngBackend",
    "Sound",
    "Vsock",
    "Watchdog",
]

CONTROLLER_TYPES = (
    "ide",
    "fdc",
    "scsi",
    "sata",
    "virtio-serial",
    "ccid",
    "usb",
    "pci",
    "xenbus",
    "isa",
    "nvme",
)
CONTROLLER_MODELS = {
    "scsi": (
        "auto",
        "buslogic",
        "lsilogic",
        "lsisas1068",
        "vmpvscsi",
        "ibmvscsi",
        "virtio-scsi",
        "lsisas1078",
        *VIRTIO_MODELS[1:],
        "ncr53c90",
        "dc390",
        "am53c974",
    ),
    "usb": (
        "piix3-uhci",
        "piix4-uhci",
        "ehci",
        "ich9-ehci1",
        "ich9-uhci1",
        "ich9-uhci2",
        "ich9-uhci3",
        "vt82c686b-uhci",
        "pci-ohci",
        "nec-xhci",
        "none",
        "qusb1",
        "qusb2",
        "qemu-xhci",
    ),
    "ide": ("piix3", "piix4", "ich6"),
    "pci": (
        "pci-root",
        "pcie-root",
        "pci-bridge",
        "dmi-to-pci-bridge",
        "pcie-to-pci-bridge",
        "pcie-root-port",
        "pcie-switch-upstream-port",
        "pcie-switch-downstream-port",
        "pci-expander-bus",
        "pcie-expander-bus",
    ),
    "virtio-serial": VIRTIO_MODELS,
}
"""The models of each type; a type that is not here has none."""

PCI_MODEL_NAMES = (
    "spapr-pci-host-bridge",
    "pci-bridge",
    "i82801b11-bridge",
    "pcie-pci-bridge",
    "ioh3420",
    "pcie-root-port",
    "x3130-upstream",
    "xio3130-downstream",
    "pxb",
    "pxb-pcie",
)
SOUND_MODELS = ("sb16", "es1370", "pcspk", "ac97", "ich6", "ich7", "ich9", "usb", "virtio")
GRAB_TOGGLES = ("ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock")
WATCHDOG_ACTIONS = ("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi")


class InputSource(View, tag="source"):
    """The host's device that is handed over."""

    evdev: PathText = file_path("@evdev")
    dev: PathText = file_path("@dev")
    grab: Text = text("@grab", known=("all",))
    grab_toggle: Text = text("@grabToggle", known=GRAB_TOGGLES)
    repeat: Switch = on_off("@repeat")


class Input(Device, tag="input"):
    """A keyboard, mouse or tablet."""

    type: Text = text(
        "@type", known=("tablet", "mouse", "keyboard", "passthrough", "evdev"), required=True
    )
    bus: Text = text("@bus", known=("ps2", "usb", "xen", "virtio"))
    model: Text = text("@model", known=VIRTIO_MODELS)
    driver: One[VirtioDriver] = child("driver", VirtioDriver)
    source: One[InputSource] = child("source", InputSource)

    _laws_ = (
        Only(("tablet", "mouse", "keyboard", "passthrough"), ("bus",)),
        Fits(("passthrough",), ("bus",), form=OneOf("virtio")),
        Needed(("passthrough",), ("bus", "source.evdev")),
        Needed(("evdev",), ("source.dev",)),
        Only(("passthrough", "evdev"), ("source",)),
        Only(("passthrough",), ("source.evdev",)),
        Only(("evdev",), ("source.dev", "source.grab", "source.grab_toggle", "source.repeat")),
    )

    @classmethod
    def tablet(cls, bus: str = "usb") -> Self:
        """A tablet: its pointer is where the user's is."""
        return cls(type="tablet", bus=bus)

    @classmethod
    def keyboard(cls, bus: str = "usb") -> Self:
        """A keyboard."""
        return cls(type="keyboard", bus=bus)

    @classmethod
    def mouse(cls, bus: str = "usb") -> Self:
        """A mouse."""
        return cls(type="mouse", bus=bus)


class RngBackend(View, tag="backend"):
    """Where random numbers come from; for ``random`` its text is the host's device."""

    model: Text = text("@model", known=("random", "egd", "builtin"), required=True)
    type: Text = text("@type", known=CHARACTER_TYPES)
    path: PathText = file_path(".")

    _laws_ = (
        Only(("egd",), ("type",), by="model"),
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


class ControllerDriver(VirtioDriver, tag="driver"):
    """Queues and limits of a controller."""

    queues: Number = number("@queues")
    cmd_per_lun: Number = number("@cmd_per_lun")
    max_sectors: Number = number("@max_sectors")
    ioeventfd: Switch = on_off("@ioeventfd")
    iothread: Number = number("@iothread", low=1)


class ControllerTarget(View, tag="target"):
    """How a PCI controller appears."""

    chassis_nr: Number = number("@chassisNr", high=255)
    chassis: Number = number("@chassis", high=255)
    port: Text = text("@port", form=UINT8)
    bus_nr: Number = number("@busNr", high=255)
    index: Number = number("@index", high=255)
    hotplug: Switch = on_off("@hotplug")


class Controller(Device, tag="controller"):
    """What other devices sit on.

    Attributes:
        index: Its number among those of its type; addresses refer to it.
        model: Its kind: ``pcie-root-port``, ``qemu-xhci``, ``virtio-scsi``, ….
        model_name: The hypervisor's name of a PCI controller.
        startport: The first port of a USB companion at its master.
    """

    type: Text = text("@type", known=CONTROLLER_TYPES, required=True)
    index: Number = number("@index")
    model: Text = text("@model")  # the words depend on the type
    ports: Number = number("@ports")
    vectors: Number = number("@vectors")
    startport: Number = number("master/@startport", high=999, required=True)
    model_name: Text = text("model/@name", known=PCI_MODEL_NAMES, required=True)
    target: One[ControllerTarget] = child("target", ControllerTarget)
    pcihole64: Size = size("pcihole64")
    driver: One[ControllerDriver] = child("driver", ControllerDriver)

    _laws_ = (
        *(
            Fits((kind,), ("model",), form=OneOf(*models))
            for kind, models in CONTROLLER_MODELS.items()
        ),
        Only((*CONTROLLER_MODELS,), ("model",)),
        Needed(("pci",), ("model",)),
        Only(("usb", "virtio-serial"), ("ports",)),
        Only(("virtio-serial",), ("vectors",)),
        Only(("usb",), ("startport",)),
        Only(("pci",), ("model_name", "target", "pcihole64")),
        Only(("pci-root", "pcie-root"), ("pcihole64",), by="model"),
    )


class Watchdog(Device, tag="watchdog"):
    """A watchdog, and what happens when the guest does not feed it."""

    model: Text = text("@model", known=("i6300esb", "ib700", "diag288", "itco"), required=True)
    action: Text = text("@action", known=WATCHDOG_ACTIONS)


class Sound(Device, tag="sound"):
    """A sound card."""

    model: Text = text("@model", known=SOUND_MODELS, required=True)


class Panic(Device, tag="panic"):
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
