"""Memory as a device: what is plugged in, kept across starts, or grows and shrinks."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._forms import CPUSET
from aiovirt.config._laws import Always, Apart, With
from aiovirt.config._scalars import (
    Flag,
    Number,
    PathText,
    Size,
    Switch,
    Text,
    Uuid,
    file_path,
    flag,
    number,
    size,
    text,
    uuid,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device

__all__ = ["MemoryDevice", "MemorySource", "MemoryTarget"]


class MemorySource(View, tag="source"):
    """What backs it on the host: pages of its memory, or a file.

    Attributes:
        nodemask: The host's nodes that it comes from, such as ``0-1``.
        pmem: Whether the file is on persistent memory.
    """

    pagesize: Size = size("pagesize")
    nodemask: Text = text("nodemask", form=CPUSET)
    path: PathText = file_path("path")
    alignsize: Size = size("alignsize")
    pmem: Flag = flag("pmem")

    _laws_ = (
        Apart(("path",), ("pagesize", "nodemask")),
        With(("alignsize", "pmem"), "path"),
    )


class MemoryTarget(View, tag="target"):
    """What the guest sees.

    Attributes:
        node: The guest's NUMA node.
        block: In which steps ``virtio-mem`` grows and shrinks.
        requested: What the guest is asked to have of it.
        current: What it has; said by the host.
        label_size: What is kept for labels of namespaces (``nvdimm``).
    """

    node: Number = number("node")
    block: Size = size("block")
    requested: Size = size("requested")
    current: Size = size("current")
    label_size: Size = size("label/size")
    readonly: Flag = flag("readonly")
    size: Size = size("size")

    _laws_ = (Always(("size",)),)


class MemoryDevice(Device, tag="memory"):
    """A piece of memory.

    Attributes:
        model: ``dimm``, ``nvdimm``, ``virtio-pmem``, ``virtio-mem``, ``sgx-epc``.
        discard: Whether the content is thrown away when the guest ends.
    """

    model: Text = text(
        "@model", known=("dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc"), required=True
    )
    access: Text = text("@access", known=("shared", "private"))
    discard: Switch = yes_no("@discard")
    uuid: Uuid = uuid("uuid")
    source: One[MemorySource] = child("source", MemorySource)
    target: One[MemoryTarget] = child("target", MemoryTarget, required=True)
