"""What a libvirtd of the tests is too old for, and the fake of a newer one."""

from __future__ import annotations

from pathlib import Path

import pytest
from labsamples import guest_xml

import aiovirt
from aiovirt.errors import Unsupported
from aiovirt.objects import Connection
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import domain_devices as p
from aiovirt.testing.fake_libvirtd import run_fake_libvirtd

pytestmark = pytest.mark.anyio


@pytest.mark.real
async def test_an_old_daemon_cannot_reload_displays(host: Connection) -> None:
    vm = await host.domains.define(guest_xml("display1"))
    try:
        with pytest.raises(Unsupported, match=r"reload_graphics.*9\.0\.0"):
            await vm.reload_graphics()
    finally:
        await vm.undefine()


async def test_a_new_daemon_is_told_which_displays(tmp_path: Path) -> None:
    asked: list[p.DomainGraphicsReloadArgs] = []

    def reload_graphics(args: p.DomainGraphicsReloadArgs) -> Empty:
        asked.append(args)
        return Empty()

    async with (
        run_fake_libvirtd(tmp_path / "sock") as fake,
        aiovirt.open(f"qemu+unix:///system?socket={fake.path}") as host,
    ):
        fake.on(p.DOMAIN_GRAPHICS_RELOAD, reload_graphics)
        (vm,) = await host.domains.list()
        await vm.reload_graphics("vnc")
    assert [(args.dom.name, args.type, args.flags) for args in asked] == [("test", 1, 0)]
