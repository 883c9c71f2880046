"""Folders of the host that guests mount (virtiofs, 9p), and file systems of containers."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Self

from aiovirt.config._children import One, child
from aiovirt.config._codecs import absolute
from aiovirt.config._forms import FOLDER_PATH, WORD
from aiovirt.config._laws import Always, Apart, Needed, Only
from aiovirt.config._scalars import (
    Flag,
    Number,
    PathText,
    Size,
    Switch,
    Text,
    file_path,
    flag,
    number,
    on_off,
    size,
    text,
)
from aiovirt.config._values import octal
from aiovirt.config._view import View
from aiovirt.config.devices.base import VIRTIO_MODELS, BootDevice, VirtioDriver
from aiovirt.config.shared.formats import IMAGE_FORMATS
from aiovirt.errors import XMLError

__all__ = ["Filesystem", "FilesystemBinary", "FilesystemDriver", "FilesystemSource"]

TYPES = ("mount", "template", "file", "block", "ram", "bind")
DRIVERS = ("path", "handle", "loop", "nbd", "ploop", "virtiofs")
_MODE = 0o777
_SOURCES = {
    ("file",): ("file",),
    ("dev",): ("block",),
    ("dir",): ("mount", "bind"),
    ("socket",): ("mount",),
    ("name",): ("template",),
    ("usage",): ("ram",),
}
"""Which types have what in their sources."""


class FilesystemDriver(VirtioDriver, tag="driver"):
    """How it is served; without a type, by 9p.

    Attributes:
        wrpolicy: ``immediate`` writes through.
        queue: The length of the queue of virtiofs.
    """

    type: Text = text("@type", known=DRIVERS)
    format: Text = text("@format", known=IMAGE_FORMATS)
    wrpolicy: Text = text("@wrpolicy", known=("immediate",))
    queue: Number = number("@queue")

    _laws_ = (
        Only(("virtiofs",), ("queue",), default="path"),
        Only(DRIVERS[:-1], ("format", "wrpolicy"), default="path"),
    )


class FilesystemBinary(View, tag="binary"):
    """The host's program that serves a folder by virtiofs."""

    path: PathText = file_path("@path")
    xattr: Switch = on_off("@xattr")
    cache: Text = text("cache/@mode", known=("none", "always"))
    sandbox: Text = text("sandbox/@mode", known=("namespace", "chroot"))
    lock_posix: Switch = on_off("lock/@posix")
    lock_flock: Switch = on_off("lock/@flock")
    thread_pool_size: Number = number("thread_pool/@size")


class FilesystemSource(View, tag="source"):
    """What it is on the host; which field counts is said by the type.

    Attributes:
        socket: Where somebody else serves a folder by virtiofs.
        name: The template.
        usage: How much memory a file system in memory may take.
    """

    file: PathText = file_path("@file")
    dev: PathText = file_path("@dev")
    dir: PathText = file_path("@dir", form=FOLDER_PATH)
    socket: PathText = file_path("@socket")
    name: Text = text("@name", form=WORD)
    usage: Size = size("@usage", unit_attribute="units")


class Filesystem(BootDevice, tag="filesystem"):
    """A file system that is not a disk; `shared` makes the usual one.

    Attributes:
        accessmode: As whom the host's files are used by the guest (9p).
        multidevs: What becomes of folders that lie on several devices of the host.
        fmode: The mode of files that the guest makes (``mapped``, ``squash``).
        dmode: The mode of folders likewise.
        target: The tag that the guest mounts it by, or the place in the container.
    """

    type: Text = text("@type", known=TYPES)
    model: Text = text("@model", known=VIRTIO_MODELS)
    accessmode: Text = text("@accessmode", known=("passthrough", "mapped", "squash"))
    multidevs: Text = text("@multidevs", known=("default", "remap", "forbid", "warn"))
    fmode: Number = octal("@fmode", high=_MODE)
    dmode: Number = octal("@dmode", high=_MODE)
    driver: One[FilesystemDriver] = child("driver", FilesystemDriver)
    binary: One[FilesystemBinary] = child("binary", FilesystemBinary)
    source: One[FilesystemSource] = child("source", FilesystemSource, required=True)
    target: Text = text("target/@dir", required=True)
    readonly: Flag = flag("readonly")
    space_hard_limit: Size = size("space_hard_limit", unit="bytes")
    space_soft_limit: Size = size("space_soft_limit", unit="bytes")

    _laws_ = (
        Always(("target",)),
        Only(("mount",), ("binary",), default="mount"),
        Apart(("source.dir",), ("source.socket",)),
        *(
            Only(kinds, tuple(f"source.{field}" for field in fields), default="mount")
            for fields, kinds in _SOURCES.items()
        ),
        *(
            Needed(kinds, tuple(f"source.{field}" for field in fields))
            for fields, kinds in _SOURCES.items()
            if len(kinds) == 1 and kinds != ("mount",)
        ),
        Needed(("bind",), ("source.dir",)),
    )

    @classmethod
    def shared(cls, folder: str | PathLike[str], target: str) -> Self:
        """A folder of the host that the guest mounts by the tag `target` with virtiofs.

        The guest's memory must be shared: see `MemoryBacking`.
        """
        return cls(
            type="mount",
            accessmode="passthrough",
            driver=FilesystemDriver(type="virtiofs"),
            source=FilesystemSource(dir=absolute(folder)),
            target=target,
        )

    def _rules_(self) -> Iterator[XMLError]:
        """A folder is named, or the socket of who serves it."""
        source = self.source
        if self.type in {None, "mount"} and source and not (source.dir or source.socket):
            yield FilesystemSource.dir.error(source, "dir is missing", expected="a folder's path")
