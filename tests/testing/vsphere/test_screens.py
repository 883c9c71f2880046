"""Consoles and screens of the simulator's machines."""

from __future__ import annotations

import pytest
from vspherecaller import Refused, calling

from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables.machine import (
    UsbScanCodeSpec,
    UsbScanCodeSpecKeyEvent,
    UsbScanCodeSpecModifierType,
)
from aiovirt.testing.vsphere import Settings

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n"


async def test_a_picture_is_written_beside_the_machine() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        path = await caller.do(mm.CREATE_SCREENSHOT_TASK, machine.ref)
        assert path == "[datastore1] machine0/machine0-1.png"
        files, inner = fake.site.place(path)
        assert files.get(inner).data.startswith(PNG)
        direct = await caller.http("GET", f"/screen?id={machine.ref.value}")
        assert (direct.status, direct.body) == (200, files.get(inner).data)


async def test_a_machine_that_is_off_shows_nothing() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        machine = fake.machine("machine0")
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.do(mm.CREATE_SCREENSHOT_TASK, machine.ref)
        assert (await caller.http("GET", f"/screen?id={machine.ref.value}")).status == 404


@pytest.mark.parametrize(("kind", "port"), [("mks", 902), ("webmks", 443)])
async def test_a_ticket_for_the_console(kind: str, port: int) -> None:
    async with calling() as (fake, caller):
        args = mm.AcquireTicketArgs(ticket_type=kind)
        ticket = await caller.call(mm.ACQUIRE_TICKET, fake.machine("machine0").ref, args)
        assert (ticket.port, ticket.host) == (port, "esx0.example.com")
        assert (ticket.url is not None) is (kind == "webmks")
        assert "ticket" in type(fake.site.events.entries[-1].event).__name__.lower()


async def test_tickets_that_are_none() -> None:
    async with calling() as (fake, caller):
        ref = fake.machine("machine0").ref
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.call(mm.ACQUIRE_TICKET, ref, mm.AcquireTicketArgs(ticket_type="vnc"))
        await caller.do(mm.POWER_OFF_VM_TASK, ref)
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.call(mm.ACQUIRE_TICKET, ref, mm.AcquireTicketArgs(ticket_type="mks"))


async def test_keys_are_those_of_the_page_of_keyboards() -> None:
    async with calling() as (fake, caller):
        ref = fake.machine("machine0").ref
        shift = UsbScanCodeSpecModifierType(left_shift=True, right_gui=False)
        events = (
            UsbScanCodeSpecKeyEvent(usb_hid_code=0x04 << 16 | 7, modifiers=shift),
            UsbScanCodeSpecKeyEvent(usb_hid_code=0x28 << 16 | 7),
        )
        args = mm.PutUsbScanCodesArgs(spec=UsbScanCodeSpec(key_events=events))
        assert await caller.call(mm.PUT_USB_SCAN_CODES, ref, args) == 2
        assert fake.guest("machine0").keys == ["left_shift+0x04", "0x28"]
        for code in (0x04, 0x04 << 16 | 6, 0x03 << 16 | 7, 0xFF << 16 | 7):
            wrong = UsbScanCodeSpec(key_events=(UsbScanCodeSpecKeyEvent(usb_hid_code=code),))
            with pytest.raises(Refused, match="InvalidArgument"):
                await caller.call(mm.PUT_USB_SCAN_CODES, ref, mm.PutUsbScanCodesArgs(spec=wrong))
        assert len(fake.guest("machine0").keys) == 2
