"""Files that a start needs: there, of the right kind, and readable for the account of QEMU."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from qemuvalues import completed, small

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.argv.access import account_of
from aiovirt.drivers.qemu.argv.preflight import preflight
from aiovirt.errors import ConfigError, PermissionDenied, XMLError

NOBODY = "nobody"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root sees what others may not")


def with_disk(path: Path, *, readonly: bool = False) -> DomainConfig:
    config = small()
    config.disks.append(Disk.file(path, readonly=readonly))
    return completed(config)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image in a folder that everybody may enter."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o711)
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(512))
    return path


def test_a_guest_whose_files_are_there_passes(image: Path) -> None:
    preflight(with_disk(image))


def test_a_missing_image_is_named_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(XMLError, match=r"disk vda is not there: .*gone\.qcow2") as caught:
        preflight(with_disk(tmp_path / "gone.qcow2"))
    assert "qemu-img create" in (caught.value.hint or "")


def test_an_optional_image_may_be_missing(tmp_path: Path) -> None:
    config = with_disk(tmp_path / "gone.iso")
    config.disks[0].source.startup_policy = "optional"
    preflight(config)


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(XMLError, match="is a folder"):
        preflight(with_disk(tmp_path))


def test_a_file_is_no_block_device(image: Path) -> None:
    config = with_disk(image)
    config.disks[0].type = "block"
    with pytest.raises(XMLError, match="is no block device"):
        preflight(config)


@pytest.mark.parametrize("name", ["kernel", "initrd", "dtb"])
def test_a_missing_boot_file_is_named(name: str, image: Path) -> None:
    config = with_disk(image)
    setattr(config.os, name, f"/nowhere/{name}")
    with pytest.raises(XMLError, match=f"the {name} is not there: /nowhere/{name}"):
        preflight(config)


def test_a_relative_path_is_refused(image: Path) -> None:
    config = with_disk(image)
    config.os.kernel = "/vmlinuz"
    config = DomainConfig.parse(config.to_xml().replace("/vmlinuz", "vmlinuz"))
    with pytest.raises(XMLError, match="relative path vmlinuz"):
        preflight(config)


@needs_root
def test_an_image_that_the_user_may_not_read_is_named(image: Path) -> None:
    image.chmod(0o600)
    with pytest.raises(PermissionDenied, match="nobody may not read it"):
        preflight(with_disk(image), user=NOBODY)


@needs_root
def test_an_image_that_the_user_may_not_write_is_named(image: Path) -> None:
    image.chmod(0o644)
    with pytest.raises(PermissionDenied, match="nobody may not write to it"):
        preflight(with_disk(image), user=NOBODY)


@needs_root
def test_an_image_that_is_only_read_need_not_be_writable(image: Path) -> None:
    image.chmod(0o644)
    preflight(with_disk(image, readonly=True), user=NOBODY)


@needs_root
def test_a_folder_that_the_user_may_not_enter_is_named(image: Path) -> None:
    image.chmod(0o666)
    image.parent.chmod(0o700)
    with pytest.raises(PermissionDenied, match=f"may not enter {image.parent}"):
        preflight(with_disk(image), user=NOBODY)


@needs_root
def test_a_group_of_the_user_counts(image: Path) -> None:
    account = account_of(NOBODY)
    os.chown(image, 0, min(account.groups))
    image.chmod(0o660)
    assert account.refused(image, image.stat(), write=True) is None


def test_a_user_that_does_not_exist_is_refused(image: Path) -> None:
    with pytest.raises(ConfigError, match="no user 'nosuchuser'"):
        preflight(with_disk(image), user="nosuchuser")
