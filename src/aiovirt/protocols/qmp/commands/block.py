"""Commands about block devices and their nodes."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value, dashed, underscored

__all__ = [
    "BlockDevice",
    "BlockDeviceStats",
    "BlockJob",
    "BlockNode",
    "BlockResize",
    "BlockStats",
    "BlockdevAdd",
    "BlockdevDel",
    "DirtyBitmap",
    "ImageInfo",
    "Job",
    "JobDismiss",
    "QueryBlock",
    "QueryBlockJobs",
    "QueryBlockstats",
    "QueryJobs",
    "QueryNamedBlockNodes",
]


class ImageInfo(Value, frozen=True):
    """An image file. Sizes are in bytes.

    Attributes:
        filename: Its name as QEMU spells it.
        format: Such as ``qcow2``.
        virtual_size: What the guest sees.
        actual_size: What it takes on the host, or None where that is unknown.
        cluster_size: Of formats that have clusters.
        backing_filename: The backing file as written into the image.
        full_backing_filename: The same with its folder.
        backing_image: What is known of the backing file.
    """

    filename: str
    format: str
    virtual_size: int
    actual_size: int | None = None
    cluster_size: int | None = None
    encrypted: bool = False
    dirty_flag: bool = False
    backing_filename: str | None = None
    full_backing_filename: str | None = None
    backing_filename_format: str | None = None
    backing_image: ImageInfo | None = None


class DirtyBitmap(Value, frozen=True):
    """A bitmap of a block node.

    Attributes:
        count: Bytes that it notes.
        recording: Whether it notes what is written.
        persistent: Whether it is kept in the image.
        name: Its name, or None where a job of QEMU's own has it.
        inconsistent: Whether it was not saved, and tells nothing.
    """

    count: int
    recording: bool
    persistent: bool
    name: str | None = None
    inconsistent: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is kept, and notes what is written."""
        return self.persistent and self.recording and not self.inconsistent


def _node_member(name: str) -> str:
    return dashed(name) if name in {"node_name", "dirty_bitmaps"} else underscored(name)


class BlockNode(Value, frozen=True, rename=_node_member):
    """One block node.

    Attributes:
        file: The file's name.
        node_name: The node's name.
        ro: Whether it is read-only.
        drv: The driver, such as ``qcow2`` or ``file``.
        backing_file_depth: How many files stand behind it.
        iops: Requests a second that it is held to, 0 for no limit.
        bps: Bytes a second that it is held to, 0 for no limit.
        write_threshold: Bytes, 0 for none.
        dirty_bitmaps: Its bitmaps.
    """

    file: str
    ro: bool
    drv: str
    encrypted: bool
    detect_zeroes: str
    image: ImageInfo
    backing_file_depth: int
    iops: int = 0
    bps: int = 0
    write_threshold: int = 0
    node_name: str | None = None
    backing_file: str | None = None
    dirty_bitmaps: tuple[DirtyBitmap, ...] = ()


def _device_member(name: str) -> str:
    return dashed(name) if name == "io_status" else underscored(name)


class BlockDevice(Value, frozen=True, rename=_device_member):
    """One block device of `QueryBlock`.

    Attributes:
        device: The name of its backend; empty with ``-blockdev``.
        qdev: The alias or the path of the guest's device.
        inserted: The medium, or None when there is none.
        tray_open: Of removable ones with a tray, else None.
        io_status: ``ok``, ``failed`` or ``nospace``, where it is known.
    """

    device: str
    type: str
    removable: bool
    locked: bool
    qdev: str | None = None
    inserted: BlockNode | None = None
    tray_open: bool | None = None
    io_status: str | None = None


class QueryBlock(Command[list[BlockDevice]], frozen=True):
    """All block devices of the guest."""

    qmp_name: ClassVar[str] = "query-block"
    result: ClassVar[object] = list[BlockDevice]


class QueryNamedBlockNodes(Command[list[BlockNode]], frozen=True):
    """All block nodes; `flat` leaves out what is known of backing images."""

    qmp_name: ClassVar[str] = "query-named-block-nodes"
    result: ClassVar[object] = list[BlockNode]
    flat: bool | None = None


class BlockDeviceStats(Value, frozen=True, rename=underscored):
    """Counters since the start: bytes, requests, and nanoseconds."""

    rd_bytes: int
    wr_bytes: int
    rd_operations: int
    wr_operations: int
    flush_operations: int
    rd_total_time_ns: int
    wr_total_time_ns: int
    flush_total_time_ns: int
    wr_highest_offset: int
    rd_merged: int = 0
    wr_merged: int = 0
    unmap_bytes: int = 0
    unmap_operations: int = 0
    failed_rd_operations: int = 0
    failed_wr_operations: int = 0
    failed_flush_operations: int = 0
    idle_time_ns: int | None = None


class BlockStats(Value, frozen=True):
    """The counters of one device or node, of its file (`parent`) and its `backing`."""

    stats: BlockDeviceStats
    device: str | None = None
    qdev: str | None = None
    node_name: str | None = None
    parent: BlockStats | None = None
    backing: BlockStats | None = None


class QueryBlockstats(Command[list[BlockStats]], frozen=True):
    """The counters of all devices, or with `query_nodes` of all nodes."""

    qmp_name: ClassVar[str] = "query-blockstats"
    result: ClassVar[object] = list[BlockStats]
    query_nodes: bool | None = None


class BlockJob(Value, frozen=True):
    """A running job; `len_` and `offset` measure its progress, in bytes."""

    type: str
    device: str
    len_: int
    offset: int
    busy: bool
    paused: bool
    speed: int
    ready: bool
    status: str
    io_status: str
    error: str | None = None


class QueryBlockJobs(Command[list[BlockJob]], frozen=True):
    """All running block jobs."""

    qmp_name: ClassVar[str] = "query-block-jobs"
    result: ClassVar[object] = list[BlockJob]


class Job(Value, frozen=True):
    """A job of any kind, also one that has ended and was not dismissed."""

    id: str
    type: str
    status: str
    current_progress: int
    total_progress: int
    error: str | None = None


class QueryJobs(Command[list[Job]], frozen=True):
    """All jobs."""

    qmp_name: ClassVar[str] = "query-jobs"
    result: ClassVar[object] = list[Job]


class JobDismiss(Command[Empty], frozen=True):
    """Have a job forgotten that has ended."""

    qmp_name: ClassVar[str] = "job-dismiss"
    id: str


class BlockResize(Command[Empty], frozen=True):
    """Give the node `node_name` (or `device`) a new size in bytes."""

    qmp_name: ClassVar[str] = "block_resize"
    size: int
    node_name: str | None = None
    device: str | None = None


class BlockdevAdd(Command[Empty], frozen=True):
    """Add the block node `node_name`; `options` are the driver's, under QMP's names."""

    qmp_name: ClassVar[str] = "blockdev-add"
    driver: str
    node_name: str
    options: dict[str, object] = msgspec.field(default_factory=dict)

    def arguments(self) -> dict[str, object]:
        """Return the options with the driver and the node's name among them."""
        return {**self.options, "driver": self.driver, "node-name": self.node_name}


class BlockdevDel(Command[Empty], frozen=True):
    """Remove a block node that nothing uses."""

    qmp_name: ClassVar[str] = "blockdev-del"
    node_name: str
