"""A domain's disks: their sizes, limits and errors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal
from uuid import uuid4

from anyio import to_thread

from aiovirt.config import Disk
from aiovirt.drivers.qemu.abilities.blocklimits import BlockLimits
from aiovirt.drivers.qemu.argv.disks import storage_node
from aiovirt.drivers.qemu.argv.storage.images import has_medium
from aiovirt.drivers.qemu.engine.blockjobs import live_links
from aiovirt.drivers.qemu.engine.chains import link_named
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.figures import alias_in, block_figures
from aiovirt.drivers.qemu.engine.images import image_facts, sizes_of
from aiovirt.drivers.qemu.engine.nodes import find_disk, node_of
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import CallerError, InvalidState, Unsupported
from aiovirt.host.files import host_error, read_end
from aiovirt.model.blocks import BlockInfo
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.qmp.commands import BlockResize, QueryBlock

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainBlockResizeFlags

__all__ = ["QemuBlocks"]

_MOST_PEEKED: Final = 4 << 20
BYTES: Final = 0x1
"""Of `DomainBlockResizeFlags`; the size is in bytes anyway."""
_ERRORS: Final = {"nospace": "no space", "failed": "unspecified error"}


class QemuBlocks(BlockLimits):
    """Images by their files, and by QEMU's block nodes."""

    async def block_info(self, domain: DomainKey, disk: str) -> BlockInfo:
        """See `Blocks.block_info`."""
        managed = self._registry.get(domain)
        config = managed.config()
        found = find_disk(config, disk)
        path, kind = found.path, found.driver.type
        if not has_medium(found):
            raise InvalidState(f"the drive {found.target.dev} is empty")
        async with self._engine.works.work():
            if path is None:  # it is on a server, which only QEMU speaks to
                return await self._live_info(managed, found, 0)
            sizes = await to_thread.run_sync(sizes_of, path)
            if managed.live is None:
                facts = await image_facts(path, kind)
                return BlockInfo(facts.virtual_size, sizes.allocation, sizes.physical)
            return await self._live_info(managed, found, sizes.physical)

    async def _live_info(self, managed: ManagedDomain, disk: Disk, physical: int) -> BlockInfo:
        stats = await block_figures(managed, disk)
        allocation = stats.allocation or stats.physical or physical
        return BlockInfo(stats.capacity or 0, allocation, physical or stats.physical or 0)

    async def block_resize(
        self,
        domain: DomainKey,
        disk: str,
        size: int,
        *,
        flags: DomainBlockResizeFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_resize`."""
        if flags & ~BYTES:
            raise Unsupported(self.driver_name, f"block_resize with the flags {flags:#x}")
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            live = managed.running()
            node = node_of(live.config, find_disk(live.config, disk))
            await managed.monitor().call(BlockResize(size, node_name=node))

    async def block_peek(self, domain: DomainKey, disk: str, offset: int, size: int) -> bytes:
        """See `Blocks.block_peek`: of the image's file."""
        found = find_disk(self._registry.get(domain).config(), disk)
        if found.path is None or not 0 <= size <= _MOST_PEEKED:
            raise CallerError(f"{size} bytes of disk {disk} cannot be read")
        return await to_thread.run_sync(_peek, found.path, offset, size)

    async def memory_peek(
        self, domain: DomainKey, offset: int, size: int, *, physical: bool = False
    ) -> bytes:
        """See `Blocks.memory_peek`."""
        if not 0 < size <= _MOST_PEEKED:
            raise CallerError(f"{size} bytes of memory cannot be read")
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            path = managed.running().folder / QEMU_FOLDER / f"memory-{uuid4().hex}"
            arguments = {"val": offset, "size": size, "filename": str(path)}
            try:
                await managed.monitor().execute("pmemsave" if physical else "memsave", arguments)
                return await to_thread.run_sync(read_end, path, size)
            finally:
                path.unlink(missing_ok=True)

    async def disk_errors(self, domain: DomainKey) -> Mapping[str, str]:
        """See `Blocks.disk_errors`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            live = managed.running()
            rows = await managed.monitor().call(QueryBlock())
        states = {alias_in(row.qdev): row.io_status for row in rows}
        found: dict[str, str] = {}
        for disk in live.config.disks:
            state = states.get(disk.alias or "")
            if state in _ERRORS:
                found[disk.target.dev or ""] = _ERRORS[state]
        return found

    async def set_block_threshold(self, domain: DomainKey, disk: str, threshold: int) -> None:
        """See `Blocks.set_block_threshold`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            live = managed.running()
            found = find_disk(live.config, disk.partition("[")[0])
            links = live_links(live.config, found)
            node = storage_node(links[link_named(found, links, disk)].number)
            arguments = {"node-name": node, "write-threshold": threshold}
            await managed.monitor().execute("block-set-write-threshold", arguments)


def _peek(path: str, offset: int, size: int) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(handle, size, offset)
        finally:
            os.close(handle)
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
