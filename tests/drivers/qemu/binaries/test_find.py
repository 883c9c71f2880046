"""Finding emulators, and saying which package brings a missing one."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.drivers.qemu.binaries import find as module
from aiovirt.drivers.qemu.binaries import find_emulator, known_emulators
from aiovirt.errors import ConfigError, ExecutableNotFound


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(folder: Path, name: str) -> Path:
    path = folder / name
    path.touch(mode=0o755)
    return path


def test_the_binary_has_the_targets_name(folder: Path) -> None:
    path = install(folder, "qemu-system-aarch64")
    assert find_emulator("aarch64") == path


def test_libvirts_words_become_qemus(folder: Path) -> None:
    path = install(folder, "qemu-system-arm")
    assert find_emulator("armv7l") == path


def test_the_hosts_own_may_be_called_qemu_kvm(folder: Path) -> None:
    path = install(folder, "qemu-kvm")
    assert find_emulator(module.host_arch()) == path


def test_a_missing_binary_comes_with_its_package(folder: Path) -> None:
    assert folder.exists()
    with pytest.raises(ExecutableNotFound, match="qemu-system-s390x") as caught:
        find_emulator("s390x")
    assert "apt install qemu-system-misc" in (caught.value.hint or "")


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ConfigError, match="vax"):
        find_emulator("vax")


def test_the_installed_ones_are_listed(folder: Path) -> None:
    arm, x86 = install(folder, "qemu-system-aarch64"), install(folder, "qemu-system-x86_64")
    assert dict(known_emulators()) == {"aarch64": arm, "x86_64": x86}
