"""Input: tablets, mice, keyboards, and the host's own that are handed over."""

from __future__ import annotations

from typing import Self

from aiovirt.config._children import One, child
from aiovirt.config._laws import Fits, Needed, OneOf, Only
from aiovirt.config._scalars import PathText, Switch, Text, file_path, on_off, text
from aiovirt.config._view import View
from aiovirt.config.devices.base import VIRTIO_MODELS, Device, VirtioDriver

__all__ = ["Input", "InputSource"]

GRAB_TOGGLES = ("ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock")


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
