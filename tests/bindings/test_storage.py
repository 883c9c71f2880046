"""The rows about storage and secrets, forwards and backwards."""

from __future__ import annotations

import itertools
from uuid import UUID

import pytest

from aiovirt.bindings import bindings_of
from aiovirt.bindings.arguments import flags_and_filters
from aiovirt.config import StorageVolumeConfig
from aiovirt.interfaces import LegacyStorage, Secrets, StoragePools, StorageVolumes
from aiovirt.model.constants import ConnectListAllStoragePoolsFlags as Listed
from aiovirt.model.credentials import SecretBytes
from aiovirt.model.keys import SecretKey, StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import PoolState, StoragePoolInfo, StorageVolumeInfo, VolumeType
from aiovirt.protocols.xdr import codec

POOL = StoragePoolKey(UUID(int=7), "images")
VOLUME = StorageVolumeKey("images", "disk", "/images/disk")
SECRET = SecretKey(UUID(int=9), 2, "client.admin")

CALLS = [
    (StoragePools, "start", (POOL,), {"build": True, "overwrite": False}),
    (StoragePools, "keys", (), {"active": True, "persistent": False, "autostart": None}),
    (StoragePools, "find_by_volume", (VOLUME,), {}),
    (
        StorageVolumes,
        "create_from",
        (POOL, StorageVolumeConfig.raw("disk", "1 MiB"), VOLUME),
        {"reflink": True},
    ),
    (StorageVolumes, "wipe", (VOLUME,), {"algorithm": "gutmann"}),
    (StorageVolumes, "resize", (VOLUME, 4096), {"delta": True, "shrink": True}),
    (Secrets, "find_by_usage", ("iscsi", "target"), {}),
    (Secrets, "set_value", (SECRET, SecretBytes(b"key")), {}),
    (LegacyStorage, "volume_names", (POOL, 9), {}),
]

RESULTS = [
    (StoragePools, "keys", [POOL]),
    (StoragePools, "info", StoragePoolInfo(PoolState.RUNNING, 3, 2, 1)),
    (StorageVolumes, "info", StorageVolumeInfo(VolumeType.BLOCK, 3, 2)),
    (StorageVolumes, "find_by_key", VOLUME),
    (Secrets, "keys", [SECRET]),
    (Secrets, "value", SecretBytes(b"key")),
    (LegacyStorage, "secret_uuids", [UUID(int=9)]),
]


@pytest.mark.parametrize(("ability", "name", "given", "named"), CALLS)
def test_arguments_come_back(
    ability: type[StoragePools], name: str, given: tuple[object, ...], named: dict[str, object]
) -> None:
    row = bindings_of(ability)[name]
    back = row.call(row.args(given, named))
    assert tuple(back.values())[: len(given)] == given or set(given) <= set(back.values())
    assert named.items() <= back.items()


@pytest.mark.parametrize(("ability", "name", "result"), RESULTS)
def test_results_come_back(ability: type[StoragePools], name: str, result: object) -> None:
    row = bindings_of(ability)[name]
    assert row.result.read(row.reply(result)) == result


@pytest.mark.parametrize("values", [*itertools.product((None, True, False), repeat=2)])
def test_filters_come_back(values: tuple[bool | None, bool | None]) -> None:
    argument = flags_and_filters(
        Listed,
        active=(Listed.ACTIVE, Listed.INACTIVE),
        autostart=(Listed.AUTOSTART, Listed.NO_AUTOSTART),
    )
    assert argument.read(*argument.send(Listed.DIR, *values)) == (Listed.DIR, *values)


def test_both_flags_of_a_filter_are_as_good_as_none() -> None:
    argument = flags_and_filters(Listed, active=(Listed.ACTIVE, Listed.INACTIVE))
    assert argument.read(Listed.ACTIVE | Listed.INACTIVE) == (Listed(0), None)


def test_a_value_on_its_way_is_not_shown() -> None:
    args = bindings_of(Secrets)["set_value"].args((SECRET, SecretBytes(b"topsecret")), {})
    assert "topsecret" not in f"{args!r}{args}"
    assert b"topsecret" in codec(type(args)).encode(args)
