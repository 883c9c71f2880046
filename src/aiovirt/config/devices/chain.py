"""The chain of images below a disk, and the copy that a block job makes beside it."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import One, chained, child
from aiovirt.config._laws import SomeOf, With
from aiovirt.config._scalars import Number, PathText, Size, Text, file_path, number, size, text
from aiovirt.config._view import View
from aiovirt.config.devices.sources import DISK_TYPES, SOURCE_LAWS, DiskSource
from aiovirt.config.shared.formats import IMAGE_FORMATS
from aiovirt.errors import XMLError

__all__ = ["BackingStore", "DiskMirror"]


class Layer(View):
    """An image: where it is, its format, and what it is based on.

    Attributes:
        metadata_cache: How much of a qcow2 image's tables is kept in memory.
        backing: The image below; an empty element says that there is none.
    """

    type: Text = text("@type", known=DISK_TYPES)
    format: Text = text("format/@type", known=IMAGE_FORMATS, required=True)
    metadata_cache: Size = size("format/metadata_cache/max_size", unit="bytes")
    source: One[DiskSource] = child("source", DiskSource)
    backing: One[BackingStore] = chained("backingStore", lambda: BackingStore)

    _laws_ = SOURCE_LAWS


class BackingStore(Layer, tag="backingStore"):
    """An image that another one is based on; empty, it says that the chain ends there.

    Attributes:
        index: The number by which block jobs name it; said by the host.
    """

    index: Number = number("@index", low=1)

    _laws_ = (*SOURCE_LAWS, With(("index", "type", "source", "backing"), "format"))


class DiskMirror(Layer, tag="mirror"):
    """What a running block job copies to; said by the host.

    Attributes:
        job: ``copy`` or ``active-commit``.
        ready: ``yes`` when the copy has caught up, ``pivot`` or ``abort`` when it is ending.
        file: The path as libvirt said it before 1.2.4, and says still for files.
        file_format: The format likewise.
    """

    file: PathText = file_path("@file")
    file_format: Text = text("@format", known=IMAGE_FORMATS)
    job: Text = text("@job", known=("copy", "active-commit"))
    ready: Text = text("@ready", known=("yes", "abort", "pivot"))

    _laws_ = (*SOURCE_LAWS, SomeOf(("job", "file")), With(("file_format",), "file"))

    def _rules_(self) -> Iterator[XMLError]:
        """The old form is for copies to files."""
        if self.file is None:
            return
        if self.job not in {None, "copy"}:
            yield DiskMirror.job.error(self, f"job cannot be {self.job!r} here", expected="'copy'")
        if self.type not in {None, "file"}:
            yield Layer.type.error(self, f"type cannot be {self.type!r} here", expected="'file'")
