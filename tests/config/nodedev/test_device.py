"""Devices of the host: each capability is of the class that its type says."""

from __future__ import annotations

import pytest

from aiovirt.config import NodeDeviceConfig
from aiovirt.config.nodedev import (
    MdevCapability,
    NetCapability,
    NodeCapability,
    PciBridge,
    PciCapability,
    Removable,
    ScsiHostCapability,
    StorageCapability,
    VirtualFunctions,
)
from aiovirt.errors import XMLError
from aiovirt.model.addresses import PciAddress
from aiovirt.model.mac import MacAddress
from aiovirt.model.units import Bytes

CARD = """\
<device>
  <name>pci_0000_04_00_0</name>
  <path>/sys/devices/pci0000:00/0000:04:00.0</path>
  <parent>pci_0000_00_1c_0</parent>
  <driver>
    <name>ixgbe</name>
  </driver>
  <capability type='pci'>
    <class>0x020000</class>
    <domain>0</domain>
    <bus>4</bus>
    <slot>0</slot>
    <function>0</function>
    <product id='0x10fb'>82599ES</product>
    <vendor id='0x8086'>Intel Corporation</vendor>
    <capability type='virt_functions' maxCount='63'>
      <address domain='0x0000' bus='0x04' slot='0x10' function='0x0'/>
    </capability>
    <iommuGroup number='13'>
      <address domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </iommuGroup>
    <numa node='0'/>
    <pci-express>
      <link validity='cap' port='0' speed='5' width='8'/>
    </pci-express>
  </capability>
</device>
"""


def test_a_card_reads_as_typed_values() -> None:
    device = NodeDeviceConfig.parse(CARD)
    card = device.find(PciCapability)
    assert card is not None
    assert (card.class_code, card.vendor_id, card.product_id) == (0x020000, 0x8086, 0x10FB)
    assert (card.vendor, card.product) == ("Intel Corporation", "82599ES")
    assert (card.address, card.numa_node) == (PciAddress(bus=4), 0)
    assert card.iommu_group.addresses[0].value == PciAddress(bus=4)
    assert (device.driver, device.problems()) == ("ixgbe", [])
    assert device.to_xml() == CARD


def test_what_a_card_has_in_it_is_of_its_own_class() -> None:
    card = NodeDeviceConfig.parse(CARD).capabilities[0]
    assert isinstance(card, PciCapability)
    functions = card.capabilities[0]
    assert isinstance(functions, VirtualFunctions)
    assert [each.value for each in functions.addresses] == [PciAddress(bus=4, slot=16)]
    assert functions.max_count == 63


def test_other_capabilities_are_not_found() -> None:
    assert NodeDeviceConfig.parse(CARD).find(NetCapability) is None


def test_a_network_interface() -> None:
    device = NodeDeviceConfig.parse(
        "<device><name>net_eth0</name><capability type='net'><interface>eth0</interface>"
        "<address>52:54:00:12:34:56</address><link speed='1000' state='up'/>"
        "<feature name='tso'/><feature name='gro'/><capability type='80203'/></capability></device>"
    )
    net = device.find(NetCapability)
    assert net is not None
    assert (net.interface, net.address) == ("eth0", MacAddress.parse("52:54:00:12:34:56"))
    assert (net.link_speed, net.link_state, net.features) == (1000, "up", ("tso", "gro"))


def test_the_size_of_a_disk_is_in_bytes() -> None:
    disk = StorageCapability(block="/dev/sda", size=Bytes(512), logical_block_size=512)
    assert "<size>512</size>" in disk.to_xml()
    assert disk.size == Bytes(512)


def test_a_medium_has_a_size_of_its_own() -> None:
    drive = StorageCapability(block="/dev/sr0")
    drive.capabilities = [Removable(media_available=1, media_size=Bytes(1))]
    device = NodeDeviceConfig(name="a", capabilities=[drive])
    assert device.problems() == []
    again = device.find(StorageCapability)
    assert again is not None
    again.size = Bytes(1)
    with pytest.raises(XMLError, match="the size is the medium's"):
        device.check()


def test_a_kind_that_is_not_known_is_a_capability_all_the_same() -> None:
    device = NodeDeviceConfig.parse("<device><name>a</name><capability type='holo'/></device>")
    assert type(device.capabilities[0]) is NodeCapability
    assert "type cannot be 'holo'" in str(device.problems()[0])


def test_what_another_kind_has_is_told() -> None:
    device = NodeDeviceConfig.parse(
        "<device><name>a</name><capability type='drm'><type>render</type>\n<block>/dev/sda</block>"
        "</capability></device>"
    )
    (problem,) = device.problems()
    assert "means nothing where type is 'drm'" in str(problem)
    assert (problem.element, problem.line) == ("device/capability/block", 2)


def test_what_is_in_a_card_comes_in_order_and_once() -> None:
    device = NodeDeviceConfig.parse(CARD)
    card = device.capabilities[0]
    assert isinstance(card, PciCapability)
    card.capabilities.insert(0, PciBridge())
    assert "is there already, or is too late" in str(device.problems()[0])


def test_a_mediated_device_that_is_to_be_made() -> None:
    device = NodeDeviceConfig.mdev("css_0_0_0026", "vfio_ccw-io", attributes={"assign": "1"})
    made = device.find(MdevCapability)
    assert made is not None
    assert (device.parent, made.type_id) == ("css_0_0_0026", "vfio_ccw-io")
    assert [(each.name, each.value) for each in made.attributes] == [("assign", "1")]


def test_a_parent_is_named_in_one_way() -> None:
    device = NodeDeviceConfig(name="a", capabilities=[ScsiHostCapability(host=1)], parent="b")
    device.parent_fabric_wwn = "2001a4aaf3ca174b"
    with pytest.raises(XMLError, match="the parent is named twice"):
        device.check()
