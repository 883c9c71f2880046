"""The data of volumes: uploads and downloads, with holes where the client can do with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiovirt.bindings.values import VOLUME
from aiovirt.daemon.service.handler import StreamHandler
from aiovirt.daemon.streaming.serving import Opening, served
from aiovirt.daemon.streaming.stream import ServedStream
from aiovirt.interfaces import StorageVolumes, VolumeSource, refuse_flags
from aiovirt.model.constants import StorageVolDownloadFlags, StorageVolUploadFlags
from aiovirt.model.storage import Hole
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import storage as p

__all__ = ["HANDLERS"]


async def _upload(opening: Opening, args: p.StorageVolUploadArgs) -> None:
    ability = opening.ability(StorageVolumes)
    flag = StorageVolUploadFlags.SPARSE_STREAM
    refuse_flags(ability.driver_name, "upload", args.flags, flag)
    sparse = bool(args.flags & flag)
    async with ability.upload(
        VOLUME.read(args.vol), offset=args.offset, length=args.length, sparse=sparse
    ) as sink:
        stream = opening.open(Empty(), holes=sparse)
        with stream.while_wanted():
            async for item in stream:
                await sink.send(item)


async def _download(opening: Opening, args: p.StorageVolDownloadArgs) -> None:
    ability = opening.ability(StorageVolumes)
    flag = StorageVolDownloadFlags.SPARSE_STREAM
    refuse_flags(ability.driver_name, "download", args.flags, flag)
    async with ability.download(
        VOLUME.read(args.vol),
        offset=args.offset,
        length=args.length,
        sparse=bool(args.flags & flag),
    ) as source:
        await _send_all(opening.open(Empty(), incoming=False), source)


async def _send_all(stream: ServedStream, source: VolumeSource) -> None:
    """Send everything, and wait until the client ends the stream, which it may do before."""
    with stream.while_wanted(after_s=0):
        async for item in source:
            if isinstance(item, Hole):
                await stream.send_hole(item.length)
            else:
                await stream.send(item)
        stream.send_end()
        await stream.wait_end()


HANDLERS: Mapping[Procedure[Any, Any], StreamHandler] = {
    p.STORAGE_VOL_UPLOAD: served(p.STORAGE_VOL_UPLOAD, _upload),
    p.STORAGE_VOL_DOWNLOAD: served(p.STORAGE_VOL_DOWNLOAD, _download),
}
"""What answers the procedures about the data of volumes."""
