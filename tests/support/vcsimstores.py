"""Operations on datastores that the simulator can do: disks and files."""

from __future__ import annotations

from vcsimscene import Check, Operation, Scene, Stage

__all__ = ["GIB", "STORES", "create_volume"]

GIB = 1 << 30
MADE = "made/disk.vmdk"


async def create_volume(scene: Scene, name: str = MADE) -> None:
    """Make a disk that belongs to nobody."""
    text = (
        f"<volume><name>{name}</name><capacity>{GIB}</capacity>"
        "<target><format type='vmdk'/></target></volume>"
    )
    await (await scene.pool()).create_volume(text)


def in_folder(folder: str, *names: str) -> Check:
    """The folder of the datastore has these files."""
    return lambda stage: set(names) <= stage.checker.files(folder)


async def delete_volume(scene: Scene) -> None:
    """Make a disk and delete it."""
    await create_volume(scene)
    await (await (await scene.pool()).volume(MADE)).delete()


def is_deleted(stage: Stage) -> bool:
    """The disk is not there any more."""
    return not (stage.store / MADE).exists()


async def clone_volume(scene: Scene) -> None:
    """Copy a disk."""
    await create_volume(scene)
    pool = await scene.pool()
    await pool.clone_volume(await pool.volume(MADE), name="made/copy.vmdk")


DATA = b"data of a volume, with zeros\0\0\0" * 1000


def old_file(stage: Stage) -> None:
    """Put a file into the datastore that is to have other data."""
    (stage.store / "some.iso").write_bytes(b"what was there")


async def upload(scene: Scene) -> None:
    """Write over a file of the datastore."""
    async with (await (await scene.pool()).volume("some.iso")).upload(size=len(DATA)) as sink:
        await sink.send(DATA)


def has_data(stage: Stage) -> bool:
    """The file has the data, and nothing of the work is left."""
    left = {path.name for path in stage.store.iterdir() if path.is_file()}
    return left == {"some.iso"} and (stage.store / "some.iso").read_bytes() == DATA


def some_file(stage: Stage) -> None:
    """Put a file into the datastore."""
    (stage.store / "some.iso").write_bytes(DATA)


async def download(scene: Scene) -> None:
    """Read a file of the datastore."""
    got = bytearray()
    async with (await (await scene.pool()).volume("some.iso")).download() as source:
        async for chunk in source:
            assert isinstance(chunk, bytes)
            got += chunk
    assert got == DATA


async def list_volumes(scene: Scene) -> None:
    """List the datastore."""
    found = {volume.name for volume in await (await scene.pool()).volumes()}
    assert "some.iso" in found


async def delete_medium(scene: Scene) -> None:
    """Delete a file."""
    await (await (await scene.pool()).volume("some.iso")).delete()


async def clone_medium(scene: Scene) -> None:
    """Copy a file."""
    pool = await scene.pool()
    await pool.clone_volume(await pool.volume("some.iso"), name="other.iso")


async def move_disk(scene: Scene) -> None:
    """Make a disk and move it to another folder."""
    await create_volume(scene)
    await (await scene.pool()).move_file(MADE, "moved/disk.vmdk")


async def move_medium(scene: Scene) -> None:
    """Give a file another name."""
    await (await scene.pool()).move_file("some.iso", "other.iso")


async def make_folder(scene: Scene) -> None:
    """Make a folder."""
    await (await scene.pool()).make_folder("made")


async def remove_file(scene: Scene) -> None:
    """Remove a file."""
    await (await scene.pool()).remove_file("some.iso")


def is_removed(stage: Stage) -> bool:
    """The file is not there any more."""
    return not (stage.store / "some.iso").exists()


FILES = (
    Operation(
        "MoveVirtualDisk_Task",
        "StoragePool.move_file of a disk",
        move_disk,
        lambda stage: (stage.store / "moved/disk.vmdk").exists() and is_deleted(stage),
    ),
    Operation(
        "MoveDatastoreFile_Task",
        "StoragePool.move_file",
        move_medium,
        lambda stage: (stage.store / "other.iso").read_bytes() == DATA and is_removed(stage),
        some_file,
    ),
    Operation(
        "MakeDirectory",
        "StoragePool.make_folder",
        make_folder,
        lambda stage: (stage.store / "made").is_dir(),
    ),
    Operation(
        *("DeleteDatastoreFile_Task", "StoragePool.remove_file", remove_file, is_removed),
        some_file,
    ),
)

VOLUMES = (
    Operation(
        "SearchDatastoreSubFolders_Task",
        "StoragePool.volumes",
        list_volumes,
        in_folder("", "some.iso"),
        some_file,
    ),
    Operation(
        "CreateVirtualDisk_Task",
        "StoragePool.create_volume",
        create_volume,
        in_folder("made", "disk.vmdk"),
    ),
    Operation("DeleteVirtualDisk_Task", "StorageVolume.delete", delete_volume, is_deleted),
    Operation(
        "CopyVirtualDisk_Task",
        "StoragePool.clone_volume",
        clone_volume,
        in_folder("made", "disk.vmdk", "copy.vmdk"),
    ),
    Operation(
        "DeleteDatastoreFile_Task",
        "StorageVolume.delete of a medium",
        delete_medium,
        is_removed,
        some_file,
    ),
    Operation(
        "CopyDatastoreFile_Task",
        "StoragePool.clone_volume of a medium",
        clone_medium,
        lambda stage: (stage.store / "other.iso").read_bytes() == DATA,
        some_file,
    ),
    Operation("PUT /folder", "StorageVolume.upload", upload, has_data, old_file),
    Operation(
        *("GET /folder", "StorageVolume.download", download, in_folder("", "some.iso")),
        some_file,
    ),
)

STORES = (*VOLUMES, *FILES)
"""All of datastores."""
