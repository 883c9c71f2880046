"""Screens and keyboards of machines."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import anyio

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.files import datacenter_of, delete_file, read_file
from aiovirt.drivers.esx.machine import ON, Machine
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.usbkeys import scan_codes
from aiovirt.errors import AiovirtError, InvalidState, NotFound, Unsupported
from aiovirt.interfaces import Screen
from aiovirt.model.domain import DomainKey
from aiovirt.model.keycodes import KeycodeSet
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere.tables import machine_methods as m

__all__ = ["EsxScreen"]

_LARGEST: Final = 64 * 1024 * 1024
"""The most bytes of a picture."""

_CLEANING_S: Final = 15.0
"""Seconds that the removal of the picture's file may take."""

_UNSAID_MS: Final = frozenset({0, 100})
"""What callers say who do not mind how long keys stay down: virsh, and ours."""


class EsxScreen(EsxAbility, Screen):
    """See `Screen`."""

    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        """See `Screen.screenshot`: the host writes it beside the machine's files for a moment."""
        machine = _running(self.session.machines.get(domain))
        if screen:
            raise NotFound(f"domain {machine.name!r} has one screen, and not the number {screen}")
        what = f"take a picture of the screen of domain {machine.name!r}"
        path = str(await self.session.run(m.CREATE_SCREENSHOT_TASK, machine.ref, what=what))
        file, datacenter = DatastorePath.parse(path), datacenter_of(self.session, machine)
        try:
            return await read_file(self.session, file, datacenter, limit=_LARGEST)
        finally:
            with anyio.move_on_after(_CLEANING_S, shield=True), suppress(AiovirtError):
                await delete_file(self.session, file, datacenter)

    async def send_key(
        self,
        domain: DomainKey,
        keys: Sequence[str | int],
        *,
        hold_ms: int = 100,
        codeset: KeycodeSet = "linux",
    ) -> None:
        """See `Screen.send_key`: a USB keyboard's; the host knows no time for keys to stay down.

        Raises:
            Unsupported: They shall stay down for a time of one's own.
        """
        spec = scan_codes(keys, codeset)
        if hold_ms not in _UNSAID_MS:
            raise Unsupported(DRIVER, "send_key with a hold time", "the host presses and lets go")
        machine = _running(self.session.machines.get(domain))
        what = f"press keys of domain {machine.name!r}"
        args = m.PutUsbScanCodesArgs(spec=spec)
        await self.session.call(m.PUT_USB_SCAN_CODES, machine.ref, args, what=what)


def _running(machine: Machine) -> Machine:
    if machine.power != ON:
        raise InvalidState(
            f"domain {machine.name!r} does not run", hint=f"aiovirt start {machine.name}"
        )
    return machine
