"""Verbs about storage volumes that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.bars import bar
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Record, Row, Rows
from aiovirt.cli.storage import (
    PoolArg,
    PoolOption,
    VolumeArg,
    amount,
    describe_volume,
    find_pool,
    find_volume,
    pretty,
    volume_done,
)
from aiovirt.model.storage import StorageVolumeRecord
from aiovirt.model.units import Bytes

if TYPE_CHECKING:
    from aiovirt.objects import StorageVolume

__all__ = [
    "vol_delete",
    "vol_dumpxml",
    "vol_info",
    "vol_key",
    "vol_list",
    "vol_name",
    "vol_path",
    "vol_pool",
    "vol_resize",
    "vol_wipe",
]


def _size(key: str, heading: str, *, bare: bool = False) -> Column:
    def show(row: Row) -> str:
        count = int(str(row[key]))
        return f"{count} bytes" if bare else pretty(count)

    return Column(key, heading, show=show)


_NAME = Column("name", "Name")
_SHORT = [_NAME, Column("path", "Path")]
_LONG = [
    *_SHORT,
    Column("type", "Type"),
    _size("capacity", "Capacity"),
    _size("allocation", "Allocation"),
]


async def vol_list(
    pool: PoolArg,
    *,
    details: Annotated[bool, about("Types and sizes, too.")] = False,
    session: SessionArg,
) -> Rows:
    """List the volumes of a storage pool.

    For example:

        aiovirt vol-list images --details
    """
    records = await (await find_pool(session, pool)).volume_records()
    return Rows(_LONG if details else _SHORT, [describe_volume(record) for record in records])


async def vol_info(
    vol: VolumeArg,
    pool: PoolOption = None,
    *,
    bare: Annotated[bool, Parameter(name="--bytes", help="Sizes in bytes.")] = False,
    physical: Annotated[bool, about("How long its file is, not what it takes.")] = False,
    session: SessionArg,
) -> Record:
    """Show type and sizes of a storage volume.

    For example:

        aiovirt vol-info web1.qcow2 --pool images
        aiovirt vol-info /srv/images/web1.qcow2 --bytes
    """
    found = await find_volume(session, vol, pool)
    info = await found.info(physical=physical)
    row = dict(describe_volume(StorageVolumeRecord(found.key, await found.path(), info)))
    last = "physical" if physical else "allocation"
    row[last] = row.pop("allocation")
    sizes = [_size(key, key.capitalize(), bare=bare) for key in ("capacity", last)]
    return Record([_NAME, Column("type", "Type"), *sizes], row)


async def vol_dumpxml(vol: VolumeArg, pool: PoolOption = None, *, session: SessionArg) -> Plain:
    """Print the configuration of a storage volume as XML.

    For example:

        aiovirt vol-dumpxml web1.qcow2 --pool images
    """
    found = await find_volume(session, vol, pool)
    xml = await found.xml()
    data = {"name": found.name, "pool": found.pool_name, "key": found.key.key, "xml": xml}
    return Plain(xml.rstrip("\n"), data, [found.name])


def _word(volume: StorageVolume, key: str, text: str) -> Plain:
    """One value of a volume."""
    data = {"name": volume.name, "pool": volume.pool_name, "key": volume.key.key, key: text}
    return Plain(text, data, [text])


async def vol_key(vol: VolumeArg, pool: PoolOption = None, *, session: SessionArg) -> Plain:
    """Print the key of a storage volume.

    For example:

        aiovirt vol-key web1.qcow2 --pool images
    """
    found = await find_volume(session, vol, pool)
    return _word(found, "key", found.key.key)


async def vol_path(vol: VolumeArg, pool: PoolOption = None, *, session: SessionArg) -> Plain:
    """Print where a storage volume is on the host.

    For example:

        aiovirt vol-path web1.qcow2 --pool images
    """
    found = await find_volume(session, vol, pool)
    return _word(found, "path", await found.path())


async def vol_name(vol: VolumeArg, *, session: SessionArg) -> Plain:
    """Print the name of a storage volume.

    For example:

        aiovirt vol-name /srv/images/web1.qcow2
    """
    found = await find_volume(session, vol, None)
    return _word(found, "name", found.name)


async def vol_pool(
    vol: VolumeArg,
    *,
    uuid: Annotated[bool, about("The pool's UUID, not its name.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the pool of a storage volume.

    For example:

        aiovirt vol-pool /srv/images/web1.qcow2
    """
    found = await find_volume(session, vol, None)
    pool = await session.host.pools.of(found)
    data = {"name": found.name, "pool": pool.name, "pool_uuid": str(pool.uuid)}
    text = str(pool.uuid) if uuid else pool.name
    return Plain(text, data, [text])


async def vol_delete(
    vol: VolumeArg,
    pool: PoolOption = None,
    *,
    delete_snapshots: Annotated[bool, about("Its snapshots, too.")] = False,
    session: SessionArg,
) -> Plain:
    """Remove a storage volume with its data.

    For example:

        aiovirt vol-delete old.qcow2 --pool images
    """
    found = await find_volume(session, vol, pool)
    await found.delete(snapshots=delete_snapshots)
    return volume_done(found.key, "deleted", f"Vol {vol} deleted")


async def vol_wipe(
    vol: VolumeArg,
    pool: PoolOption = None,
    *,
    algorithm: Annotated[str, about("How: zero, trim, random, or one of scrub(1).")] = "zero",
    session: SessionArg,
) -> Plain:
    """Overwrite all data of a storage volume.

    For example:

        aiovirt vol-wipe old.img --pool images
    """
    found = await find_volume(session, vol, pool)
    async with session.progress(f"{found.name}: overwriting"):
        await found.wipe(algorithm=algorithm)
    return volume_done(found.key, "wiped", f"Vol {vol} wiped")


async def vol_resize(
    vol: VolumeArg,
    capacity: Annotated[str, Parameter(help="Such as 10G.", allow_leading_hyphen=True)],
    pool: PoolOption = None,
    *,
    allocate: Annotated[bool, about("Let it take its whole size at once.")] = False,
    delta: Annotated[bool, about("The capacity is a difference.")] = False,
    shrink: Annotated[bool, about("It may become smaller: what is beyond is lost.")] = False,
    session: SessionArg,
) -> Plain:
    """Change the capacity of a storage volume that no running domain has.

    For example:

        aiovirt vol-resize web1.qcow2 20G --pool images
        aiovirt vol-resize web1.qcow2 5G --delta --pool images
    """
    size = _capacity(capacity, signed=delta and shrink)
    found = await find_volume(session, vol, pool)
    with bar(f"resizing {found.name}", wanted=allocate and not session.settings.quiet) as progress:
        await found.resize(size, allocate=allocate, delta=delta, shrink=shrink, progress=progress)
    how = "by" if delta else "to"
    sentence = f"Size of volume '{found.name}' successfully changed {how} {capacity}"
    return volume_done(found.key, "resized", sentence)


def _capacity(text: str, *, signed: bool) -> Bytes:
    """The capacity, without the sign that says what ``--delta --shrink`` says already."""
    if text.startswith("-") and not signed:
        raise UsageError(
            f"the capacity {text} is negative", hint="--delta --shrink takes that much off"
        )
    return amount(text.removeprefix("-"), "capacity")
