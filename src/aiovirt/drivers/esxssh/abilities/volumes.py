"""Virtual disks and media as storage volumes: ``vmkfstools``, and the shell for plain files."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Literal

from aiovirt.config import StorageVolumeConfig
from aiovirt.config.making import make, to_text
from aiovirt.drivers.common.datastores import DISK, new_volume, volume_path
from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.images import SECTOR, Image, list_images
from aiovirt.drivers.esxssh.link import LONG_S
from aiovirt.drivers.esxssh.transfers import Spot, open_sink, open_source
from aiovirt.errors import (
    AlreadyExists,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    Unsupported,
)
from aiovirt.interfaces import StorageVolumes, VolumeSink, VolumeSource, refuse_flags
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StorageVolumeInfo, StorageVolumeRecord, VolumeType
from aiovirt.protocols.esxcli import DatastorePath

if TYPE_CHECKING:
    from aiovirt.drivers.esxssh.datastores import Datastore
    from aiovirt.model.constants import (
        StorageVolCreateFlags,
        StorageVolDeleteFlags,
        StorageVolResizeFlags,
    )

__all__ = ["EsxStorageVolumes"]

_TAKEN = 81
_UNLESS_THERE = "[ -e {file} ] && exit 81; "
_NEW = _UNLESS_THERE + "dd if=/dev/zero of={file} bs=1 count=0 seek={size} 2>/dev/null"
_COPY = _UNLESS_THERE + "cp {source} {file}"


class EsxStorageVolumes(EsxAbility, StorageVolumes):
    """See `StorageVolumes`. A volume's name is its path in the datastore, as ``web1/web1.vmdk``."""

    # --- looking ------------------------------------------------------------------------------

    async def _store(self, pool: StoragePoolKey | str) -> Datastore:
        name = pool if isinstance(pool, str) else pool.name
        store = await self.context.datastores.get(name)
        if not store.mounted:
            raise InvalidState(f"the datastore {name!r} of {self.host.where} is not mounted")
        return store

    async def _all(self, pool: StoragePoolKey) -> list[Image]:
        return await list_images(self.host, await self._store(pool))

    async def _find(self, volume: StorageVolumeKey) -> Image:
        return await self.image_at(DatastorePath(volume.pool, volume.name))

    async def image_at(self, path: DatastorePath) -> Image:
        """The volume of a path.

        Raises:
            NotFound: There is none.
        """
        store = await self._store(path.datastore)
        for image in await list_images(self.host, store, posixpath.dirname(path.path)):
            if image.path == path:
                return image
        raise NotFound(f"{self.host.where} has no volume {path}")

    async def keys(self, pool: StoragePoolKey) -> Sequence[StorageVolumeKey]:
        """See `StorageVolumes.keys`."""
        return [_key(image) for image in await self._all(pool)]

    async def records(self, pool: StoragePoolKey) -> Sequence[StorageVolumeRecord]:
        """See `StorageVolumes.records`."""
        return [
            StorageVolumeRecord(_key(image), str(image.path), _info(image))
            for image in await self._all(pool)
        ]

    async def find_by_name(self, pool: StoragePoolKey, name: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_name`."""
        return _key(await self.image_at(volume_path(pool.name, name)))

    async def find_by_key(self, key: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_key`: the key is the path."""
        return await self.find_by_path(key)

    async def find_by_path(self, path: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_path`: ``[datastore1] web1/web1.vmdk``, or on the host."""
        if path.startswith("["):
            return _key(await self.image_at(DatastorePath.parse(path)))
        for store in await self.context.datastores.all():
            if store.mounted and path.startswith(f"{store.mount}/"):
                inside = posixpath.relpath(posixpath.normpath(path), store.mount)
                return _key(await self.image_at(DatastorePath(store.name, inside)))
        raise NotFound(f"{self.host.where} has no volume {path!r}")

    async def info(self, volume: StorageVolumeKey, *, physical: bool = False) -> StorageVolumeInfo:
        """See `StorageVolumes.info`."""
        return _info(await self._find(volume), physical=physical)

    async def config(self, volume: StorageVolumeKey) -> StorageVolumeConfig:
        """See `StorageVolumes.config`."""
        image = await self._find(volume)
        # As elements, for libvirt's grammar allows no slash in the name; its own driver has one.
        document = make(
            "volume",
            make("name", image.path.path),
            make("key", str(image.path)),
            make("capacity", str(image.capacity), unit="bytes"),
            make("allocation", str(image.allocation), unit="bytes"),
            make("physical", str(image.length), unit="bytes"),
            make("target", make("path", str(image.path)), make("format", type=image.format)),
            type="file",
        )
        return StorageVolumeConfig.parse(to_text(document))

    async def path(self, volume: StorageVolumeKey) -> str:
        """See `StorageVolumes.path`: the path in the datastore, as disks of domains have it."""
        return str((await self._find(volume)).path)

    # --- making -------------------------------------------------------------------------------

    async def create(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        *,
        metadata: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """See `StorageVolumes.create`.

        A disk is thin unless it is allocated whole; its folder is made. What ends in ``.iso``,
        ``.img`` or ``.flp`` is a plain file.
        """
        path = self._wanted(pool, config, metadata=metadata, validate=validate, flags=flags)
        is_disk = path.path.endswith(DISK)
        size = _size(config.capacity, SECTOR if is_disk else 1)
        place = await self._new_place(pool, path)
        if is_disk:
            words = ["vmkfstools", "-c", str(size), "-d", _kind(config), place]
            await self.host.run(words, f"make volume {path}", bound_s=LONG_S)
        else:
            await self._make_file(path, _NEW.format(file=shlex.quote(place), size=size))
        return StorageVolumeKey(path.datastore, path.path, str(path))

    async def _make_file(self, path: DatastorePath, script: str) -> None:
        what = f"make volume {path}"
        output = await self.host.link.run(script, what, bound_s=LONG_S)
        if output.status == _TAKEN:
            raise AlreadyExists(f"{self.host.where} has a volume {path} already")
        self.host.checked(output, what)

    def _wanted(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        *,
        metadata: bool,
        validate: bool,
        flags: int,
    ) -> DatastorePath:
        """Where a new volume shall be.

        Raises:
            ConfigError: It cannot be there, or is of another kind than its name says.
        """
        refuse_flags(DRIVER, "StorageVolumes.create", flags)
        if metadata or validate or config.backing_store:
            raise Unsupported(DRIVER, "StorageVolumes.create", "of such volumes")
        return new_volume(pool.name, config)

    async def _new_place(self, pool: StoragePoolKey, path: DatastorePath) -> str:
        """The host's path of a new volume, whose folder is there."""
        store = await self._store(pool)
        place = posixpath.join(store.mount, path.path)
        await self.host.run(["mkdir", "-p", posixpath.dirname(place)], f"make a folder for {path}")
        return place

    async def create_from(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        source: StorageVolumeKey,
        *,
        metadata: bool = False,
        reflink: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """See `StorageVolumes.create_from`: a disk from a disk, a medium from one of its format."""
        path = self._wanted(pool, config, metadata=metadata, validate=validate, flags=flags)
        if reflink:
            raise Unsupported(DRIVER, "StorageVolumes.create_from", "sharing data")
        image = await self._find(source)
        if posixpath.splitext(image.path.path)[1] != posixpath.splitext(path.path)[1]:
            raise ConfigError(f"{path} cannot have the data of {image.path}", field="target/format")
        place = await self._new_place(pool, path)
        what = f"make volume {path} from {image.path}"
        if path.path.endswith(DISK):
            words = ["vmkfstools", "-i", image.place, "-d", _kind(config), place]
            await self.host.run(words, what, bound_s=LONG_S)
        else:
            names = {"source": shlex.quote(image.place), "file": shlex.quote(place)}
            await self._make_file(path, _COPY.format(**names))
        made = StorageVolumeKey(path.datastore, path.path, str(path))
        if (config.capacity or 0) > image.capacity:
            await self.resize(made, _size(config.capacity))
        return made

    # --- changing -----------------------------------------------------------------------------

    async def delete(
        self,
        volume: StorageVolumeKey,
        *,
        snapshots: bool = False,
        flags: StorageVolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """See `StorageVolumes.delete`; the host refuses it for one that a machine runs with."""
        refuse_flags(DRIVER, "StorageVolumes.delete", flags)
        if snapshots:
            raise Unsupported(DRIVER, "StorageVolumes.delete", "the snapshots are their domain's")
        image = await self._find(volume)
        words = ["vmkfstools", "-U"] if image.format == "vmdk" else ["rm", "-f"]
        await self.host.run([*words, image.place], f"delete volume {image.path}")

    async def resize(
        self,
        volume: StorageVolumeKey,
        capacity: int,
        *,
        allocate: bool = False,
        delta: bool = False,
        shrink: bool = False,
        flags: StorageVolResizeFlags | Literal[0] = 0,
    ) -> None:
        """See `StorageVolumes.resize`: a disk can be made larger."""
        refuse_flags(DRIVER, "StorageVolumes.resize", flags)
        image = await self._find(volume)
        if image.format != "vmdk" or shrink or allocate:
            raise Unsupported(DRIVER, "StorageVolumes.resize", "only disks grow, as they are")
        size = _grown(image, image.capacity + capacity if delta else capacity)
        if size > image.capacity:
            words = ["vmkfstools", "-X", str(size), image.place]
            await self.host.run(words, f"resize volume {image.path}", bound_s=LONG_S)

    async def wipe(self, volume: StorageVolumeKey, *, algorithm: str = "zero") -> None:
        """See `StorageVolumes.wipe`: the host writes zeros to a disk."""
        if algorithm != "zero":
            raise CallerError(f"the host cannot wipe by {algorithm!r}", hint="it knows zero")
        image = await self._find(volume)
        if image.format != "vmdk":
            raise Unsupported(DRIVER, "StorageVolumes.wipe", "only disks can be wiped")
        words = ["vmkfstools", "-w", image.place]
        await self.host.run(words, f"wipe volume {image.path}", bound_s=LONG_S)

    # --- data ---------------------------------------------------------------------------------

    def upload(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSink]:
        """See `StorageVolumes.upload`: the raw data of a disk, or the file of a medium.

        Length and checksum are compared at the end.
        """
        return self._upload(volume, offset, length, sparse=sparse)

    @asynccontextmanager
    async def _upload(
        self, volume: StorageVolumeKey, offset: int, length: int, *, sparse: bool
    ) -> AsyncIterator[VolumeSink]:
        image = await self._find(volume)
        room = _room(image, offset, length)
        spot = Spot(_data(image), str(image.path), offset)
        async with open_sink(self.host, spot, room, sparse=sparse) as sink:
            yield sink

    def download(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSource]:
        """See `StorageVolumes.download`: as `upload`; holes are zeros."""
        del sparse  # the host sends zeros for holes
        return self._download(volume, offset, length)

    @asynccontextmanager
    async def _download(
        self, volume: StorageVolumeKey, offset: int, length: int
    ) -> AsyncIterator[VolumeSource]:
        image = await self._find(volume)
        if offset > image.length:
            raise CallerError(f"volume {image.path} has {image.length} bytes, not {offset}")
        left = image.length - offset
        most = min(length, left) if length else left
        spot = Spot(_data(image), str(image.path), offset)
        async with open_source(self.host, spot, most) as source:
            yield source


def _key(image: Image) -> StorageVolumeKey:
    return StorageVolumeKey(image.path.datastore, image.path.path, str(image.path))


def _info(image: Image, *, physical: bool = False) -> StorageVolumeInfo:
    taken = image.length if physical else image.allocation
    return StorageVolumeInfo(VolumeType.FILE, image.capacity, taken)


def _size(capacity: int | None, unit: int = SECTOR) -> int:
    """A size that a disk can have: whole sectors; or a plain file.

    Raises:
        ConfigError: It is none.
    """
    if not capacity or capacity < 0:
        raise ConfigError("a volume needs a capacity", field="capacity")
    return -(-int(capacity) // unit) * unit


def _grown(image: Image, capacity: int) -> int:
    """The size that a disk shall have.

    Raises:
        ConfigError: It is less than it has.
    """
    size = _size(capacity)
    if size < image.capacity:
        raise ConfigError(
            f"volume {image.path} has {image.capacity} bytes, and cannot shrink to {size}",
            field="capacity",
        )
    return size


def _kind(config: StorageVolumeConfig) -> str:
    """How a disk takes its room: as it is written, or all at once."""
    whole = config.allocation is not None and config.allocation >= (config.capacity or 0)
    return "zeroedthick" if whole and config.allocation else "thin"


def _room(image: Image, offset: int, length: int) -> int | None:
    """How many bytes may be written; None for no bound."""
    bounds = [length] if length else []
    if image.format == "vmdk":
        bounds.append(max(image.length - offset, 0))
    return min(bounds, default=None)


def _data(image: Image) -> str:
    """The file with the data of a volume.

    Raises:
        Unsupported: There are several, or it has tables of its own.
    """
    if image.format != "vmdk":
        return image.place
    plain = [extent for extent in image.extents if extent.kind in {"VMFS", "FLAT"}]
    if len(plain) != 1 or len(image.extents) != 1:
        raise Unsupported(DRIVER, "moving the data of a disk", "it is not in one flat file")
    return posixpath.join(posixpath.dirname(image.place), plain[0].file)
