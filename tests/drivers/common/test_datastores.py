"""What may be a datastore, and a volume in one."""

from __future__ import annotations

import pytest

from aiovirt.config import StorageVolumeConfig
from aiovirt.config.storage import VolumeTarget
from aiovirt.drivers.common.datastores import datastore_name, new_volume, volume_path
from aiovirt.errors import ConfigError


def test_a_volume_is_a_file_of_its_datastore() -> None:
    assert str(volume_path("ds 1", "web1/web1.vmdk")) == "[ds 1] web1/web1.vmdk"


@pytest.mark.parametrize("name", [None, "", "web1", "web1.txt", "a\nb.iso"])
def test_what_is_no_volume_is_refused_by_name(name: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        volume_path("ds", name)
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("name", "form"), [("a.vmdk", "vmdk"), ("a.iso", "iso"), ("a.img", "raw"), ("a.flp", "raw")]
)
def test_the_name_tells_the_format(name: str, form: str) -> None:
    for told in (None, form):
        config = StorageVolumeConfig(name=name, target=VolumeTarget(format=told))
        assert new_volume("ds", config).path == name
    with pytest.raises(ConfigError, match=f"is of the format {form}, not qcow2"):
        new_volume("ds", StorageVolumeConfig(name=name, target=VolumeTarget(format="qcow2")))


@pytest.mark.parametrize("name", [None, "", "a/b", "[a]", "a" * 43])
def test_what_is_no_datastore_is_refused_by_name(name: str | None) -> None:
    with pytest.raises(ConfigError, match="no datastore can be called"):
        datastore_name(name)


def test_a_datastore_has_42_characters_at_most() -> None:
    assert datastore_name("a" * 42) == "a" * 42
