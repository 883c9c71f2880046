"""A guest does not leave where that would lose data, nor become another one on its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.migration.safety import check_alike, check_safe
from aiovirt.errors import ConfigError, InvalidState
from aiovirt.model.units import MiB


def config(*disks: Disk) -> DomainConfig:
    return DomainConfig(name="web1", memory=MiB(16), vcpus=1, disks=list(disks))


def test_a_disk_of_this_host_alone_stays(tmp_path: Path) -> None:
    with pytest.raises(InvalidState, match="vda"):
        check_safe(config(Disk.file(tmp_path / "a.qcow2")), ())


def test_one_that_is_copied_may_go(tmp_path: Path) -> None:
    check_safe(config(Disk.file(tmp_path / "a.qcow2")), {"vda"})


def test_what_nobody_writes_may_go(tmp_path: Path) -> None:
    check_safe(config(Disk.file(tmp_path / "a.qcow2", readonly=True)), ())


@pytest.mark.parametrize("change", ["memory", "vcpus", "disks"])
def test_another_guest_is_refused(tmp_path: Path, change: str) -> None:
    here = config(Disk.file(tmp_path / "a.qcow2"))
    there = here.copy()
    setattr(there, change, {"memory": MiB(32), "vcpus": 2, "disks": []}[change])
    with pytest.raises(ConfigError, match="would change the running guest"):
        check_alike(here, there)


def test_other_images_are_the_same_guest(tmp_path: Path) -> None:
    here, there = config(Disk.file(tmp_path / "a")), config(Disk.file(tmp_path / "b"))
    check_alike(here, there)
