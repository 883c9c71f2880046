"""Video cards."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._codecs import MAX_UINT32
from aiovirt.config._laws import Only
from aiovirt.config._scalars import (
    Number,
    PathText,
    Size,
    Switch,
    Text,
    file_path,
    number,
    size,
    text,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device, VirtioDriver
from aiovirt.model.units import KiB

__all__ = ["Video", "VideoDriver", "VideoModel"]

VIDEO_TYPES = (
    "vga",
    "cirrus",
    "vmvga",
    "xen",
    "vbox",
    "virtio",
    "gop",
    "none",
    "bochs",
    "ramfb",
    "qxl",
    "parallels",
)


_MAX_VIDEO = KiB(MAX_UINT32)


class VideoModel(View, tag="model"):
    """The video card itself; sizes are written in KiB."""

    type: Text = text("@type", known=VIDEO_TYPES, required=True)
    ram: Size = size("@ram", unit_attribute=None, most=_MAX_VIDEO)
    vram: Size = size("@vram", unit_attribute=None, most=_MAX_VIDEO)
    vram64: Size = size("@vram64", unit_attribute=None, most=_MAX_VIDEO)
    vgamem: Size = size("@vgamem", unit_attribute=None, most=_MAX_VIDEO)
    heads: Number = number("@heads", low=1)
    primary: Switch = yes_no("@primary")
    blob: Text = text("@blob", known=("on", "off"))
    accel3d: Switch = yes_no("acceleration/@accel3d")
    accel2d: Switch = yes_no("acceleration/@accel2d")
    rendernode: PathText = file_path("acceleration/@rendernode")
    width: Number = number("resolution/@x", required=True)
    height: Number = number("resolution/@y", required=True)

    _laws_ = (Only(("qxl",), ("ram", "vram64", "vgamem")),)


class VideoDriver(VirtioDriver, tag="driver"):
    """Who draws: QEMU or a program beside it, and whether the card speaks VGA too."""

    name: Text = text("@name", known=("qemu", "vhostuser"))
    vgaconf: Text = text("@vgaconf", known=("io", "on", "off"))


class Video(Device, tag="video"):
    """A video card: ``Video("virtio")``."""

    driver: One[VideoDriver] = child("driver", VideoDriver)
    model: One[VideoModel] = child("model", VideoModel)

    def __init__(
        self,
        kind: str | None = None,
        *,
        model: VideoModel | None = None,
        driver: VideoDriver | None = None,
    ) -> None:
        super().__init__()
        self.driver, self.model = driver, model or VideoModel(type=kind)
