"""Video cards and input devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from aiovirt.config import Input, Video, VideoModel
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.virtio import virtio_props
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.drivers.qemu.devices.lookup import model_of

__all__ = ["inputs", "videos"]

_KIB: Final = 1024


def videos(guest: Guest) -> Iterator[str]:
    """The video cards.

    Raises:
        XMLError: The driver has no such card.
    """
    for video in guest.config.videos:
        if model_of(video, guest.family).driver:
            yield from ("-device", guest.device(video, _video(video)))


def _video(video: Video) -> dict[str, object]:
    model = video.model
    build = _VIDEOS.get(model.type or "")
    props = build(model) if build else {}
    front_end = virtio_props(video.driver) if model.type == "virtio" else {}
    return {**props, **front_end, "xres": model.width, "yres": model.height}


def _mib(size: int | None) -> int | None:
    return None if size is None else size // _KIB**2


def _with_memory(model: VideoModel) -> dict[str, object]:
    return {"vgamem_mb": _mib(model.vram)}


def _qxl(model: VideoModel) -> dict[str, object]:
    return {
        "max_outputs": model.heads,
        "ram_size": model.ram,
        "vram_size": model.vram,
        "vram64_size_mb": _mib(model.vram64) or 0,
        "vgamem_mb": _mib(model.vgamem),
    }


def _virtio(model: VideoModel) -> dict[str, object]:
    return {"max_outputs": model.heads, "blob": model.blob == "on" if model.blob else None}


def _bochs(model: VideoModel) -> dict[str, object]:
    return {"vgamem": model.vram}


_VIDEOS: Final[dict[str, Callable[[VideoModel], dict[str, object]]]] = {
    "vga": _with_memory,
    "vmvga": _with_memory,
    "qxl": _qxl,
    "virtio": _virtio,
    "bochs": _bochs,
}


def inputs(guest: Guest) -> Iterator[str]:
    """Keyboards, mice and tablets that are not the machine's own, and the host's handed over.

    Raises:
        XMLError: The driver has no such device.
    """
    for device in guest.config.inputs:
        if device.type == "evdev":
            yield from ("-object", as_json(_evdev(device)))
        elif model_of(device, guest.family).driver:
            host = device.source.evdev if device.type == "passthrough" else None
            props = {**usb_place(guest, device), **virtio_props(device.driver), "evdev": host}
            yield from ("-device", guest.device(device, props))


def _evdev(device: Input) -> dict[str, object]:
    """A device of the host's whose events go to the guest, and back at a key stroke."""
    source = device.source
    return {
        "qom-type": "input-linux",
        "id": device.alias,
        "evdev": source.dev,
        "repeat": source.repeat,
        "grab_all": True if source.grab == "all" else None,
        "grab-toggle": source.grab_toggle,
    }
