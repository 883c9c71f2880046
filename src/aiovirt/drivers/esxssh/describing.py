"""Between a machine's ``.vmx`` file and domain XML: files on the host, and their translation."""

from __future__ import annotations

import posixpath
import re

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, domain_of, vmx_of
from aiovirt.drivers.common.vmx.escapes import escape_name
from aiovirt.drivers.esxssh.datastores import Datastores
from aiovirt.drivers.esxssh.files import HostFiles
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.inventory import Machine
from aiovirt.errors import ConfigError
from aiovirt.protocols.esxcli import DatastorePath, unfit

__all__ = ["VMX", "Descriptions", "checked_name", "hardware_version"]

VMX = "vmware-vmx"
"""The name of the form, as libvirt has it."""

_VERSION = re.compile(r"ESXi? (\d+)\.(\d+)")
_HARDWARE = {
    (8, 0): 20,
    (7, 0): 17,
    (6, 7): 14,
    (6, 5): 13,
    (6, 0): 11,
    (5, 5): 10,
    (5, 1): 9,
    (5, 0): 8,
    (4, 1): 7,
    (4, 0): 7,
}
"""Releases of ESX -> the newest virtual hardware that the first of them has (VMware KB 2007240)."""


def hardware_version(product: str) -> int:
    """The version of virtual hardware that new machines of a host get.

    Args:
        product: What ``vmware -v`` prints; a release that is not known has that of the newest.
    """
    match = _VERSION.search(product)
    release = (int(match[1]), int(match[2])) if match else max(_HARDWARE)
    known = [version for each, version in sorted(_HARDWARE.items()) if each <= release]
    return known[-1] if known else min(_HARDWARE.values())


def checked_name(name: str | None) -> str:
    """A machine's name that the host can hold.

    Raises:
        ConfigError: It cannot hold it; the message says why.
    """
    why = "there is none" if name is None else unfit(name)
    if name in {".", ".."}:
        why = "a folder cannot be called so"
    if why is not None or name is None:
        raise ConfigError(f"the host cannot hold the domain's name {name!r}: {why}", field="name")
    return name


class Descriptions:
    """Reads and writes what machines are."""

    def __init__(self, host: EsxHost, datastores: Datastores) -> None:
        self._host = host
        self._datastores = datastores
        self.files = HostFiles(host, datastores)

    async def vmx(self, path: DatastorePath) -> Vmx:
        """A machine's file.

        Raises:
            NotFound: It is not there.
            ConfigError: It is none that can be read.
        """
        return Vmx.parse(await self.files.read(path))

    async def config(self, machine: Machine) -> DomainConfig:
        """What a machine is by its file."""
        vmx = await self.vmx(machine.path)
        config = domain_of(vmx, await self.names(machine.path))
        config.uuid = machine.key.uuid  # the host gives one to a file that has none
        config.id = machine.vmid if machine.active else None
        return config

    async def names(self, path: DatastorePath) -> DatastoreFiles:
        """How files are named in the file of a machine, and how in domain XML."""
        folder = str(path.folder).rstrip()
        return DatastoreFiles(folder, dict(await self._datastores.mounts()))

    async def from_text(self, text: str) -> DomainConfig:
        """What the text of a file says, which need not be on the host."""
        store = await self._datastores.first()
        return domain_of(Vmx.parse(text), await self.names(DatastorePath(store.name, "x.vmx")))

    async def place(self, config: DomainConfig) -> DatastorePath:
        """Where the file of a new machine belongs: beside its first disk, else in its own folder.

        Raises:
            ResourceUnavailable: The host has no datastore.
        """
        name = escape_name(checked_name(config.name))
        folder = await self._disk_folder(config)
        if folder is None:
            folder = DatastorePath((await self._datastores.first()).name, name)
        return folder.joined(f"{name}.vmx")

    async def _disk_folder(self, config: DomainConfig) -> DatastorePath | None:
        for disk in config.disks:
            if disk.device in {None, "disk"} and disk.path and disk.path.startswith("["):
                return DatastorePath.parse(disk.path).folder
        return None

    async def made(self, config: DomainConfig, path: DatastorePath) -> Vmx:
        """The file of a new machine.

        Raises:
            ConfigError: The host has no such machines.
        """
        hardware = hardware_version(self._host.product)
        return vmx_of(config, await self.names(path), hardware=hardware)

    async def write(self, path: DatastorePath, vmx: Vmx, *, new: bool = False) -> None:
        """Write a machine's file; see `HostFiles.write`."""
        await self.files.write(path, vmx.to_bytes(), new=new)

    async def locate(self, path: DatastorePath) -> str:
        """The host's path of a file."""
        return posixpath.normpath(await self._datastores.locate(path))
