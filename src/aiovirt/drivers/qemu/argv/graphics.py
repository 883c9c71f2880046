"""Displays: what shows the guest's screen, and how it is reached.

A password is never part of a command line: `password_commands` of the engine set it over QMP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from aiovirt.config import Graphics
from aiovirt.config.running import LOOPBACK
from aiovirt.drivers.qemu.argv.audio import DEFAULT_AUDIO, default_audio
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.storage.secrets import CERTIFICATES
from aiovirt.drivers.qemu.argv.words import comma_list
from aiovirt.drivers.qemu.binaries.capabilities import Feature

__all__ = ["graphics"]

_FIRST_VNC_PORT: Final = 5900


def graphics(guest: Guest) -> Iterator[str]:
    """The displays; a guest without one has none, not a window.

    Raises:
        XMLError: The driver or the binary has no such display.
    """
    found = list(guest.config.graphics)
    if not found:
        yield from ("-display", "none")
    for place, each in enumerate(found):
        kind = each.type or ""
        build = _DISPLAYS.get(kind)
        if build is None or (kind in _SERVERS and not guest.binary.has(kind)):
            raise Graphics.type.error(
                each, f"{guest.binary.path} shows no {each.type} displays here", expected="vnc"
            )
        yield from build(guest, each, guest.resources.ports.get(place, _port(each)))


_SERVERS: Final = (Feature.VNC, Feature.SPICE)


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


def _socket(guest: Guest, display: Graphics) -> str | None:
    """The unix socket that a display listens on: the one named, or one in the domain's folder."""
    path = display.listen_socket
    first = next(iter(display.listens), None)
    if path is None and first is not None and first.type == "socket":
        return str(guest.resources.folder / f"{display.type}.sock")
    return path


def _listens_nowhere(display: Graphics) -> bool:
    first = next(iter(display.listens), None)
    return first is not None and first.type == "none"


def _audio_of(guest: Guest, display: Graphics) -> str | None:
    """The host's end of the sound that a display plays to those who look at it."""
    if display.audio is not None:
        return f"audio{display.audio}"
    for first in guest.config.devices.audios:
        return f"audio{first.id}"
    return DEFAULT_AUDIO if default_audio(guest) is not None else None


def _vnc(guest: Guest, display: Graphics, port: int) -> Iterator[str]:
    socket = _socket(guest, display)
    if socket:
        where = f"unix:{socket}"
    elif _listens_nowhere(display):
        where = "none"
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
        "audiodev": _audio_of(guest, display),
    }
    # named, for the path may have an equals sign in it
    yield from ("-vnc", comma_list(None, {"vnc": where, **options}))
    yield from _keymap(display)


_MODES: Final = {"secure": "tls-channel", "insecure": "plaintext-channel"}


def _spice(guest: Guest, display: Graphics, port: int) -> Iterator[str]:
    tls = display.tls_port if (display.tls_port or 0) > 0 else None
    options = {
        **_spice_place(guest, display, port, tls),
        "tls-port": tls,
        "disable-ticketing": True if display.passwd is None else None,
        "x509-dir": CERTIFICATES if tls else None,
        **_shown(display),
        "gl": display.gl,
        "rendernode": display.rendernode if display.gl else None,
        "seamless-migration": True,
    }
    words = [comma_list(None, options)]
    words += [f"{option}={name}" for option, name in _channels(display) if option]
    yield from ("-spice", ",".join(words))
    yield from _keymap(display)


def _spice_place(guest: Guest, display: Graphics, port: int, tls: int | None) -> dict[str, object]:
    """Where viewers find it without TLS: a socket, a port, or nowhere."""
    if _listens_nowhere(display) or (port < 0 and display.autoport is False):
        return {"port": 0}
    if socket := _socket(guest, display):
        return {"unix": True, "addr": socket}
    address = display.listen_address or LOOPBACK
    only_tls = tls is not None and port < 0
    return {"addr": address, "port": None if only_tls else _shown_port(display, port)}


def _shown(display: Graphics) -> dict[str, object]:
    """How what is shown is compressed, and what viewers and guest may share."""
    return {
        "image-compression": _switch(display.image),
        "jpeg-wan-compression": display.jpeg,
        "zlib-glz-wan-compression": display.zlib,
        "playback-compression": display.playback,
        "streaming-video": _switch(display.streaming),
        "agent-mouse": False if display.mouse == "server" else None,
        "disable-copy-paste": True if display.copypaste is False else None,
        "disable-agent-file-xfer": True if display.filetransfer is False else None,
    }


def _switch(word: str | None) -> object:
    return {"on": True, "off": False}.get(word or "", word)


def _channels(display: Graphics) -> Iterator[tuple[str, str]]:
    """Which channels are encrypted, and which are not."""
    yield _MODES.get(display.default_mode or "", ""), "default"
    for channel in display.channels:
        yield _MODES.get(channel.mode or "", ""), channel.name or ""


def _keymap(display: Graphics) -> Iterator[str]:
    if display.keymap:
        yield from ("-k", display.keymap)


def _sdl(_guest: Guest, display: Graphics, _chosen: int) -> Iterator[str]:
    if display.fullscreen:
        yield "-full-screen"
    yield from ("-display", comma_list("sdl", {"gl": display.gl}))


def _egl(_guest: Guest, display: Graphics, _chosen: int) -> Iterator[str]:
    yield from ("-display", comma_list("egl-headless", {"rendernode": display.rendernode}))


def _dbus(guest: Guest, display: Graphics, _chosen: int) -> Iterator[str]:
    own = None if display.p2p else f"unix:path={guest.resources.folder / 'dbus.sock'}"
    options = {
        "p2p": display.p2p,
        "addr": display.dbus_address or own,
        "gl": display.gl,
        "rendernode": display.rendernode if display.gl else None,
        "audiodev": None if display.audio is None else f"audio{display.audio}",
    }
    yield from ("-display", comma_list("dbus", options))


_DISPLAYS: Final[dict[str, Callable[[Guest, Graphics, int], Iterator[str]]]] = {
    Feature.VNC: _vnc,
    Feature.SPICE: _spice,
    "sdl": _sdl,
    "egl-headless": _egl,
    "dbus": _dbus,
}
