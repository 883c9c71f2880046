"""Handles are equal when they hold the same thing of the same host, whatever it is called now."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

import pytest

from aiovirt import objects
from aiovirt.model import keys
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiovirt.interfaces import Driver

ONE, TWO = UUID(int=1), UUID(int=2)
WEB, RENAMED, DB = DomainKey(ONE, "web"), DomainKey(ONE, "www"), DomainKey(TWO, "db")
NET = keys.NetworkKey(ONE, "default")

# The kind of handle, a key, the key of the same thing told otherwise, the key of another thing.
KINDS: list[tuple[Callable[..., object], object, object, object]] = [
    (objects.Domain, WEB, RENAMED, DB),
    (objects.Network, NET, keys.NetworkKey(ONE, "old"), keys.NetworkKey(TWO, "default")),
    (
        objects.NetworkPort,
        keys.NetworkPortKey(NET, ONE),
        keys.NetworkPortKey(NET, UUID(int=1)),
        keys.NetworkPortKey(NET, TWO),
    ),
    (
        objects.StoragePool,
        keys.StoragePoolKey(ONE, "images"),
        keys.StoragePoolKey(ONE, "old"),
        keys.StoragePoolKey(TWO, "images"),
    ),
    (
        objects.StorageVolume,
        keys.StorageVolumeKey("images", "a.img", "/a"),
        keys.StorageVolumeKey("images", "a.img", "/a"),
        keys.StorageVolumeKey("images", "b.img", "/b"),
    ),
    (
        objects.HostInterface,
        keys.HostInterfaceKey("eth0", "52:54:00:00:00:01"),
        keys.HostInterfaceKey("eth0"),
        keys.HostInterfaceKey("eth1", "52:54:00:00:00:01"),
    ),
    (
        objects.NetworkFilter,
        keys.NetworkFilterKey(ONE, "clean"),
        keys.NetworkFilterKey(ONE, "old"),
        keys.NetworkFilterKey(TWO, "clean"),
    ),
    (
        objects.FilterBinding,
        keys.FilterBindingKey("vnet0", "clean"),
        keys.FilterBindingKey("vnet0", "clean"),
        keys.FilterBindingKey("vnet1", "clean"),
    ),
    (
        objects.NodeDevice,
        keys.NodeDeviceKey("pci_0"),
        keys.NodeDeviceKey("pci_0"),
        keys.NodeDeviceKey("pci_1"),
    ),
    (
        objects.Secret,
        keys.SecretKey(ONE, 1, "/a"),
        keys.SecretKey(ONE),
        keys.SecretKey(TWO, 1, "/a"),
    ),
    (
        objects.Snapshot,
        keys.SnapshotKey(WEB, "clean"),
        keys.SnapshotKey(RENAMED, "clean"),
        keys.SnapshotKey(DB, "clean"),
    ),
    (
        objects.Checkpoint,
        keys.CheckpointKey(WEB, "monday"),
        keys.CheckpointKey(RENAMED, "monday"),
        keys.CheckpointKey(WEB, "tuesday"),
    ),
]


@pytest.mark.parametrize(
    ("kind", "key", "same", "other"), KINDS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_handle_is_equal_to_another_of_the_same_thing_by_the_same_driver(
    kind: Callable[..., object], key: object, same: object, other: object
) -> None:
    driver, elsewhere = cast("Driver", object()), cast("Driver", object())
    handle = kind(driver, key)

    assert handle == kind(driver, same)
    assert hash(handle) == hash(kind(driver, same))
    assert len({handle, kind(driver, same), kind(driver, other), kind(elsewhere, key)}) == 3
    assert handle != kind(driver, other)
    assert handle != kind(elsewhere, key)


def test_things_of_different_kinds_are_never_equal() -> None:
    driver = cast("Driver", object())
    handles = {kind(driver, key) for kind, key, _, _ in KINDS}

    assert len(handles) == len(KINDS)
    assert objects.Snapshot(driver, keys.SnapshotKey(WEB, "a")) != objects.Checkpoint(
        driver, keys.CheckpointKey(WEB, "a")
    )
