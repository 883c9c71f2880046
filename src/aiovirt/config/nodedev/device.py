"""`NodeDeviceConfig`: a device of the host, libvirt's ``<device>``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self, TypeVar
from uuid import UUID

from aiovirt.config._children import Many, children, variants
from aiovirt.config._document import Document
from aiovirt.config._forms import WWN
from aiovirt.config._laws import Apart, With
from aiovirt.config._scalars import Text, text
from aiovirt.config._view import View
from aiovirt.config.nodedev.base import NodeCapability
from aiovirt.config.nodedev.mediated import (
    ApCardCapability,
    ApMatrixCapability,
    ApQueueCapability,
    CcwCapability,
    CssCapability,
    MdevAttribute,
    MdevCapability,
)
from aiovirt.config.nodedev.pci import PciCapability
from aiovirt.config.nodedev.plain import (
    DrmCapability,
    NetCapability,
    SystemCapability,
    UsbCapability,
    UsbDeviceCapability,
    VdpaCapability,
)
from aiovirt.config.nodedev.scsi import (
    FibreChannelHost,
    ScsiCapability,
    ScsiGenericCapability,
    ScsiHostCapability,
    ScsiTargetCapability,
    StorageCapability,
)
from aiovirt.errors import XMLError

__all__ = ["DevNode", "NodeDeviceConfig"]

C = TypeVar("C", bound=NodeCapability)

_CLASSES: tuple[type[NodeCapability], ...] = (
    SystemCapability,
    PciCapability,
    UsbDeviceCapability,
    UsbCapability,
    NetCapability,
    ScsiGenericCapability,
    ScsiHostCapability,
    ScsiTargetCapability,
    ScsiCapability,
    StorageCapability,
    DrmCapability,
    MdevCapability,
    CcwCapability,
    CssCapability,
    VdpaCapability,
    ApCardCapability,
    ApQueueCapability,
    ApMatrixCapability,
)
_NEW = "new device"
"""The name of a device that is still to be made (virNodeDeviceDefParseXML)."""


class DevNode(View, tag="devnode"):
    """A path below ``/dev``: the device's own (``dev``), or a link to that."""

    type: Text = text("@type", known=("dev", "link"), required=True)
    path: Text = text(".")


class NodeDeviceConfig(Document, tag="device"):
    """A device of the host; `mdev` and `vport` describe one that is to be made.

    Attributes:
        path: Its folder below ``/sys``.
        parent: The device that it belongs to; one that is to be made may name it otherwise.
        driver: The driver of the host's kernel.
        capabilities: What it is and can do.
    """

    _shown_ = ("name", "parent", "driver", "capabilities")

    name: Text = text("name", required=True)
    path: Text = text("path")
    devnodes: Many[DevNode] = children("devnode", DevNode)
    parent: Text = text("parent")
    parent_wwnn: Text = text("parent/@wwnn", form=WWN)
    parent_wwpn: Text = text("parent/@wwpn", form=WWN)
    parent_fabric_wwn: Text = text("parent/@fabric_wwn", form=WWN)
    driver: Text = text("driver/name", required=True)
    capabilities: Many[NodeCapability] = variants(
        "capability", NodeCapability, {each._word_: each for each in _CLASSES}
    )

    _laws_ = (
        With(("parent_wwnn",), "parent_wwpn"),
        With(("parent_wwpn",), "parent_wwnn"),
        Apart(("parent_fabric_wwn",), ("parent_wwnn", "parent_wwpn")),
    )

    @classmethod
    def mdev(
        cls,
        parent: str,
        type_id: str,
        *,
        uuid: UUID | str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Self:
        """A mediated device that is to be made.

        Args:
            parent: The name of the device that it is a part of.
            type_id: Its type, one of the parent's.
            uuid: Its UUID; None leaves it to the host.
            attributes: Settings for its driver.
        """
        given = [
            MdevAttribute(name=name, value=value) for name, value in (attributes or {}).items()
        ]
        capability = MdevCapability(type_id=type_id, uuid=uuid, attributes=given)
        return cls(name=_NEW, parent=parent, capabilities=[capability])

    @classmethod
    def vport(cls, parent: str, *, wwnn: str, wwpn: str) -> Self:
        """A virtual Fibre Channel host adapter that is to be made on `parent` (NPIV)."""
        host = ScsiHostCapability(host=0, capabilities=[FibreChannelHost(wwnn=wwnn, wwpn=wwpn)])
        return cls(name=_NEW, parent=parent, capabilities=[host])

    def find(self, kind: type[C]) -> C | None:
        """The capability of this class, such as `PciCapability`, or None."""
        return next((each for each in self.capabilities if isinstance(each, kind)), None)

    def _rules_(self) -> Iterator[XMLError]:
        """The device's own path comes first; a parent is named in one way."""
        kinds = [each.type for each in self.devnodes]
        if "dev" in kinds[1:]:
            yield NodeDeviceConfig.devnodes.error(
                self, "the device's own path is not the first", expected="one of type 'dev', first"
            )
        if self.parent and (self.parent_wwnn or self.parent_fabric_wwn):
            yield NodeDeviceConfig.parent.error(
                self, "the parent is named twice", expected="its name or its WWNs"
            )
