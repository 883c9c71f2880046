"""Every kind of device comes and goes in a Linux; 30 rounds are `nox -s real -- hotplug`."""

from __future__ import annotations

from pathlib import Path

import pytest
from guests import read_until
from plugrounds import PATIENCE_S, devices, guest_xml, one_round

from aiovirt._open import open as open_host
from aiovirt.drivers.qemu.engine import plugging
from aiovirt.testing.tinyguest import BANNER, TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(240)]


async def test_devices_come_and_go_and_leave_nothing(
    root: Path,
    tmp_path: Path,
    qemu_img: Path,
    tiny_guest: TinyGuest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert qemu_img.exists()
    monkeypatch.setattr(plugging, "GONE_BOUND_S", PATIENCE_S)
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(guest_xml(tiny_guest, "q35"))
        await vm.start()
        async with vm.console() as console:
            await read_until(console, BANNER.encode())
        for device in devices(tmp_path).values():
            await one_round(vm, device)
        await vm.destroy()
