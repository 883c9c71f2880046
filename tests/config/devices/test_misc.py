"""Devices with few settings."""

from __future__ import annotations

from aiovirt.config import Crypto, Iommu, Lease, Rng, RngBackend, Shmem
from aiovirt.model.units import MiB


def test_random_numbers_come_from_urandom() -> None:
    assert Rng.urandom().backend.path == "/dev/urandom"


def test_a_daemon_of_entropy_is_reached_as_character_devices_are() -> None:
    backend = RngBackend(model="egd", type="tcp")
    backend.source.host, backend.source.service = "localhost", "1024"
    assert [source.host for source in backend.sources] == ["localhost"]


def test_shared_memory_without_a_unit_is_in_bytes() -> None:
    assert Shmem.parse("<shmem name='a'><size>1048576</size></shmem>").size == MiB(1)


def test_a_server_of_shared_memory_may_be_the_hosts_own() -> None:
    shmem = Shmem.parse("<shmem name='a'><server/></shmem>")
    assert (shmem.server, shmem.server_path) == (True, None)


def test_a_number_of_bits_may_be_hexadecimal() -> None:
    assert Iommu.parse("<iommu model='intel'><driver aw_bits='0x30'/></iommu>").aw_bits == 48


def test_a_lease_has_no_place_in_the_guest() -> None:
    lease = Lease(lockspace="a", key="b", path="/a")
    assert (lease.address, lease.alias) == (None, None)


def test_a_device_that_encrypts_has_a_backend() -> None:
    crypto = Crypto(model="virtio", type="qemu", backend="builtin", queues=1)
    assert "<backend model='builtin' queues='1'/>" in crypto.to_xml()
