"""The words of storage are virsh's."""

from __future__ import annotations

import pytest

from aiovirt.model import constants
from aiovirt.model.storage import PoolState, VolumeType


def test_the_numbers_are_libvirts() -> None:
    for own, theirs in (
        (PoolState, constants.StoragePoolState),
        (VolumeType, constants.StorageVolType),
    ):
        assert {item.name: item.value for item in own} == {item.name: item.value for item in theirs}


@pytest.mark.parametrize(
    ("value", "label"),
    [(PoolState.RUNNING, "running"), (VolumeType.FILE, "file"), (VolumeType.NETDIR, "net-dir")],
)
def test_labels_are_virshs(value: PoolState | VolumeType, label: str) -> None:
    assert value.label == label


def test_an_inactive_pool_is_not_active() -> None:
    assert [state for state in PoolState if not state.active] == [PoolState.INACTIVE]
