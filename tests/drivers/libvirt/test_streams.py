"""Consoles, channels, displays and pictures of a real libvirtd's guests."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from bootsectors import ECHO, FLOOD, boot_image
from labsamples import guest_xml
from libvirtlab import Lab

from aiovirt import _open
from aiovirt.config import DomainConfig
from aiovirt.errors import AiovirtError, Busy, InvalidState, NotFound, Unsupported
from aiovirt.interfaces import ConsoleStream, Definition, Displays
from aiovirt.model.constants import DomainCreateFlags
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

CHANNELS = (
    "<channel type='unix'><target type='virtio' name='org.example.0'/></channel>"
    "<channel type='unix'><target type='virtio' name='org.example.1'/></channel>"
)
SCREEN = (
    "<graphics type='vnc' autoport='yes' listen='127.0.0.1' passwd='secret'/>"
    "<video><model type='vga'/></video>"
)


@asynccontextmanager
async def guest(
    host: Connection, *, devices: str = "", image: Path | None = None
) -> AsyncIterator[Domain]:
    """A guest that boots an image, or stands still when it has none; gone at the end."""
    disks = () if image is None else (image,)
    config = DomainConfig.parse(guest_xml("con1", devices=devices, disks=disks))
    flags = DomainCreateFlags.START_PAUSED if image is None else DomainCreateFlags(0)
    key = await host.driver.ability(Definition).create(config, flags=flags)
    try:
        yield await host.domains.get(key.uuid)
    finally:
        with anyio.CancelScope(shield=True):
            await (await host.domains.get(key.uuid)).destroy()


async def until(console: ConsoleStream, wanted: bytes) -> bytes:
    """Return what comes up to the first time that these bytes do."""
    found = b""
    while wanted not in found:
        found += await console.receive()
    return found


async def test_a_console_goes_both_ways(host: Connection, tmp_path: Path) -> None:
    async with (
        guest(host, image=boot_image(tmp_path / "echo.qcow2", ECHO)) as vm,
        vm.console() as console,
    ):
        # What is sent before the guest listens is lost, so it is sent until it comes back.
        while b"hello" not in await some(console):
            await console.send(b"hello")
        assert console.lost == 0


async def some(console: ConsoleStream, seconds: float = 0.2) -> bytes:
    """Return what comes within a moment."""
    found = b""
    with anyio.move_on_after(seconds):
        while True:
            found += await console.receive()
    return found


async def test_a_console_has_one_user_unless_it_is_forced(host: Connection) -> None:
    async with guest(host) as vm, vm.console() as first:
        with pytest.raises(Busy, match="Active console session"):
            async with vm.console():
                pass
        async with vm.console(force=True, readonly=True) as second:
            with pytest.raises((AiovirtError, anyio.EndOfStream)):
                await first.receive()
            with pytest.raises(Busy):
                await second.send(b"x")


async def test_an_unknown_console(host: Connection) -> None:
    async with guest(host) as vm:
        with pytest.raises(NotFound):
            async with vm.console("serial7"):
                pass


async def test_a_slow_reader_loses_the_oldest_bytes_and_holds_up_nothing(
    host: Connection, tmp_path: Path
) -> None:
    async with (
        guest(host, image=boot_image(tmp_path / "flood.qcow2", FLOOD)) as vm,
        vm.console() as console,
    ):
        await until(console, b"AAAA")
        while not console.lost:
            assert (await vm.info()).vcpus == 1
        assert len(await console.receive(10)) <= 10
        await until(console, b"AAAA")


async def test_a_console_ends_with_the_guest(host: Connection) -> None:
    vm = await host.domains.define(guest_xml("con3"))
    await vm.start(paused=True)
    async with vm.console() as console:
        await vm.destroy()
        with pytest.raises(anyio.EndOfStream):
            await console.receive()
    await vm.undefine()


async def test_channels_by_name(host: Connection) -> None:
    async with guest(host, devices=CHANNELS) as vm:
        async with vm.channel("org.example.1") as channel:
            await channel.send(b"for whoever listens in the guest")
            with pytest.raises(Busy):
                async with vm.channel("org.example.1"):
                    pass
            async with vm.channel() as first:
                await first.send(b"another one")
        async with vm.channel("org.example.1", force=True):
            pass
        with pytest.raises(NotFound):
            async with vm.channel("org.example.7"):
                pass


async def test_a_picture_of_the_screen_is_a_png(host: Connection) -> None:
    async with guest(host, devices=SCREEN) as vm:
        assert (await vm.screenshot()).startswith(b"\x89PNG\r\n")
        with pytest.raises(AiovirtError):
            await vm.screenshot(screen=7)


async def greeting(ours: socket.socket) -> bytes:
    """Return what a display says first, and close the socket."""
    with ours:
        ours.settimeout(0)
        await anyio.wait_readable(ours)
        return ours.recv(100)


async def test_a_display_as_a_socket(host: Connection) -> None:
    async with guest(host, devices=SCREEN) as vm:
        assert await greeting(await vm.open_graphics(skip_auth=True)) == b"RFB 003.008\n"
        with pytest.raises(AiovirtError):
            await vm.open_graphics(7)


async def test_one_end_of_a_pair_for_a_display(host: Connection) -> None:
    displays = host.driver.ability(Displays)
    ours, theirs = socket.socketpair()
    async with guest(host, devices=SCREEN) as vm:
        with theirs:
            await displays.attach_graphics(vm.key, theirs.fileno())
        assert await greeting(ours) == b"RFB 003.008\n"


async def test_no_display_of_another_machine(lab: Lab) -> None:
    async with _open.open(lab.uri("tcp")) as host, guest(host, devices=SCREEN) as vm:
        with pytest.raises(Unsupported):
            await vm.open_graphics()


async def test_no_console_of_a_guest_that_is_off(host: Connection) -> None:
    vm = await host.domains.define(guest_xml("con2"))
    try:
        with pytest.raises(InvalidState):
            async with vm.console():
                pass
    finally:
        await vm.undefine()
