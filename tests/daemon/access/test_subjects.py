"""One shape for the keys of all kinds."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.daemon.access import subjects
from aiovirt.daemon.access.permissions import kinds
from aiovirt.daemon.access.polkitobjects import details_of
from aiovirt.daemon.access.subjects import Subject, subject_of
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import NetworkKey, SnapshotKey, StorageVolumeKey
from aiovirt.protocols.libvirt.tables import structs

UUID1 = UUID("c7a5fdbd-cdaf-9455-926a-d65c16db1809")
DOMAIN = Subject("domain", "web1", str(UUID1))


@pytest.mark.parametrize(
    "key",
    [
        DomainKey(UUID1, "web1"),
        SnapshotKey(DomainKey(UUID1, "web1"), "before"),
        structs.Domain("web1", UUID1.bytes, 3),
        structs.DomainSnapshot("before", structs.Domain("web1", UUID1.bytes, 3)),
        DOMAIN,
    ],
)
def test_all_that_belongs_to_a_domain_is_the_domain(key: object) -> None:
    assert subject_of(key) == DOMAIN


def test_a_volume_is_named_with_its_pool() -> None:
    found = subject_of(StorageVolumeKey("default", "a.qcow2", "/pool/a.qcow2"))
    assert found
    assert found.label == "default/a.qcow2"


def test_a_volume_of_an_unknown_pool_is_in_none() -> None:
    assert Subject("storage_vol", "lab/a").label == "/lab/a"


def test_what_names_no_object_is_none() -> None:
    assert subject_of(None) is None
    assert subject_of("web1") is None


def test_each_kind_has_keys_and_details() -> None:
    key = NetworkKey(UUID1, "lan")
    assert subject_of(key) == Subject("network", "lan", str(UUID1))
    made = {kind for kind in kinds() if kind != "connect"}
    assert made == set(subjects.KINDS)
    for kind in made:
        assert details_of(Subject(kind, "n", "u"), "QEMU")["connect_driver"] == "QEMU"
