"""Displays, video cards, input devices and sound.

A password is never part of a command line: `StartupAction` sets it over QMP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from aiovirt.config import Graphics, Input, Sound, Video, VideoModel
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.words import as_json, comma_list
from aiovirt.drivers.qemu.binaries.capabilities import Feature
from aiovirt.drivers.qemu.devices.lookup import model_of

__all__ = ["LOOPBACK", "graphics", "inputs", "sounds", "videos"]

LOOPBACK: Final = "127.0.0.1"
"""Where a display listens that names no address."""

_FIRST_VNC_PORT: Final = 5900
_AUDIO: Final = "audio1"
_KIB: Final = 1024


def graphics(guest: Guest) -> Iterator[str]:
    """The displays; a guest without one has none, not a window.

    Raises:
        XMLError: The driver or the binary has no such display.
    """
    found = list(guest.config.graphics)
    if not found:
        yield from ("-display", "none")
    for place, each in enumerate(found):
        build = _DISPLAYS.get(each.type or "")
        if build is None or not guest.binary.has(each.type or ""):
            raise Graphics.type.error(
                each, f"{guest.binary.path} shows no {each.type} displays here", expected="vnc"
            )
        yield from build(guest, each, guest.resources.ports.get(place, _port(each)))


def _port(display: Graphics) -> int:
    return -1 if display.port is None else display.port


def _shown_port(display: Graphics, port: int) -> int:
    if port == 0:
        raise Graphics.port.error(
            display,
            f"port 0 is none that the {display.type} display can have",
            expected="a port, or -1 to let one be chosen",
        )
    if port < 0:
        raise Graphics.port.error(display, f"no port was chosen for the {display.type} display")
    return port


def _vnc(_guest: Guest, display: Graphics, port: int) -> Iterator[str]:
    if display.listen_socket:
        where = f"unix:{display.listen_socket}"
    else:
        number = _shown_port(display, port) - _FIRST_VNC_PORT
        if number < 0:
            raise Graphics.port.error(
                display, f"a VNC display cannot have port {port}", expected="5900 or higher"
            )
        address = display.listen_address or LOOPBACK
        where = f"{f'[{address}]' if ':' in address else address}:{number}"
    options = {
        "password": True if display.passwd is not None else None,
        "websocket": display.websocket if (display.websocket or 0) > 0 else None,
        "share": display.share_policy,
        "power-control": display.power_control,
    }
    yield from ("-vnc", comma_list(where, options))
    yield from _keymap(display)


def _spice(_guest: Guest, display: Graphics, port: int) -> Iterator[str]:
    socket = display.listen_socket
    if display.gl:
        raise Graphics.gl.error(display, "the QEMU driver has no OpenGL displays")
    if display.tls_port is not None and display.tls_port > 0:
        raise Graphics.tls_port.error(display, "the QEMU driver has no TLS for SPICE yet")
    options = {
        "unix": True if socket else None,
        "addr": socket or display.listen_address or LOOPBACK,
        "port": None if socket else _shown_port(display, port),
        "disable-ticketing": True if display.passwd is None else None,
        "seamless-migration": True,
    }
    yield from ("-spice", comma_list(None, options))
    yield from _keymap(display)


def _keymap(display: Graphics) -> Iterator[str]:
    if display.keymap:
        yield from ("-k", display.keymap)


_DISPLAYS: Final[dict[str, Callable[[Guest, Graphics, int], Iterator[str]]]] = {
    Feature.VNC: _vnc,
    Feature.SPICE: _spice,
}


def videos(guest: Guest) -> Iterator[str]:
    """The video cards.

    Raises:
        XMLError: A card wants what the driver does not have.
    """
    for video in guest.config.videos:
        if model_of(video, guest.family).driver:
            yield from ("-device", guest.device(video, _video(video)))


def _video(video: Video) -> dict[str, object]:
    model = video.model
    if model.accel3d:
        raise VideoModel.accel3d.error(model, "the QEMU driver has no OpenGL displays")
    build = _VIDEOS.get(model.type or "")
    return build(model) if build else {}


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
    return {"max_outputs": model.heads, "xres": model.width, "yres": model.height}


def _bochs(model: VideoModel) -> dict[str, object]:
    return {"vgamem": model.vram, "xres": model.width, "yres": model.height}


_VIDEOS: Final[dict[str, Callable[[VideoModel], dict[str, object]]]] = {
    "vga": _with_memory,
    "vmvga": _with_memory,
    "qxl": _qxl,
    "virtio": _virtio,
    "bochs": _bochs,
}


def inputs(guest: Guest) -> Iterator[str]:
    """Keyboards, mice and tablets that are not the machine's own.

    Raises:
        XMLError: One is to be handed over from the host.
    """
    for device in guest.config.inputs:
        if device.source:
            raise Input.source.error(device, "the QEMU driver hands over no input devices yet")
        if model_of(device, guest.family).driver:
            yield from ("-device", guest.device(device, usb_place(guest, device)))


def sounds(guest: Guest) -> Iterator[str]:
    """Sound cards, heard over SPICE or not at all."""
    found = list(guest.config.devices.sounds)
    if not found:
        return
    spice = any(display.type == "spice" for display in guest.config.graphics)
    yield from ("-audiodev", as_json({"id": _AUDIO, "driver": "spice" if spice else "none"}))
    for sound in found:
        with_codec = sound.model in _HDA
        props = {} if with_codec else {"audiodev": _AUDIO}
        yield from ("-device", guest.device(sound, {**props, **usb_place(guest, sound)}))
        if with_codec:
            yield from ("-device", _codec(sound))


_HDA: Final = ("ich6", "ich9")


def _codec(sound: Sound) -> str:
    return as_json(
        {
            "driver": "hda-duplex",
            "id": f"{sound.alias}-codec0",
            "bus": f"{sound.alias}.0",
            "cad": 0,
            "audiodev": _AUDIO,
        }
    )
