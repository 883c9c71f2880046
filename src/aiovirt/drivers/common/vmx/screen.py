"""What the guest shows: the video card, and the VNC server that VMware's hosts have."""

from __future__ import annotations

from aiovirt.config import DomainConfig, Graphics, GraphicsListen, Video, VideoModel
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.translation import Reading, Writing, wrong
from aiovirt.model.units import Bytes, KiB, MiB

__all__ = ["read", "write"]

DEFAULT_VRAM = MiB(4)
VRAM_STEP = KiB(64)  # of the memory of a Windows guest's card (VMware KB 1003)
MAX_VRAM = 2**40
MAX_PORT = 65535


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of the display and the card.

    Raises:
        ConfigError: A value cannot be.
    """
    vnc = reading.section("RemoteDisplay.vnc")
    if vnc.switch("enabled"):
        config.graphics.append(_display(vnc))
    config.videos.append(_card(reading))


def _display(vnc: Section) -> Graphics:
    port = vnc.number("port", -1, high=MAX_PORT)
    address = vnc.text("ip")
    display = Graphics(
        type="vnc",
        port=max(port, -1),
        autoport=port < 0,
        keymap=vnc.text("keymap"),
        passwd=vnc.text("password"),
        listens=[GraphicsListen(type="address")],
    )
    if address:
        display.listens_at(address)
    return display


def _card(reading: Reading) -> Video:
    svga = reading.section("svga")
    size = Bytes(svga.number("vramSize", int(DEFAULT_VRAM), low=0, high=MAX_VRAM))
    model = VideoModel(type="vmvga", vram=size.round_up(KiB(1)), primary=True)
    if not reading.extended:
        model.vram = _as_libvirt(size)
    else:
        model.heads = svga.number("numDisplays", 0, low=0, high=64) or None
        model.accel3d = reading.section("mks").switch("enable3d") or None
    return Video(model=model)


def _as_libvirt(size: Bytes) -> Bytes:
    """The size as libvirt shows it: the next power of two, in KiB."""
    count = int(size.round_up(KiB(1))) // int(KiB(1))
    return KiB(1 << (count - 1).bit_length() if count else 0)


def write(writing: Writing, config: DomainConfig) -> None:
    """Write the display and the card.

    Raises:
        XMLError: VMware has no such display or card, or not so many.
    """
    for display in config.graphics:
        _write_display(writing.section("RemoteDisplay.vnc"), display)
    videos = list(config.videos)
    if len(videos) > 1:
        raise wrong(videos[1], "a machine has one video card")
    if config.graphics:
        videos = videos or [Video("vmvga")]
    for video in videos:
        _write_card(writing, video)


def _write_display(vnc: Section, display: Graphics) -> None:
    if display.type != "vnc":
        raise wrong(display, f"the display cannot be {display.type!r}", expected="'vnc'")
    automatic = display.autoport or display.port in {None, -1}
    vnc.say(
        enabled=True,
        port=None if automatic else display.port,
        ip=display.listen_address,
        keymap=display.keymap,
        password=display.passwd,
    )


def _write_card(writing: Writing, video: Video) -> None:
    model = video.model
    if model.type not in {None, "vmvga"}:
        raise wrong(video, f"the video card cannot be {model.type!r}", expected="'vmvga'")
    size = (model.vram or DEFAULT_VRAM).round_up(VRAM_STEP)
    heads = model.heads if model.heads != 1 else None
    writing.section("svga").say(vramSize=int(size), numDisplays=heads)
    writing.section("mks").say(enable3d=model.accel3d or None)
