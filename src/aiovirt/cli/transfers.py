"""``vol-upload`` and ``vol-download``: files into volumes, and volumes into files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.bars import bar
from aiovirt.cli.results import Plain
from aiovirt.cli.storage import PoolOption, VolumeArg, find_volume, volume_done

__all__ = ["vol_download", "vol_upload"]

OffsetArg = Annotated[
    int, Parameter(help="Bytes of the volume to leave out.", validator=Number(gte=0))
]
LengthArg = Annotated[int, Parameter(help="Bytes at most; 0 for all.", validator=Number(gte=0))]
SparseArg = Annotated[bool, about("Keep holes.")]


async def vol_upload(
    vol: VolumeArg,
    file: Annotated[Path, about("The file.")],
    pool: PoolOption = None,
    *,
    offset: OffsetArg = 0,
    length: LengthArg = 0,
    sparse: SparseArg = False,
    session: SessionArg,
) -> Plain:
    """Write a file into a storage volume.

    For example:

        aiovirt vol-upload web1.img disk.img --pool images --sparse
    """
    found = await find_volume(session, vol, pool)
    with bar(f"uploading {file.name}", wanted=not session.settings.quiet) as progress:
        sent = await found.upload_file(
            file, size=length, offset=offset, sparse=sparse, progress=progress
        )
    sentence = f"Vol {found.name} written from {file}: {sent} bytes"
    return volume_done(found.key, "uploaded", sentence, file=str(file), size=sent)


async def vol_download(
    vol: VolumeArg,
    file: Annotated[Path, about("The file.")],
    pool: PoolOption = None,
    *,
    offset: OffsetArg = 0,
    length: LengthArg = 0,
    sparse: SparseArg = False,
    session: SessionArg,
) -> Plain:
    """Write a storage volume into a file, whole or not at all.

    For example:

        aiovirt vol-download web1.img disk.img --pool images --sparse
    """
    found = await find_volume(session, vol, pool)
    with bar(f"downloading {found.name}", wanted=not session.settings.quiet) as progress:
        got = await found.download_file(
            file, size=length, offset=offset, sparse=sparse, progress=progress
        )
    sentence = f"Vol {found.name} read into {file}: {got} bytes"
    return volume_done(found.key, "downloaded", sentence, file=str(file), size=got)
