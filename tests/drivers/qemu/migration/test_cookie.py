"""Cookies are libvirt's: those of a libvirtd are read, and ours say what one needs."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aiovirt.drivers.qemu.migration.cookie import Cookie, Disks
from aiovirt.errors import ProtocolError
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamType, Typed

KEY = DomainKey(UUID("41adc1a3-025d-4af9-8e1b-e2d052e51c4e"), "web1")
HOST = UUID("0f0e0d0c-0b0a-4009-8807-060504030201")
# What libvirt 9.0.0 said at the begin of a migration with --copy-storage-all; the names are ours.
RECORDED = b"""<qemu-migration>
  <name>web1</name>
  <uuid>41adc1a3-025d-4af9-8e1b-e2d052e51c4e</uuid>
  <hostname>lab-41541</hostname>
  <hostuuid>0f0e0d0c-0b0a-4009-8807-060504030201</hostuuid>
  <feature name='lockstate'/>
  <nbd>
    <disk target='vda' capacity='1048576'/>
  </nbd>
  <cpu mode='custom' match='exact' check='full'>
    <model fallback='forbid'>qemu64</model>
    <feature policy='require' name='hypervisor'/>
    <feature policy='require' name='lahf_lm'/>
  </cpu>
  <capabilities>
    <cap name='xbzrle' auto='no'/>
    <cap name='auto-converge' auto='no'/>
    <cap name='rdma-pin-all' auto='no'/>
    <cap name='postcopy-ram' auto='no'/>
    <cap name='compress' auto='no'/>
    <cap name='pause-before-switchover' auto='yes'/>
    <cap name='late-block-activate' auto='no'/>
    <cap name='multifd' auto='no'/>
    <cap name='dirty-bitmaps' auto='no'/>
    <cap name='return-path' auto='no'/>
    <cap name='zero-copy-send' auto='no'/>
  </capabilities>
</qemu-migration>
\0"""


def test_a_recorded_cookie_is_read() -> None:
    cookie = Cookie.decode(RECORDED, KEY)
    assert cookie == Cookie("web1", KEY.uuid, "lab-41541", HOST, Disks(0, {"vda": 1 << 20}))


def test_another_domains_cookie_is_refused() -> None:
    with pytest.raises(ProtocolError, match="web1"):
        Cookie.decode(RECORDED, DomainKey(KEY.uuid, "web2"))


def test_an_empty_cookie_says_nothing() -> None:
    assert Cookie.decode(b"\0") is None


@pytest.mark.parametrize(
    "data",
    [
        b"<qemu-migration>",
        b"<domain/>",
        b"<qemu-migration><name>a</name></qemu-migration>",
        RECORDED.replace(b"'1048576'", b"'much'"),
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><qemu-migration>&b;</qemu-migration>",
        b"<qemu-migration>" + b" " * (4 << 20) + b"</qemu-migration>",
    ],
)
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="cookie"):
        Cookie.decode(data)


@given(st.binary(max_size=200))
def test_garbage_is_an_error_of_the_protocol_and_nothing_else(data: bytes) -> None:
    try:
        Cookie.decode(data)
    except ProtocolError:
        return
    assert not data.rstrip(b"\0")


@given(
    port=st.integers(0, 65535),
    sizes=st.dictionaries(st.sampled_from(["vda", "sdb"]), st.integers(0, 2**62)),
    figures=st.dictionaries(
        st.sampled_from(["downtime", "memory_total", "disk_bps"]), st.integers(0, 2**63)
    ),
)
def test_round_trip(port: int, sizes: dict[str, int], figures: dict[str, int]) -> None:
    statistics = {name: Typed(ParamType.ULLONG, value) for name, value in figures.items()}
    cookie = Cookie("web1", KEY.uuid, "a", HOST, Disks(port, sizes), statistics=statistics)
    assert Cookie.decode(cookie.encode(), KEY) == cookie


def test_bitmaps_are_said_as_libvirt_says_them() -> None:
    cookie = Cookie("web1", KEY.uuid, "a", HOST, bitmaps={"vda": {"c1": "libvirt-vda-c1"}})
    (disk,) = etree.fromstring(cookie.encode().rstrip(b"\0")).findall("blockDirtyBitmaps/disk")
    assert disk.get("target") == "vda"
    assert [dict(each.attrib) for each in disk] == [{"name": "c1", "alias": "libvirt-vda-c1"}]
    assert Cookie.decode(cookie.encode(), KEY) == cookie


def test_the_definition_goes_along_as_it_is() -> None:
    document = "<domain type='qemu'><name>web1</name><x:y xmlns:x='urn:z'>1</x:y></domain>"
    cookie = Cookie("web1", KEY.uuid, "a", HOST, persistent=document)
    found = Cookie.decode(cookie.encode(), KEY)
    assert found is not None
    assert found.persistent is not None
    assert etree.fromstring(found.persistent).findtext("{urn:z}y") == "1"


def test_what_libvirt_must_have_is_there() -> None:
    root = etree.fromstring(Cookie("web1", KEY.uuid, "a", HOST).encode().rstrip(b"\0"))
    assert [child.tag for child in root] == ["name", "uuid", "hostname", "hostuuid"]
