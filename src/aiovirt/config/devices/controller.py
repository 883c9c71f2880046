"""Controllers: what other devices sit on."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._forms import UINT8
from aiovirt.config._laws import Fits, Needed, OneOf, Only
from aiovirt.config._scalars import Number, Size, Switch, Text, number, on_off, size, text
from aiovirt.config._view import View
from aiovirt.config.devices.base import VIRTIO_MODELS, Device, VirtioDriver

__all__ = ["Controller", "ControllerDriver", "ControllerTarget"]

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


class ControllerDriver(VirtioDriver, tag="driver"):
    """Queues and limits of a controller."""

    queues: Number = number("@queues")
    cmd_per_lun: Number = number("@cmd_per_lun")
    max_sectors: Number = number("@max_sectors")
    ioeventfd: Switch = on_off("@ioeventfd")
    iothread: Number = number("@iothread", low=1)


class ControllerTarget(View, tag="target"):
    """How a PCI controller appears.

    Attributes:
        node: The guest's NUMA node that an expander bus belongs to.
    """

    chassis_nr: Number = number("@chassisNr", high=255)
    chassis: Number = number("@chassis", high=255)
    port: Text = text("@port", form=UINT8)
    bus_nr: Number = number("@busNr", high=255)
    index: Number = number("@index", high=255)
    hotplug: Switch = on_off("@hotplug")
    node: Number = number("node")


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
    max_grant_frames: Number = number("@maxGrantFrames")
    max_event_channels: Number = number("@maxEventChannels")
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
        Only(("xenbus",), ("max_grant_frames", "max_event_channels")),
        Only(("usb",), ("startport",)),
        Only(("pci",), ("model_name", "target", "pcihole64")),
        Only(("pci-root", "pcie-root"), ("pcihole64",), by="model"),
    )
