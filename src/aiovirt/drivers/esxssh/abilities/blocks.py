"""Disks of machines: their sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.esxssh.abilities.snapshots import EsxSnapshots
from aiovirt.drivers.esxssh.abilities.volumes import EsxStorageVolumes
from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.describing import Descriptions
from aiovirt.drivers.esxssh.images import Image
from aiovirt.drivers.esxssh.inventory import Machine
from aiovirt.drivers.esxssh.plugging import web_api
from aiovirt.drivers.esxssh.rewriting import check_off, reload
from aiovirt.errors import InvalidState, NotFound
from aiovirt.interfaces import Blocks, refuse_flags
from aiovirt.model.blocks import BlockInfo
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.protocols.esxcli import DatastorePath

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainBlockResizeFlags

__all__ = ["EsxBlocks"]

_BYTES: Final = 0x1
"""Of `DomainBlockResizeFlags`: sizes are in bytes here in any case."""


class EsxBlocks(EsxAbility, Blocks):
    """See `Blocks`: their sizes, and larger ones; the host's shell knows no long work."""

    async def block_info(self, domain: DomainKey, disk: str) -> BlockInfo:
        """See `Blocks.block_info`; of one with snapshots what is beyond the newest takes room."""
        image = await self._image(await self.inventory.get(domain), disk)
        return BlockInfo(image.capacity, image.allocation, image.length)

    async def block_resize(
        self,
        domain: DomainKey,
        disk: str,
        size: int,
        *,
        flags: DomainBlockResizeFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_resize`: of a machine that is off and has no snapshots.

        Raises:
            InvalidState: It is not off, or has snapshots.
            ConfigError: The disk would become smaller.
        """
        refuse_flags(DRIVER, "block_resize", flags, _BYTES)
        async with self.context.changing(domain) as machine:
            hint = f"aiovirt shutdown {domain.name}; or use the host's web API, "
            hint += f"{web_api(self.context)}: its shell has no command for it"
            check_off(self.context, machine, "given a larger disk", hint)
            if await EsxSnapshots(self.context).snapshots(domain):
                raise InvalidState(
                    f"domain {domain.name!r} on {self.host.where} has snapshots: disk {disk!r} "
                    "cannot grow below them",
                    hint=f"aiovirt snapshot-list {domain.name}",
                )
            path = (await self._image(machine, disk)).path
            volume = StorageVolumeKey(path.datastore, path.path, str(path))
            await EsxStorageVolumes(self.context).resize(volume, size)
            await reload(self.context, machine)

    async def _image(self, machine: Machine, disk: str) -> Image:
        """The image of a hard disk, that is named by its target or its file."""
        config = await Descriptions(self.host, self.context.datastores).config(machine)
        disks = [each for each in config.disks if each.device in {None, "disk"}]
        for each in disks:
            path = each.source.file or ""
            if disk in {each.target.dev, path} and path.startswith("["):
                return await EsxStorageVolumes(self.context).image_at(DatastorePath.parse(path))
        raise NotFound(
            f"domain {machine.key.name!r} on {self.host.where} has no hard disk {disk!r}",
            hint=f"there are: {', '.join(each.target.dev or '' for each in disks) or 'none'}",
        )
