"""Disks of a domain and the work on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from aiovirt.config import Disk
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.blocks import BlockInfo, BlockJobInfo
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue, TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainBlockCommitFlags,
        DomainBlockCopyFlags,
        DomainBlockJobAbortFlags,
        DomainBlockJobInfoFlags,
        DomainBlockJobSetSpeedFlags,
        DomainBlockPullFlags,
        DomainBlockRebaseFlags,
        DomainBlockResizeFlags,
        DomainModificationImpact,
    )

__all__ = ["Blocks"]

NO_SETTINGS: TypedParams = {}


class Blocks(Ability):
    """Questions about a domain's disks, and long work on them, one job a disk.

    A disk is named by its target, such as ``vda``, or by the path of its image; ``vda[2]`` is an
    image of its chain.  A bandwidth is in bytes a second, and 0 is no limit.  A job goes on by
    itself: `BlockJobEvent` tells how it ended.

    Raises:
        NotFound: There is no such domain, or no such disk.
        InvalidState: It must run for this, and does not.
    """

    @operation
    async def block_info(self, domain: DomainKey, disk: str) -> BlockInfo:
        """The sizes of a disk."""
        raise NotImplementedError

    @operation
    async def block_resize(
        self,
        domain: DomainKey,
        disk: str,
        size: int,
        *,
        flags: DomainBlockResizeFlags | Literal[0] = 0,
    ) -> None:
        """Give a disk another size, in bytes; the guest sees it at once."""
        raise NotImplementedError

    @operation
    async def block_peek(self, domain: DomainKey, disk: str, offset: int, size: int) -> bytes:
        """What stands at an offset of a disk's image, in bytes; at most 4 MiB."""
        raise NotImplementedError

    @operation
    async def memory_peek(
        self, domain: DomainKey, offset: int, size: int, *, physical: bool = False
    ) -> bytes:
        """What stands at an address of the guest's memory; at most 4 MiB.

        Args:
            domain: Which domain.
            offset: The address.
            size: How many bytes.
            physical: Whether it is a physical address; else one of the first processor's.
        """
        raise NotImplementedError

    @operation
    async def io_tune(
        self,
        domain: DomainKey,
        disk: str | None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> Mapping[str, ParamValue]:
        """The limits of a disk by libvirt's names, such as ``total_bytes_sec``."""
        raise NotImplementedError

    @operation
    async def set_io_tune(
        self,
        domain: DomainKey,
        disk: str,
        limits: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Set limits of a disk; those that are not named stay, or become none."""
        raise NotImplementedError

    @operation
    async def disk_errors(self, domain: DomainKey) -> Mapping[str, str]:
        """The disks that have an error: ``unspecified error`` or ``no space``."""
        raise NotImplementedError

    @operation
    async def set_block_threshold(self, domain: DomainKey, disk: str, threshold: int) -> None:
        """Have a `BlockThresholdEvent` sent, once, when so many bytes of the image are used."""
        raise NotImplementedError

    @operation
    async def set_throttle_group(
        self,
        domain: DomainKey,
        group: str,
        limits: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Set the limits of a group of disks, which is made if it is not there."""
        raise NotImplementedError

    @operation
    async def delete_throttle_group(
        self,
        domain: DomainKey,
        group: str,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Forget a group of disks that no disk is in."""
        raise NotImplementedError

    # --- jobs -----------------------------------------------------------------------------------

    @operation
    async def block_pull(
        self,
        domain: DomainKey,
        disk: str,
        *,
        bandwidth: int = 0,
        flags: DomainBlockPullFlags | Literal[0] = 0,
    ) -> None:
        """Begin to fill a disk's image with all that it has from the images below it."""
        raise NotImplementedError

    @operation
    async def block_rebase(
        self,
        domain: DomainKey,
        disk: str,
        base: str | None = None,
        *,
        bandwidth: int = 0,
        flags: DomainBlockRebaseFlags | Literal[0] = 0,
    ) -> None:
        """Begin to fill a disk's image with what lies above `base`; or to copy, by its flags."""
        raise NotImplementedError

    @operation
    async def block_copy(
        self,
        domain: DomainKey,
        disk: str,
        destination: Disk | str,
        *,
        settings: TypedParams = NO_SETTINGS,
        flags: DomainBlockCopyFlags | Literal[0] = 0,
    ) -> None:
        """Begin to copy a disk; once the copy is whole it follows the disk until it is told.

        Args:
            domain: Which domain.
            disk: What is copied.
            destination: The disk as it shall be, or its XML.
            settings: By libvirt's names: ``bandwidth``, ``granularity`` and ``buf-size``, in bytes.
            flags: libvirt's.
        """
        raise NotImplementedError

    @operation
    async def block_commit(
        self,
        domain: DomainKey,
        disk: str,
        *,
        base: str | None = None,
        top: str | None = None,
        bandwidth: int = 0,
        flags: DomainBlockCommitFlags | Literal[0] = 0,
    ) -> None:
        """Begin to write what lies above `base`, up to `top`, into it.

        Args:
            domain: Which domain.
            disk: Which disk.
            base: The image that is written to; the lowest if None.
            top: The highest image that is merged; with None the one in use, which needs `ACTIVE`.
            bandwidth: The limit.
            flags: libvirt's.
        """
        raise NotImplementedError

    @operation
    async def block_job_info(
        self, domain: DomainKey, disk: str, *, flags: DomainBlockJobInfoFlags | Literal[0] = 0
    ) -> BlockJobInfo | None:
        """How far the job of a disk is; None when there is none.

        The driver asks for bytes by itself; that flag changes nothing.
        """
        raise NotImplementedError

    @operation
    async def set_block_job_speed(
        self,
        domain: DomainKey,
        disk: str,
        bandwidth: int,
        *,
        flags: DomainBlockJobSetSpeedFlags | Literal[0] = 0,
    ) -> None:
        """Limit the job of a disk."""
        raise NotImplementedError

    @operation
    async def abort_block_job(
        self, domain: DomainKey, disk: str, *, flags: DomainBlockJobAbortFlags | Literal[0] = 0
    ) -> None:
        """End the job of a disk: undone, or with `PIVOT` by going over to the copy.

        Returns when it has ended; with `ASYNC` at once.

        Raises:
            InvalidState: It cannot go over: the copy is not whole yet.
        """
        raise NotImplementedError
