"""Verbs about files and folders of storage pools, also those that are no volumes."""

from __future__ import annotations

from typing import Annotated

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.results import Column, Plain, Row, Rows
from aiovirt.cli.storage import PoolArg, find_pool, pretty
from aiovirt.model.storage import PoolFile

__all__ = ["pool_files", "pool_mkdir", "pool_move", "pool_remove"]

PathArg = Annotated[str, about("Its path in the pool, such as web1/web1.vmdk.")]


def _size(row: Row) -> str:
    return "" if row["size"] is None else pretty(int(str(row["size"])))


_COLUMNS = [
    Column("name", "Name", show=lambda row: f"{row['name']}{'/' if row['folder'] else ''}"),
    Column("size", "Size", show=_size),
    Column("modified", "Modified"),
]


async def pool_files(
    pool: PoolArg,
    folder: Annotated[str, about("The folder; the topmost one if it is left out.")] = "",
    *,
    session: SessionArg,
) -> Rows:
    """List the files and folders in a folder of a storage pool.

    For example:

        aiovirt pool-files datastore1 web1
    """
    found = await find_pool(session, pool)
    return Rows(_COLUMNS, [_row(each) for each in await found.files(folder)])


def _row(file: PoolFile) -> Row:
    when = "" if file.modified is None else file.modified.isoformat(" ", "seconds")
    return {"name": file.path, "size": file.size, "modified": when, "folder": file.is_folder}


async def pool_mkdir(
    pool: PoolArg,
    folder: Annotated[str, about("Its path; folders on the way are made, too.")],
    *,
    session: SessionArg,
) -> Plain:
    """Make a folder in a storage pool.

    For example:

        aiovirt pool-mkdir datastore1 iso/linux
    """
    found = await find_pool(session, pool)
    await found.make_folder(folder)
    return _done(found.name, folder, "created", f"Folder {folder} created in pool {found.name}")


async def pool_move(
    pool: PoolArg,
    path: PathArg,
    new: Annotated[str, about("Its new path.")],
    *,
    to: Annotated[str | None, about("Another pool that it is moved to.")] = None,
    session: SessionArg,
) -> Plain:
    """Move or rename a file, a folder or a disk of a storage pool.

    For example:

        aiovirt pool-move datastore1 web1/web1.vmdk web2/root.vmdk
        aiovirt pool-move datastore1 iso iso --to datastore2
    """
    found = await find_pool(session, pool)
    into = None if to is None else await find_pool(session, to)
    async with session.progress(f"{path}: moving"):
        await found.move_file(path, new, into=into)
    where = (into or found).name
    return _done(where, new, "moved", f"{path} moved to {new} in pool {where}")


async def pool_remove(pool: PoolArg, path: PathArg, *, session: SessionArg) -> Plain:
    """Remove a file, or a folder with all that is in it, from a storage pool.

    For example:

        aiovirt pool-remove datastore1 old-machine
    """
    found = await find_pool(session, pool)
    await found.remove_file(path)
    return _done(found.name, path, "removed", f"{path} removed from pool {found.name}")


def _done(pool: str, path: str, result: str, sentence: str) -> Plain:
    data = {"name": path, "pool": pool, "result": result}
    return Plain(sentence, data, [path], chatter=True)
