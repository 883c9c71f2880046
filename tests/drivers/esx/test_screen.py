"""Screens and keyboards of machines, on the fake vCenter: VMware's simulator has none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from aiovirt import _open
from aiovirt.drivers.esx.usbkeys import scan_codes, usage_of
from aiovirt.errors import AiovirtError, ConfigError, InvalidState, NotFound, Unsupported
from aiovirt.model.credentials import Login
from aiovirt.objects import Connection
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def faking() -> AsyncIterator[tuple[FakeVSphere, Connection]]:
    """Run a fake ESX host, and open it."""
    async with run_fake_vsphere(Settings(kind="esx"), tls=False) as fake:
        uri = f"esx://root@127.0.0.1:{fake.port}/?transport=http"
        async with _open.open(uri, credentials=Login("root", "secret")) as host:
            yield fake, host


async def test_a_picture() -> None:
    async with faking() as (fake, host):
        vm = await host.domains.get("machine0")
        picture = await vm.screenshot()
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert picture.endswith(b"IEND\xaeB`\x82")
        assert fake.plan.calls["DeleteDatastoreFile_Task"] == 1
        with pytest.raises(NotFound, match="one screen"):
            await vm.screenshot(screen=1)


async def test_of_a_machine_that_is_off_there_is_none() -> None:
    async with faking() as (_, host):
        vm = await host.domains.get("machine0")
        await vm.destroy()
        with pytest.raises(InvalidState, match="does not run"):
            await vm.screenshot()


# --- keys -----------------------------------------------------------------------------------------


def test_keys_are_those_of_the_hid_tables() -> None:
    known = {30: 0x04, 44: 0x1D, 2: 0x1E, 28: 0x28, 57: 0x2C, 59: 0x3A, 111: 0x4C, 29: 0xE0}
    assert {code: usage_of(code) for code in known} == known
    assert usage_of(126) == 0xE7
    with pytest.raises(ConfigError, match="no key 600"):
        usage_of(600)


def test_what_is_held_goes_with_each_key() -> None:
    spec = scan_codes(["KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE", "KEY_A"], "linux")
    first, second = spec.key_events
    assert (first.usb_hid_code, second.usb_hid_code) == (0x4C0007, 0x040007)
    assert first.modifiers is not None
    assert first.modifiers.left_control
    assert first.modifiers.left_alt
    assert first.modifiers.left_shift is None


def test_a_modifier_alone_is_a_key() -> None:
    (only,) = scan_codes(["KEY_LEFTMETA"], "linux").key_events
    assert (only.usb_hid_code, only.modifiers) == (0xE30007, None)


def test_numbers_of_usb_are_taken_as_they_are() -> None:
    (only,) = scan_codes([0x28], "usb").key_events
    assert only.usb_hid_code == 0x280007
    with pytest.raises(Unsupported, match="xt"):
        scan_codes([0x28], "xt")
    with pytest.raises(ConfigError):
        scan_codes([], "linux")


async def test_keys_reach_the_guest() -> None:
    async with faking() as (fake, host):
        vm = await host.domains.get("machine0")
        await vm.send_key("KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE")
        await vm.send_key(0x28, codeset="usb")
        await vm.send_key("KEY_LEFTMETA", hold_ms=0)  # as virsh says it
        assert fake.guest("machine0").keys == ["left_control+left_alt+0x4c", "0x28", "0xe3"]
        with pytest.raises(Unsupported, match="hold time"):
            await vm.send_key("KEY_A", hold_ms=500)
        with pytest.raises(ConfigError, match="usbHidCode"):
            await vm.send_key(0xFF, codeset="usb")
        await vm.destroy()
        with pytest.raises(InvalidState, match="does not run"):
            await vm.send_key("KEY_A")


async def test_before_6_5_there_are_no_keys() -> None:
    async with run_fake_vsphere(Settings(kind="esx", api="6.0"), tls=False) as fake:
        uri = f"esx://root@127.0.0.1:{fake.port}/?transport=http"
        async with _open.open(uri, credentials=Login("root", "secret")) as host:
            with pytest.raises(AiovirtError, match=r"version 6\.5"):
                await (await host.domains.get("machine0")).send_key("KEY_A")
