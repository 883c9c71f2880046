"""Plug a disk and a network card into a guest that runs, cut the card's link, pull both out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio

import aiovirt
from _tiny import PROMPT, config, guest
from aiovirt import Connection, Controller, DeviceRemovedEvent, Disk, Domain, Interface
from aiovirt.errors import Busy


async def pull_out(host: Connection, vm: Domain, device: Disk | Interface) -> None:
    """Pull a device out, however long the guest takes to let it go."""
    async with host.events() as events:  # subscribed first: nothing can be missed
        try:
            await vm.detach(device)
        except Busy as slow:
            print("not yet:", slow)
            async for event in events:
                if isinstance(event, DeviceRemovedEvent):
                    break
    print("gone:", device.kind)


async def main(root: str) -> None:
    """Give it two minutes."""
    image = Path(root, "more.raw")
    with anyio.fail_after(120):
        async with aiovirt.open(f"qemu:///embed?root={root}") as host:
            machine = config()
            # On q35 each device that comes later needs a port of its own.
            machine.controllers = [Controller(type="pci", model="pcie-root-port")] * 8
            vm = await host.domains.define(machine)
            await vm.start()
            async with vm.console() as console:
                said = b""
                while PROMPT not in said:
                    said += await console.receive()

            disk = Disk.file(image, target="vdb", format="raw")
            card = Interface.user(mac="52:54:00:12:34:56")
            for device in (disk, card):
                await vm.attach(device)
            print("there:", [each.alias for each in (await vm.config()).devices.all()][-8:])

            card.link = "down"
            await vm.update_device(card)
            for each in (disk, card):
                await pull_out(host, vm, each)
            await vm.destroy()


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "more.raw").write_bytes(bytes(8 << 20))
        anyio.run(main, folder)
