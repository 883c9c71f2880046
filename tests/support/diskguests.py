"""A guest of the lab with images on a bus that can be plugged, for tests of devices and disks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from labsamples import disk, guest_xml
from libvirtlab import Lab, run_virsh

from aiovirt.errors import NotFound
from aiovirt.objects import Connection, Domain

__all__ = ["DEVICES", "MAC", "disk_guest", "virsh"]

MAC = "52:54:00:11:22:33"
DEVICES = f"""
<controller type='scsi' model='virtio-scsi'/>
<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>
<target dev='sda' bus='scsi'/><readonly/></disk>
<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>
<memballoon model='virtio'/>
"""


async def virsh(lab: Lab, *args: str) -> str:
    """What the real virsh prints, without empty lines."""
    told = await anyio.to_thread.run_sync(lambda: run_virsh(lab, *args))
    return "\n".join(line.strip() for line in told.splitlines() if line.strip())


@asynccontextmanager
async def disk_guest(host: Connection, path: Path, name: str) -> AsyncIterator[Domain]:
    """A running guest with a disk of 4 MiB, a CD-ROM drive and an interface; gone at the end."""
    image = disk(path / "vda.qcow2", size="4M")
    vm = await host.domains.define(guest_xml(name, disks=(image,), devices=DEVICES))
    try:
        await vm.start()
        yield vm
    finally:
        with anyio.CancelScope(shield=True):
            await _forget(vm)


async def _forget(vm: Domain) -> None:
    if (await vm.state()).state.active:
        await vm.destroy()
    try:
        await vm.undefine()
    except NotFound:
        return
