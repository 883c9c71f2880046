"""Labels of SELinux for guests, with settings of a made-up host."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from guests import bare_config

from aiovirt.config import Disk, DomainConfig, SecurityLabel
from aiovirt.drivers.qemu.process.confinement import confine, labels_in_use
from aiovirt.drivers.qemu.process.notes import notes
from aiovirt.drivers.qemu.process.ownership import label_files, take_file_back
from aiovirt.errors import HostError, ResourceUnavailable

KVM, TCG = "system_u:system_r:svirt_t:s0", "system_u:system_r:svirt_tcg_t:s0"
IMAGE, CONTENT = "system_u:object_r:svirt_image_t:s0", "system_u:object_r:virt_content_t:s0"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """Return SELinux's settings."""
    contexts = tmp_path / "etc/targeted/contexts"
    contexts.mkdir(parents=True)
    (tmp_path / "etc/config").write_text("# comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n")
    (contexts / "virtual_domain_context").write_text(f"{KVM}\n{TCG}\n")
    (contexts / "virtual_image_context").write_text(f"{IMAGE}\n{CONTENT}\n")
    return tmp_path / "etc"


def labelled(kind: str, label: str | None = None) -> DomainConfig:
    config = bare_config()
    config.labels.append(SecurityLabel(model="selinux", type=kind, label=label))
    return config


def test_a_guest_and_its_images_have_the_same_categories(etc: Path) -> None:
    config = bare_config()
    labels = confine(config, (), etc=etc, enabled=True)
    assert labels is not None
    assert labels.process.startswith(f"{TCG}:c")
    assert labels.image == labels.process.replace(TCG, IMAGE)
    assert labels_in_use([config]) == {labels.process}


def test_categories_that_are_taken_are_not_given_again(
    etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([3, 4, 3, 4, 8, 2])
    monkeypatch.setattr("secrets.randbelow", lambda _limit: next(drawn))
    labels = confine(bare_config(), {f"{KVM}:c3,c5"}, etc=etc, enabled=True)
    assert labels is not None
    assert labels.process == f"{TCG}:c2,c8"


def test_a_label_that_is_given_is_kept(etc: Path) -> None:
    config = labelled("static", f"{KVM}:c7,c9")
    labels = confine(config, (), etc=etc, enabled=True)
    assert labels is not None
    assert (labels.process, labels.image) == (f"{KVM}:c7,c9", f"{IMAGE}:c7,c9")


def test_who_is_not_to_be_confined_has_no_labels(etc: Path) -> None:
    assert confine(labelled("none"), (), etc=etc, enabled=True) is None


def test_without_selinux_only_what_asks_for_it_is_refused() -> None:
    assert confine(bare_config(), (), enabled=False) is None
    with pytest.raises(ResourceUnavailable, match="no SELinux"):
        confine(labelled("dynamic"), (), enabled=False)


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="config"):
        confine(bare_config(), (), etc=tmp_path, enabled=True)


def test_files_get_the_labels_of_what_is_done_with_them(
    etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[tuple[str, str], bytes] = {}

    def read(path: Path, name: str) -> bytes:
        if (str(path), name) in kept:
            return kept[str(path), name]
        if name == "security.selinux":
            return b"old"
        raise OSError(errno.ENODATA, "none")

    monkeypatch.setattr(os, "getxattr", read)
    monkeypatch.setattr(os, "setxattr", lambda path, name, v: kept.update({(str(path), name): v}))
    monkeypatch.setattr(os, "removexattr", lambda path, name: kept.pop((str(path), name)))
    config = bare_config()
    for name in ("read", "write"):
        (tmp_path / name).touch()
        disk = Disk.file(str(tmp_path / name), target=f"sd{name[0]}", bus="scsi", format="raw")
        disk.readonly = name == "read"
        config.disks.append(disk)
    labels = confine(config, (), etc=etc, enabled=True)
    assert labels is not None
    label_files(config, tmp_path, labels)
    assert kept[str(tmp_path / "read"), "security.selinux"] == f"{CONTENT}\0".encode()
    assert kept[str(tmp_path / "write"), "security.selinux"] == f"{labels.image}\0".encode()
    for made in reversed(notes(tmp_path)):
        take_file_back(made)
    assert {value for (_, name), value in kept.items() if name == "security.selinux"} == {b"old\0"}
