"""Storage pools of every type, and the sources that a host finds."""

from __future__ import annotations

import pytest

from aiovirt.config import StoragePoolConfig, StoragePoolSources
from aiovirt.config.storage import PoolHost, PoolSource, PoolTarget, StoragePermissions
from aiovirt.errors import XMLError
from aiovirt.model.addresses import PciAddress
from aiovirt.model.units import Bytes, GiB

IMAGES = """\
<pool type='dir'>
  <name>images</name>
  <capacity unit='bytes'>1073741824</capacity>
  <target>
    <path>/images</path>
    <permissions>
      <mode>0711</mode>
      <owner>-1</owner>
    </permissions>
  </target>
</pool>
"""


def test_a_pool_reads_as_typed_values() -> None:
    pool = StoragePoolConfig.parse(IMAGES)
    assert (pool.name, pool.path, pool.capacity) == ("images", "/images", GiB(1))
    assert (pool.target.permissions.mode, pool.target.permissions.owner) == (0o711, -1)
    assert pool.to_xml() == IMAGES


def test_a_mode_is_written_as_chmod_reads_it() -> None:
    assert "<mode>0640</mode>" in StoragePermissions(mode=0o640).to_xml()
    with pytest.raises(XMLError, match="mode cannot be 2048"):
        StoragePermissions(mode=0o4000)


def test_sizes_are_written_in_bytes() -> None:
    pool = StoragePoolConfig(type="dir", name="a", allocation="1 KiB")
    assert "<allocation unit='bytes'>1024</allocation>" in pool.to_xml()
    assert pool.allocation == Bytes(1024)


def test_a_pool_is_built_from_its_parts() -> None:
    source = PoolSource(hosts=[PoolHost(name="nas")], dir="/export", format="nfs")
    target = PoolTarget(path="/mnt", permissions=StoragePermissions(mode=0o755))
    pool = StoragePoolConfig(type="netfs", name="a", source=source, target=target, cow=False)
    pool.mount_options = ["nodev"]
    assert pool.problems() == []
    assert "<fs:option name='nodev'/>" in pool.to_xml()


def test_an_adapter_is_named_by_its_place() -> None:
    source = PoolSource.parse(
        "<source><adapter><parentaddr><address bus='0x04'/></parentaddr></adapter></source>"
    )
    assert source.adapter.address.value == PciAddress(bus=4)


@pytest.mark.parametrize(
    ("kind", "inner", "message"),
    [
        ("dir", "", "target is missing, which type 'dir' needs"),
        ("dir", "<source><name>a</name></source>", "name means nothing where type is 'dir'"),
        ("rbd", "<target><path>/a</path></target>", "target means nothing where type is 'rbd'"),
        ("fs", "<source><format type='nfs'/></source>", "format"),
        ("netfs", "<source><dir path='a'/></source>", "dir cannot be 'a'"),
        ("disk", "<source><device path='a'/><device path='b'/></source>", "2 devices"),
        ("scsi", "<source><adapter/></source>", "the adapter has no name"),
        ("iscsi-direct", "<source><device path='/a'/></source>", "path cannot be '/a'"),
        ("drbd", "", "type cannot be 'drbd'"),
    ],
)
def test_what_does_not_fit_the_type_is_told(kind: str, inner: str, message: str) -> None:
    xml = f"<pool type='{kind}'><name>a</name>{inner}</pool>"
    found = [str(each) for each in StoragePoolConfig.parse(xml).problems()]
    assert any(message in each for each in found), found


def test_only_some_pools_are_named_by_their_source() -> None:
    named = "<pool type='logical'><source><name>vg</name></source><target/></pool>"
    assert StoragePoolConfig.parse(named).problems() == []
    assert "name is missing" in str(StoragePoolConfig(type="dir", path="/a").problems()[0])


def test_sources_are_listed() -> None:
    found = StoragePoolSources.parse(
        "<sources><source><device path='/dev/sdb'/><name>vg</name><format type='lvm2'/></source>"
        "<source><host name='nas'/><dir path='/export'/></source></sources>"
    )
    first, second = found.sources
    assert (first.name, first.devices[0].path, first.format) == ("vg", "/dev/sdb", "lvm2")
    assert (second.hosts[0].name, second.dir) == ("nas", "/export")
    assert found.problems() == []
