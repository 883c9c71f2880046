"""SCSI hosts, targets and units, and block devices."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import Many, variants
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._forms import WWN
from aiovirt.config._laws import With
from aiovirt.config._scalars import Number, Size, Text, number, size, text
from aiovirt.config.nodedev.base import DEVICE_PATH, NodeCapability, SubCapability, in_order
from aiovirt.errors import XMLError

__all__ = [
    "FibreChannelHost",
    "FibreChannelPort",
    "HotPluggable",
    "Removable",
    "ScsiCapability",
    "ScsiGenericCapability",
    "ScsiHostCapability",
    "ScsiTargetCapability",
    "StorageCapability",
    "VirtualPorts",
]


class ScsiGenericCapability(NodeCapability):
    """The character device of a SCSI unit."""

    _word_ = "scsi_generic"

    char: Text = text("char", required=True)


class FibreChannelHost(SubCapability):
    """It is a Fibre Channel host adapter."""

    _word_ = "fc_host"

    wwnn: Text = text("wwnn", form=WWN, required=True)
    wwpn: Text = text("wwpn", form=WWN, required=True)
    fabric_wwn: Text = text("fabric_wwn", form=WWN)


class VirtualPorts(SubCapability):
    """Virtual host adapters can be made on it (NPIV)."""

    _word_ = "vport_ops"

    max_vports: Number = number("max_vports", required=True)
    vports: Number = number("vports", required=True)


class ScsiHostCapability(NodeCapability):
    """A SCSI host adapter."""

    _word_ = "scsi_host"

    host: Number = number("host", high=MAX_UINT64, required=True)
    unique_id: Number = number("unique_id")
    capabilities: Many[SubCapability] = variants(
        "capability", SubCapability, {"fc_host": FibreChannelHost, "vport_ops": VirtualPorts}
    )

    def _rules_(self) -> Iterator[XMLError]:
        """What it has in it is Fibre Channel's."""
        yield from in_order(list(self.capabilities), ("fc_host", "vport_ops"), several=True)


class FibreChannelPort(SubCapability):
    """It is behind a Fibre Channel port."""

    _word_ = "fc_remote_port"

    rport: Text = text("rport", required=True)
    wwpn: Text = text("wwpn", form=WWN, required=True)


class ScsiTargetCapability(NodeCapability):
    """A SCSI target."""

    _word_ = "scsi_target"

    target: Text = text("target", required=True)
    capabilities: Many[SubCapability] = variants(
        "capability", SubCapability, {"fc_remote_port": FibreChannelPort}
    )

    def _rules_(self) -> Iterator[XMLError]:
        """What it has in it is Fibre Channel's."""
        yield from in_order(list(self.capabilities), ("fc_remote_port",))


class ScsiCapability(NodeCapability):
    """A SCSI unit; `unit_type` is ``disk``, ``cdrom``, …."""

    _word_ = "scsi"

    host: Number = number("host", high=MAX_UINT64, required=True)
    bus: Number = number("bus", high=MAX_UINT64, required=True)
    target: Number = number("target", high=MAX_UINT64, required=True)
    lun: Number = number("lun", high=MAX_UINT64, required=True)
    unit_type: Text = text("type")


class Removable(SubCapability):
    """Its medium can be taken out.

    Attributes:
        media_available: 1 when there is a medium, else 0.
    """

    _word_ = "removable"

    media_available: Number = number("media_available", high=1, required=True)
    media_size: Size = size("media_size", unit="bytes", unit_attribute=None, required=True)
    media_label: Text = text("media_label")
    logical_block_size: Number = number("logical_block_size", high=MAX_UINT64)
    num_blocks: Number = number("num_blocks", high=MAX_UINT64)

    _laws_ = (
        With(("logical_block_size",), "num_blocks"),
        With(("num_blocks",), "logical_block_size"),
    )


class HotPluggable(SubCapability):
    """It can be plugged while the host runs."""

    _word_ = "hotpluggable"


class StorageCapability(NodeCapability):
    """A block device.

    Attributes:
        block: Its path.
        drive_type: ``disk``, ``cdrom``, ``floppy``, ….
        size: None where the medium can be taken out, see `Removable`.
        logical_block_size: In bytes.
    """

    _word_ = "storage"

    block: Text = text("block", form=DEVICE_PATH, required=True)
    bus: Text = text("bus")
    drive_type: Text = text("drive_type")
    model: Text = text("model")
    vendor: Text = text("vendor")
    serial: Text = text("serial")
    size: Size = size("size", unit="bytes", unit_attribute=None)
    logical_block_size: Number = number("logical_block_size", high=MAX_UINT64)
    num_blocks: Number = number("num_blocks", high=MAX_UINT64)
    capabilities: Many[SubCapability] = variants(
        "capability", SubCapability, {"removable": Removable, "hotpluggable": HotPluggable}
    )

    _laws_ = (
        With(("logical_block_size",), "num_blocks"),
        With(("num_blocks",), "logical_block_size"),
        With(("num_blocks", "logical_block_size"), "size"),
    )

    def _rules_(self) -> Iterator[XMLError]:
        """Either the device has a size or its medium has."""
        parts = list(self.capabilities)
        yield from in_order(parts, ("removable",), ("hotpluggable",))
        removable = any(part.type == "removable" for part in parts)
        if removable and self.size is not None:
            yield StorageCapability.size.error(self, "the size is the medium's", expected="none")
        if not removable and self.size is None:
            yield StorageCapability.size.error(self, "size is missing", expected="a size in bytes")
