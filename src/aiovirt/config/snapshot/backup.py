"""`BackupConfig`: what a backup job copies, and where to, libvirt's ``<domainbackup>``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Self

from aiovirt.config import _rules
from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import absolute
from aiovirt.config._document import Document
from aiovirt.config._forms import DISK_TARGET, HOST
from aiovirt.config._laws import Needed, Only
from aiovirt.config._scalars import Number, PathText, Switch, Text, file_path, number, text, yes_no
from aiovirt.config._view import View
from aiovirt.config.security import DeviceLabel
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.config.shared.formats import IMAGE_FORMATS
from aiovirt.errors import XMLError

__all__ = [
    "BackupConfig",
    "BackupDisk",
    "BackupImage",
    "BackupScratch",
    "BackupServer",
    "BackupTarget",
]

_PULL_ONLY = ("scratch", "export_name", "export_bitmap")
_COPIED = ("type", "format", "target", "scratch")


class BackupImage(View):
    """A file or block device of the host, optionally encrypted with LUKS."""

    file: PathText = file_path("@file")
    dev: PathText = file_path("@dev")
    encryption: One[StorageEncryption] = child("encryption", StorageEncryption)
    labels: Many[DeviceLabel] = children("seclabel", DeviceLabel)

    def _rules_(self) -> Iterator[XMLError]:
        """Only QEMU's LUKS can be written, and only with a passphrase."""
        how = self.encryption
        if not how:
            return
        if how.format != "luks":
            yield StorageEncryption.format.error(
                how, f"format cannot be {how.format!r} in a backup", expected="'luks'"
            )
        if how.engine not in {None, "qemu"}:
            yield StorageEncryption.engine.error(
                how, f"engine cannot be {how.engine!r} in a backup", expected="'qemu'"
            )
        if not how.secret:
            yield StorageEncryption.secret.error(
                how, "secret is missing", expected=StorageEncryption.secret.expected
            )


class BackupTarget(BackupImage, tag="target"):
    """What a disk is copied to."""


class BackupScratch(BackupImage, tag="scratch"):
    """What keeps the old data of blocks that are written while others read the backup."""


class BackupServer(View, tag="server"):
    """Where the NBD server listens that others read the backup from."""

    tls: Switch = yes_no("@tls")
    transport: Text = text("@transport", known=("tcp", "unix"))
    name: Text = text("@name", form=HOST)
    port: Number = number("@port")
    socket: PathText = file_path("@socket")

    _laws_ = (
        Only(("tcp",), ("name", "port"), by="transport", default="tcp"),
        Needed(("tcp",), ("name",), by="transport", default="tcp"),
        Only(("unix",), ("socket",), by="transport", default="tcp"),
        Needed(("unix",), ("socket",), by="transport"),
    )

    @classmethod
    def tcp(cls, name: str, port: int | None = None, *, tls: bool | None = None) -> Self:
        """A server at an address of the host."""
        return cls(transport="tcp", name=name, port=port, tls=tls)

    @classmethod
    def unix(cls, path: str | PathLike[str]) -> Self:
        """A server at a UNIX socket of the host."""
        return cls(transport="unix", socket=absolute(path))


class BackupDisk(View, tag="disk"):
    """What becomes of one disk.

    Attributes:
        name: The disk's target, such as ``vda``.
        backup: Whether it is in the backup.
        type: Whether `target` or `scratch` is a file or a block device.
        backup_mode: Whether it is copied whole or from a checkpoint on, `incremental`.
        export_name: The name of the export that others read it by (pull); None takes `name`.
        export_bitmap: The name under which they see what changed.
        format: The format of what is written.
    """

    name: Text = text("@name", form=DISK_TARGET, required=True)
    backup: Switch = yes_no("@backup")
    type: Text = text("@type", known=("file", "block"))
    backup_mode: Text = text("@backupmode", known=("full", "incremental"))
    incremental: Text = text("@incremental")
    export_name: Text = text("@exportname")
    export_bitmap: Text = text("@exportbitmap")
    format: Text = text("driver/@type", known=IMAGE_FORMATS, required=True)
    target: One[BackupTarget] = child("target", BackupTarget)
    scratch: One[BackupScratch] = child("scratch", BackupScratch)

    _laws_ = (
        Only(("incremental",), ("incremental",), by="backup_mode", default="incremental"),
        Only(("yes",), _COPIED, by="backup", default="yes"),
        *(
            law
            for part in ("target", "scratch")
            for law in (
                Only(("file",), (f"{part}.file",), default="file"),
                Only(("block",), (f"{part}.dev",), default="file"),
                Needed(("file",), (f"{part}.file",), beside=part, default="file"),
                Needed(("block",), (f"{part}.dev",), beside=part),
            )
        ),
    )


class BackupConfig(Document, tag="domainbackup"):
    """A backup job; `push` and `pull` make the two kinds.

    Attributes:
        mode: ``push``: the hypervisor writes it; ``pull``: others read it from a server of the
            hypervisor's.
        incremental: The checkpoint from which on blocks are copied; None copies all.
        disks: What becomes of each disk; None means all of them.
    """

    mode: Text = text("@mode", known=("push", "pull"))
    incremental: Text = text("incremental")
    server: One[BackupServer] = child("server", BackupServer)
    disks: Many[BackupDisk] = children("disks/disk", BackupDisk)

    _laws_ = (
        Only(("pull",), ("server",), by="mode", default="push"),
        Needed(("pull",), ("server",), by="mode"),
    )

    @classmethod
    def push(
        cls,
        targets: Mapping[str, str | PathLike[str]],
        *,
        incremental: str | None = None,
        format: str = "qcow2",  # noqa: A002 - libvirt's own word for it
    ) -> Self:
        """The hypervisor copies each disk to an image.

        Args:
            targets: The path of the image for each disk's target, such as ``vda``.
            incremental: The checkpoint from which on blocks are copied.
            format: The images' format.
        """
        disks = [
            BackupDisk(
                name=name, type="file", format=format, target=BackupTarget(file=absolute(path))
            )
            for name, path in targets.items()
        ]
        return cls(mode="push", incremental=incremental, disks=disks)

    @classmethod
    def pull(
        cls,
        server: BackupServer,
        scratches: Mapping[str, str | PathLike[str]],
        *,
        incremental: str | None = None,
    ) -> Self:
        """Others read the disks from an NBD server, as they are now.

        Args:
            server: Where it listens.
            scratches: For each disk's target the path of an image for the old data of blocks
                that are written meanwhile.
            incremental: The checkpoint from which on changes are told.
        """
        disks = [
            BackupDisk(name=name, type="file", scratch=BackupScratch(file=absolute(path)))
            for name, path in scratches.items()
        ]
        return cls(mode="pull", server=server, incremental=incremental, disks=disks)

    def _rules_(self) -> Iterator[XMLError]:
        """What disks have fits the mode."""
        yield from _rules.twins(self.disks, lambda each: each.name, "the name", "another disk")
        for disk in self.disks:
            yield from self._pull_rules(disk) if self.mode == "pull" else self._push_rules(disk)

    def _pull_rules(self, disk: BackupDisk) -> Iterator[XMLError]:
        if disk.target:
            yield BackupDisk.target.error(disk, "target means nothing where mode is 'pull'")
        if disk.format not in {None, "qcow2"}:
            yield BackupDisk.format.error(
                disk, f"format cannot be {disk.format!r} where mode is 'pull'", expected="'qcow2'"
            )
        if not disk.scratch and (disk.format is not None or disk.type == "block"):
            yield BackupDisk.scratch.error(disk, "scratch is missing", expected="<scratch …/>")
        if disk.backup and disk.type is None:
            yield BackupDisk.type.error(disk, "type is missing", expected="'file' or 'block'")

    def _push_rules(self, disk: BackupDisk) -> Iterator[XMLError]:
        for name in _PULL_ONLY:
            field = BackupDisk._fields_[name]
            if field.is_set(disk):
                yield field.error(disk, f"{name} means nothing where mode is 'push'")
        if disk.type is None and disk.backup is not False:
            yield BackupDisk.type.error(disk, "type is missing", expected="'file' or 'block'")
