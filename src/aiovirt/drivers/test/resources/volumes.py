"""One volume of the in-memory host: what it is, and the bytes of its file. State only."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from aiovirt.config import StorageVolumeConfig
from aiovirt.config.storage import StoragePermissions, StorageTimestamps, VolumeTarget
from aiovirt.drivers.test.files import CHUNK, SparseFile
from aiovirt.errors import InvalidState
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.model.storage import StorageVolumeInfo, VolumeType
from aiovirt.model.units import Bytes

__all__ = [
    "EMPTY_QCOW2",
    "MemoryVolume",
    "describe",
    "format_file",
    "probe",
    "set_capacity",
    "with_target",
]

EMPTY_QCOW2 = 196 * 1024
"""What a qcow2 image takes in which nothing was written (qemu-img's own default layout)."""

_MAGIC = b"QFI\xfb"
_HEADER = struct.Struct(">4sIQIIQ")
"""Magic, version, backing file's place and length, log2 of the cluster size, size (qcow2.txt)."""

_SIZE_AT = _HEADER.size - 8
_VERSION, _CLUSTER_BITS = 3, 16

_KINDS = {
    "file": VolumeType.FILE,
    "block": VolumeType.BLOCK,
    "network": VolumeType.NETWORK,
    "dir": VolumeType.DIR,
    "netdir": VolumeType.NETDIR,
}


@dataclass(eq=False)
class MemoryVolume:
    """A volume.

    Attributes:
        config: Its configuration; sizes are said by `shown`.
        path: Where it is on the host.
        file: Its bytes.
        reserved: What it takes at least, in bytes.
        users: How many streams are open on it.
    """

    config: StorageVolumeConfig
    path: str
    file: SparseFile
    capacity: int
    reserved: int = 0
    users: int = 0

    @property
    def name(self) -> str:
        """Its name in its pool."""
        return self.config.name or ""

    @property
    def allocation(self) -> int:
        """What it takes on the host, in bytes."""
        return max(self.reserved, self.file.allocation)

    @property
    def format(self) -> str | None:
        """The format of its file."""
        return self.config.target.format

    def key(self, pool: str) -> StorageVolumeKey:
        """Pool, name and key."""
        return StorageVolumeKey(pool, self.name, self.path)

    def info(self, *, physical: bool = False) -> StorageVolumeInfo:
        """Type and sizes."""
        kind = _KINDS.get(self.config.type or "file", VolumeType.FILE)
        return StorageVolumeInfo(
            kind, self.capacity, self.file.size if physical else self.allocation
        )

    def shown(self) -> StorageVolumeConfig:
        """A copy of the configuration, with the sizes of this moment."""
        config = self.config.copy()
        config.capacity = Bytes(self.capacity)
        config.allocation = Bytes(self.allocation)
        config.physical = Bytes(self.file.size)
        return config

    @property
    def has_data(self) -> bool:
        """Whether anything is in it but what makes it an image."""
        return self.file.allocation > (CHUNK if self.format == "qcow2" else 0)

    def take_data(self, other: MemoryVolume) -> None:
        """Have the data of another volume of the same format, and keep the own capacity."""
        self.file.clear()
        self.file.resize(max(self.file.size, other.file.size))
        self.file.copy_from(other.file)
        set_capacity(self, self.capacity)

    def check_unused(self) -> None:
        """See that no stream is open on it.

        Raises:
            InvalidState: One is.
        """
        if self.users:
            raise InvalidState(f"volume {self.name!r} is being used")


def with_target(config: StorageVolumeConfig) -> StorageVolumeConfig:
    """A copy with a target, which libvirt does without, and virsh leaves out."""
    given = config.copy()
    if not given.target:
        given.target = VolumeTarget()
    return given


def describe(config: StorageVolumeConfig, kind: str, path: str, now: float) -> StorageVolumeConfig:
    """A copy with what a host says of a volume: type, key, path, permissions, times."""
    given = config.copy()
    given.type = kind
    given.key = path
    target = given.target
    target.path = path
    if target.format is None and kind == "file":
        target.format = "raw"
    if not target.permissions:
        target.permissions = StoragePermissions(mode=0o600, owner=0, group=0)
    if kind == "file" and not target.timestamps:
        at = datetime.fromtimestamp(now, UTC)
        target.timestamps = StorageTimestamps(accessed=at, born=at, changed=at, modified=at)
    return given


def format_file(file: SparseFile, image: str | None, capacity: int) -> None:
    """Make a file an empty image of that format and capacity."""
    file.clear()
    if image == "qcow2":
        file.resize(0)
        file.write(0, _HEADER.pack(_MAGIC, _VERSION, 0, 0, _CLUSTER_BITS, capacity))
        file.resize(EMPTY_QCOW2)
    else:
        file.resize(capacity)


def set_capacity(volume: MemoryVolume, capacity: int) -> None:
    """Let a guest see so much; of a raw image what is beyond is lost."""
    if volume.format == "qcow2":
        volume.file.write(_SIZE_AT, struct.pack(">Q", capacity))
    else:
        volume.file.resize(capacity)
        volume.reserved = min(volume.reserved, capacity)
    volume.capacity = capacity


def probe(file: SparseFile) -> tuple[str, int]:
    """The format and the capacity that a file's bytes say."""
    header = file.read(0, _HEADER.size)
    if len(header) == _HEADER.size and header.startswith(_MAGIC):
        return "qcow2", int(_HEADER.unpack(header)[-1])
    return "raw", file.size
