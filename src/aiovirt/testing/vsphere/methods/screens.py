"""Consoles, screens and keyboards of machines: tickets, pictures, and keys."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import machine_methods as m
from aiovirt.protocols.vsphere.tables.machine import (
    UsbScanCodeSpecKeyEvent,
    VirtualMachineMksTicket,
    VirtualMachineTicket,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.machine import ON, Machine

__all__ = ["picture"]

CONSOLE_PORT: Final = 902
WEB_CONSOLE_PORT: Final = 443

KEYBOARD_PAGE: Final = 7
"""The page of keyboards in the HID usage tables; their usages follow."""

KEYBOARD_USAGES: Final = frozenset({*range(0x04, 0xA5), *range(0xB0, 0xDE), *range(0xE0, 0xE8)})

_TICKETS: Final = {"mks", "device", "guestControl", "webmks", "guestIntegrity"}
_INTERACT: Final = "VirtualMachine.Interact.ConsoleInteract"


@handles(m.ACQUIRE_TICKET)
def acquire_ticket(call: Call, args: m.AcquireTicketArgs) -> VirtualMachineTicket:
    """Give a ticket for the machine's console."""
    call.demand(_INTERACT)
    if args.ticket_type not in _TICKETS:
        raise faults.invalid_argument("ticketType")
    machine = call.site.machine(call.this)
    machine.demand(ON)
    web = args.ticket_type == "webmks"
    ticket, host = call.world.uuid(), call.world.get(machine.host, "name", str)
    port = WEB_CONSOLE_PORT if web else CONSOLE_PORT
    call.site.events.post(
        e.VmAcquiredTicketEvent,
        f"A ticket for {machine.config.name} of type {args.ticket_type} has been acquired",
        about=call.this,
        user=call.user,
        fields={"ticket_type": args.ticket_type},
    )
    return VirtualMachineTicket(
        ticket=ticket,
        cfg_file=machine.path,
        host=host,
        port=port,
        ssl_thumbprint=call.site.thumbprint,
        url=f"wss://{host}:{port}/ticket/{ticket}" if web and _tells_url(call) else None,
    )


def _tells_url(call: Call) -> bool:
    return call.site.settings.has("7.0")


@handles(m.ACQUIRE_MKS_TICKET)
def acquire_mks_ticket(call: Call, _: Empty) -> VirtualMachineMksTicket:
    """Give a ticket for the machine's console, in the old way."""
    machine = call.site.machine(call.this)
    machine.demand(ON)
    return VirtualMachineMksTicket(
        ticket=call.world.uuid(),
        cfg_file=machine.path,
        host=call.world.get(machine.host, "name", str),
        port=CONSOLE_PORT,
        ssl_thumbprint=call.site.thumbprint,
    )


@handles(m.CREATE_SCREENSHOT_TASK)
def create_screenshot(call: Call, _: Empty) -> Ref:
    """Write a picture of the screen beside the machine's files; the task gives its path."""

    def work() -> str:
        machine = call.site.machine(call.this)
        machine.demand(ON)
        files, folder = call.site.place(machine.folder_path, call.this)
        number = 1
        while files.exists(f"{folder}/{machine.config.name}-{number}.png"):
            number += 1
        inner = f"{folder}/{machine.config.name}-{number}.png"
        files.write(inner, picture(machine), new=True)
        machine.refresh()
        return files.path(inner)

    return call.task(work, name="VirtualMachine.createScreenshot")


def picture(machine: Machine, width: int = 64, height: int = 48) -> bytes:
    """The machine's screen as a PNG: of one colour, which tells the machine."""
    shade = zlib.crc32(machine.ref.value.encode())
    pixel = bytes([shade & 255, shade >> 8 & 255, shade >> 16 & 255])
    rows = (b"\0" + pixel * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@handles(m.PUT_USB_SCAN_CODES)
def put_usb_scan_codes(call: Call, args: m.PutUsbScanCodesArgs) -> int:
    """Press keys, one after the other; how many they were."""
    machine = call.site.machine(call.this)
    machine.demand(ON)
    keys = [_key(each) for each in args.spec.key_events]
    if not keys:
        raise faults.invalid_argument("spec.keyEvents")
    machine.guest.keys += keys
    return len(keys)


def _key(event: UsbScanCodeSpecKeyEvent) -> str:
    """A key as the guest gets it: its usage, behind the modifiers that are held.

    Raises:
        VimFault: It is no key of the page of keyboards.
    """
    usage, page = divmod(event.usb_hid_code, 1 << 16)
    if page != KEYBOARD_PAGE or usage not in KEYBOARD_USAGES:
        raise faults.invalid_argument("spec.keyEvents.usbHidCode")
    held = event.modifiers
    names = [] if held is None else [each for each in held.__struct_fields__ if getattr(held, each)]
    return "+".join([*names, f"{usage:#04x}"])


@handles(m.MOUNT_TOOLS_INSTALLER)
def mount_tools_installer(call: Call, _: Empty) -> None:
    """Put the CD with VMware Tools into the machine's drive."""
    machine = call.site.machine(call.this)
    machine.demand(ON)
    machine.run(tools_installer_mounted=True)


@handles(m.UNMOUNT_TOOLS_INSTALLER)
def unmount_tools_installer(call: Call, _: Empty) -> None:
    """Take the CD with VMware Tools out of the machine's drive."""
    machine = call.site.machine(call.this)
    machine.demand(ON)
    machine.run(tools_installer_mounted=False)
