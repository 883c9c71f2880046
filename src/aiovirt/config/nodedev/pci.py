"""PCI devices of the host."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import Many, One, child, children, variants
from aiovirt.config._codecs import MAX_UINT32
from aiovirt.config._forms import shaped
from aiovirt.config._laws import Always, Only
from aiovirt.config._scalars import Number, Text, number, text
from aiovirt.config._values import hexadecimal
from aiovirt.config._view import View
from aiovirt.config.nodedev.base import NodeCapability, SubCapability, in_order
from aiovirt.config.nodedev.mediated import MdevTypes
from aiovirt.config.shared.pci import pci_address
from aiovirt.errors import XMLError
from aiovirt.model.addresses import PciAddress

__all__ = [
    "IommuGroup",
    "NodePciAddress",
    "PciBridge",
    "PciCapability",
    "PciLink",
    "PhysicalFunction",
    "VirtualFunctions",
    "Vpd",
    "VpdField",
    "VpdFields",
    "VpdSystemField",
]

_CLASS = shaped("0x[0-9a-fA-F]{6}", "a class such as 0x020000")
_SPEED = shaped("[0-9]+(.[0-9]+)?", "GT/s, such as 8 or 2.5")
_VPD = shaped("[ -_a-z]{0,255}", "at most 255 letters, digits and signs")


class NodePciAddress(View, tag="address"):
    """Another PCI device of the host."""

    domain: Number = hexadecimal("@domain", digits=4, high=MAX_UINT32, required=True)
    bus: Number = hexadecimal("@bus", digits=2, high=0xFF, required=True)
    slot: Number = hexadecimal("@slot", digits=2, high=0x1F, required=True)
    function: Number = hexadecimal("@function", high=7, required=True)

    @property
    def value(self) -> PciAddress:
        """The place as one value."""
        return pci_address(self.domain, self.bus, self.slot, self.function)


class PhysicalFunction(SubCapability):
    """Of a virtual function: the physical one that it belongs to."""

    _word_ = "phys_function"

    address: One[NodePciAddress] = child("address", NodePciAddress)


class VirtualFunctions(SubCapability):
    """Of a physical function: its virtual ones."""

    _word_ = "virt_functions"

    max_count: Number = number("@maxCount")
    addresses: Many[NodePciAddress] = children("address", NodePciAddress)


class PciBridge(SubCapability):
    """It is a bridge to another bus."""

    _word_ = "pci-bridge"


class VpdField(View, tag="vendor_field"):
    """A field of the vendor's own."""

    index: Text = text("@index", form=shaped("[0-9A-Z]", "a digit or capital"), required=True)
    value: Text = text(".", form=_VPD)


class VpdSystemField(View, tag="system_field"):
    """A field of the owner's own."""

    index: Text = text("@index", form=shaped("[0-9B-Z]", "a digit or capital"), required=True)
    value: Text = text(".", form=_VPD)


class VpdFields(View, tag="fields"):
    """What a card says about itself, of what can be changed or of what cannot."""

    access: Text = text("@access", known=("readonly", "readwrite"), required=True)
    change_level: Text = text("change_level", form=_VPD)
    manufacture_id: Text = text("manufacture_id", form=_VPD)
    part_number: Text = text("part_number", form=_VPD)
    serial_number: Text = text("serial_number", form=_VPD)
    asset_tag: Text = text("asset_tag", form=_VPD)
    vendor_fields: Many[VpdField] = children("vendor_field", VpdField)
    system_fields: Many[VpdSystemField] = children("system_field", VpdSystemField)

    _laws_ = (
        Only(
            ("readonly",),
            ("change_level", "manufacture_id", "part_number", "serial_number"),
            by="access",
        ),
        Only(("readwrite",), ("asset_tag", "system_fields"), by="access"),
    )


class Vpd(SubCapability):
    """What a card says about itself (vital product data)."""

    _word_ = "vpd"

    name: Text = text("name", form=_VPD, required=True)
    fields: Many[VpdFields] = children("fields", VpdFields)

    def _rules_(self) -> Iterator[XMLError]:
        """Each kind of access stands there once, and what cannot be changed first."""
        found = [each.access for each in self.fields]
        if found != sorted({access for access in found if access}):
            yield Vpd.fields.error(self, "the fields are not in order", expected="readonly first")


class IommuGroup(View, tag="iommuGroup"):
    """The devices that the host can only hand out together."""

    number: Number = number("@number", required=True)
    addresses: Many[NodePciAddress] = children("address", NodePciAddress)

    _laws_ = (Always(("addresses",)),)


class PciLink(View, tag="link"):
    """A PCI Express link: as it can be (``cap``) or as it is (``sta``).

    Attributes:
        speed: In GT/s.
        width: In lanes.
    """

    validity: Text = text("@validity", known=("cap", "sta"), required=True)
    port: Number = number("@port")
    speed: Text = text("@speed", form=_SPEED)
    width: Number = number("@width", required=True)


class PciCapability(NodeCapability):
    """A PCI device.

    Attributes:
        class_code: Its class, subclass and interface, as one number.
        numa_node: The node that it is near to; -1 when the host does not say.
    """

    _word_ = "pci"

    class_code: Number = hexadecimal("class", digits=6, high=0xFFFFFF, form=_CLASS)
    domain: Number = number("domain", required=True)
    bus: Number = number("bus", high=0xFF, required=True)
    slot: Number = number("slot", high=0x1F, required=True)
    function: Number = number("function", high=7, required=True)
    product_id: Number = hexadecimal("product/@id", digits=4, high=0xFFFF)
    product: Text = text("product")
    vendor_id: Number = hexadecimal("vendor/@id", digits=4, high=0xFFFF)
    vendor: Text = text("vendor")
    capabilities: Many[SubCapability] = variants(
        "capability",
        SubCapability,
        {
            "phys_function": PhysicalFunction,
            "virt_functions": VirtualFunctions,
            "pci-bridge": PciBridge,
            "cardbus-bridge": PciBridge,
            "mdev_types": MdevTypes,
            "vpd": Vpd,
        },
    )
    iommu_group: One[IommuGroup] = child("iommuGroup", IommuGroup)
    numa_node: Number = number("numa/@node", low=-1, high=2**31 - 1)
    links: Many[PciLink] = children("pci-express/link", PciLink)

    _laws_ = (Always(("product_id", "vendor_id")),)
    _shown_ = ("domain", "bus", "slot", "function", "vendor", "product")

    @property
    def address(self) -> PciAddress:
        """Where it sits."""
        return pci_address(self.domain, self.bus, self.slot, self.function)

    def _rules_(self) -> Iterator[XMLError]:
        """What it has in it is in order."""
        yield from in_order(
            list(self.capabilities),
            ("phys_function",),
            ("virt_functions",),
            ("pci-bridge", "cardbus-bridge"),
            ("mdev_types",),
            ("vpd",),
        )
