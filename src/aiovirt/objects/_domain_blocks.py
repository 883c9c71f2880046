"""A domain's disks and the long work on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiovirt.interfaces import Blocks
from aiovirt.model.blocks import BlockInfo, BlockJobInfo
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.params import ParamValue, TypedParams
from aiovirt.objects._block_jobs import BlockJob, OnBlockProgress
from aiovirt.objects._handle import Handle

if TYPE_CHECKING:
    from aiovirt.config import Disk

__all__ = ["DomainBlocks"]


class DomainBlocks(Handle[DomainKey]):
    """The part of `Domain` about its disks.

    A disk is named by its target, such as ``vda``, or by the path of its image; ``vda[2]`` is an
    image of its chain.  Sizes are bytes, bandwidths bytes a second; 0 is no limit.
    """

    @property
    def _blocks(self) -> Blocks:
        return self._driver.ability(Blocks)

    async def block_info(self, disk: str) -> BlockInfo:
        """The sizes of a disk."""
        return await self._blocks.block_info(self.key, disk)

    async def block_resize(self, disk: str, size: int) -> None:
        """Give a disk another size; the guest sees it at once."""
        await self._blocks.block_resize(self.key, disk, int(size))

    async def block_peek(self, disk: str, offset: int, size: int) -> bytes:
        """What stands at an offset of a disk's image; at most 4 MiB."""
        return await self._blocks.block_peek(self.key, disk, offset, size)

    async def memory_peek(self, offset: int, size: int, *, physical: bool = False) -> bytes:
        """What stands at an address of the guest's memory; at most 4 MiB.

        Args:
            offset: The address.
            size: How many bytes.
            physical: Whether it is a physical address; else one of the first processor's.
        """
        return await self._blocks.memory_peek(self.key, offset, size, physical=physical)

    async def io_tune(
        self, disk: str | None = None, *, live: bool = False, config: bool = False
    ) -> Mapping[str, ParamValue]:
        """The limits of a disk by libvirt's names, such as ``total_bytes_sec``; 0 is none."""
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        return await self._blocks.io_tune(self.key, disk, flags=flags)

    async def set_io_tune(
        self, disk: str, limits: TypedParams, *, live: bool = False, config: bool = False
    ) -> None:
        """Set limits of a disk.

            await vm.set_io_tune("vda", {"total_iops_sec": 500}, live=True)

        Args:
            disk: Which disk.
            limits: By libvirt's names; a limit of 0 is none.
            live: Of the running instance.
            config: Of the definition.
        """
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        await self._blocks.set_io_tune(self.key, disk, limits, flags=flags)

    async def disk_errors(self) -> Mapping[str, str]:
        """The disks that have an error: ``unspecified error`` or ``no space``."""
        return await self._blocks.disk_errors(self.key)

    async def set_block_threshold(self, disk: str, threshold: int) -> None:
        """Have a `BlockThresholdEvent` sent, once, when so many bytes of the image are used."""
        await self._blocks.set_block_threshold(self.key, disk, int(threshold))

    async def set_throttle_group(
        self, group: str, limits: TypedParams, *, live: bool = False, config: bool = False
    ) -> None:
        """Set the limits that several disks have together; the group is made if there is none."""
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        await self._blocks.set_throttle_group(self.key, group, limits, flags=flags)

    async def delete_throttle_group(
        self, group: str, *, live: bool = False, config: bool = False
    ) -> None:
        """Forget a group that no disk is in."""
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        await self._blocks.delete_throttle_group(self.key, group, flags=flags)

    # --- jobs -----------------------------------------------------------------------------------

    async def block_pull(
        self,
        disk: str,
        *,
        base: str | None = None,
        relative: bool = False,
        bandwidth: int = 0,
        wait: bool = True,
        progress: OnBlockProgress | None = None,
    ) -> None:
        """Fill a disk's image with all that it has from the images below it.

        Args:
            disk: Which disk.
            base: Down to this image, which stays below; all of them if None.
            relative: Keep the path to `base` relative.
            bandwidth: The limit.
            wait: Return when it is done; else when it has begun.
            progress: Gets how far it is, now and then.

        Raises:
            RemoteError: It failed, or somebody gave it up.

        Cancellation: the job is given up; what was filled stays filled.
        """
        flags = flag_set("DomainBlockRebaseFlags", 0, relative=relative)

        async def begin() -> None:
            if base is None and not relative:
                await self._blocks.block_pull(self.key, disk, bandwidth=bandwidth)
            else:
                await self._blocks.block_rebase(
                    self.key, disk, base, bandwidth=bandwidth, flags=flags
                )

        await self._job(disk).run(begin, wait=wait, progress=progress)

    async def block_commit(  # noqa: PLR0913 - each is a choice of its own
        self,
        disk: str,
        *,
        base: str | None = None,
        top: str | None = None,
        shallow: bool = False,
        delete: bool = False,
        relative: bool = False,
        pivot: bool | None = True,
        bandwidth: int = 0,
        wait: bool = True,
        progress: OnBlockProgress | None = None,
    ) -> None:
        """Write what lies above an image into it, and so make the chain shorter.

        Args:
            disk: Which disk.
            base: The image that is written to; the lowest if None.
            top: The highest image that is merged; the one in use if None.
            shallow: Only into the image right below `top`.
            delete: Delete the images that are not needed any more.
            relative: Keep paths between images relative.
            pivot: When the image in use is merged, go over to `base`; else keep it in use. None
                lets the job go on, so that `base` follows it until `abort_block_job`.
            bandwidth: The limit.
            wait: Return when it is done; else when it has begun, and then nothing goes over.
            progress: Gets how far it is, now and then.

        Raises:
            RemoteError: It failed, or somebody gave it up.

        Cancellation: the job is given up; the chain stays as it was.
        """
        flags = flag_set(
            "DomainBlockCommitFlags",
            0,
            shallow=shallow,
            delete=delete,
            relative=relative,
            active=top is None,
        )

        async def begin() -> None:
            await self._blocks.block_commit(
                self.key, disk, base=base, top=top, bandwidth=bandwidth, flags=flags
            )

        await self._job(disk).run(begin, wait=wait, progress=progress, pivot=pivot)

    async def block_copy(  # noqa: PLR0913 - each is a choice of its own
        self,
        disk: str,
        destination: Disk | str,
        *,
        shallow: bool = False,
        reuse_external: bool = False,
        synchronous_writes: bool = False,
        settings: TypedParams | None = None,
        pivot: bool | None = False,
        wait: bool = True,
        progress: OnBlockProgress | None = None,
    ) -> None:
        """Copy a disk while the guest runs.

        Args:
            disk: What is copied.
            destination: The copy as a disk, or its XML.
            shallow: Only its image, not those below it.
            reuse_external: The file of the copy is there already.
            synchronous_writes: Let the guest wait for both: so the copy gets whole.
            settings: By libvirt's names: ``bandwidth``, ``granularity``, ``buf-size``, in bytes.
            pivot: Go over to the copy when it is whole; else keep the disk, and the copy is what
                it was then. None lets the copy follow the disk until `abort_block_job`.
            wait: Return when that is done; else when it has begun, and then nothing goes over.
            progress: Gets how far it is, now and then.

        Raises:
            RemoteError: It failed, or somebody gave it up.

        Cancellation: the job is given up; the disk stays in use.
        """
        flags = flag_set(
            "DomainBlockCopyFlags",
            0,
            shallow=shallow,
            reuse_ext=reuse_external,
            synchronous_writes=synchronous_writes,
            transient_job=True,
        )

        async def begin() -> None:
            await self._blocks.block_copy(
                self.key, disk, destination, settings=settings or {}, flags=flags
            )

        await self._job(disk).run(begin, wait=wait, progress=progress, pivot=pivot)

    async def block_job(self, disk: str) -> BlockJobInfo | None:
        """How far the job of a disk is; None when there is none."""
        return await self._blocks.block_job_info(self.key, disk)

    async def set_block_job_speed(self, disk: str, bandwidth: int) -> None:
        """Limit the job of a disk."""
        await self._blocks.set_block_job_speed(self.key, disk, bandwidth)

    async def abort_block_job(self, disk: str, *, pivot: bool = False, wait: bool = True) -> None:
        """End the job of a disk.

        Args:
            disk: Which disk.
            pivot: Go over to the copy, which must be whole; else all is undone.
            wait: Return when it has ended.

        Raises:
            InvalidState: It cannot go over yet.
        """
        flags = flag_set("DomainBlockJobAbortFlags", 0, pivot=pivot, **{"async": not wait})
        await self._blocks.abort_block_job(self.key, disk, flags=flags)

    def _job(self, disk: str) -> BlockJob:
        return BlockJob(self._driver, self.key, disk)
