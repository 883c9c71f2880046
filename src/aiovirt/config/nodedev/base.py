"""What the capabilities of all kinds of devices share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from aiovirt.config._forms import shaped
from aiovirt.config._scalars import Text, text
from aiovirt.config._view import View
from aiovirt.errors import XMLError

__all__ = ["DEVICE_PATH", "NodeCapability", "SubCapability", "in_order"]

KINDS = (
    "system",
    "pci",
    "usb_device",
    "usb",
    "net",
    "scsi_generic",
    "scsi_host",
    "scsi_target",
    "scsi",
    "storage",
    "drm",
    "mdev",
    "ccw",
    "css",
    "vdpa",
    "ap_card",
    "ap_queue",
    "ap_matrix",
)
SUB_KINDS = (
    "phys_function",
    "virt_functions",
    "pci-bridge",
    "cardbus-bridge",
    "mdev_types",
    "vpd",
    "80203",
    "80211",
    "fc_host",
    "vport_ops",
    "fc_remote_port",
    "removable",
    "hotpluggable",
)
DEVICE_PATH = shaped(r"/[a-zA-Z0-9_+\-/%]+", "a path such as /dev/sda")


class NodeCapability(View, tag="capability"):
    """What a device of the host is and can do.

    One of a kind that aiovirt has no class for comes as this class itself.
    """

    _word_: ClassVar[str] = ""

    type: Text = text("@type", known=KINDS, required=True)

    def _complete_(self) -> None:
        """A capability says of which kind it is."""
        if self._word_:
            self.type = self._word_


class SubCapability(View, tag="capability"):
    """Something that only some devices of a kind can do."""

    _word_: ClassVar[str] = ""

    type: Text = text("@type", known=SUB_KINDS, required=True)

    def _complete_(self) -> None:
        """A capability says of which kind it is."""
        if self._word_:
            self.type = self._word_


def in_order(
    parts: list[SubCapability], *ranks: tuple[str, ...], several: bool = False
) -> Iterator[XMLError]:
    """The kinds that a device has, in the order in which libvirt writes them.

    Args:
        parts: What it has.
        ranks: The kinds that it may have; of those in one rank it has one.
        several: Whether they may come in any order and number.
    """
    least = 0
    for part in parts:
        rank = next((place for place, kinds in enumerate(ranks) if part.type in kinds), None)
        if rank is None:
            yield SubCapability.type.error(part, f"the device cannot have {part.type!r} in it")
        elif rank < least and not several:
            yield SubCapability.type.error(part, f"{part.type!r} is there already, or is too late")
        else:
            least = rank + 1
