"""AppArmor, as the kernel shows it, in files of a made-up host."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.errors import HostError
from aiovirt.host.labels import apparmor


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a host that has AppArmor."""
    switch = tmp_path / "sys/module/apparmor/parameters/enabled"
    profiles = tmp_path / "sys/kernel/security/apparmor/profiles"
    for path, text in (
        (switch, "Y\n"),
        (profiles, "guest one (enforce)\nlsb_release (complain)\n"),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def current(root: Path, name: str, text: str) -> None:
    path = root / "proc/7/attr" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def test_a_host_has_it_that_says_so(root: Path, tmp_path: Path) -> None:
    assert apparmor.enabled(root)
    (root / "sys/module/apparmor/parameters/enabled").write_text("N\n")
    assert not apparmor.enabled(root)
    assert not apparmor.enabled(tmp_path / "none")


def test_profiles_have_modes(root: Path) -> None:
    assert apparmor.loaded(root) == {"guest one": "enforce", "lsb_release": "complain"}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="profiles"):
        apparmor.loaded(tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("guest one (enforce)\n", ("guest one", True)),
        ("guest (complain)", ("guest", False)),
        ("unconfined\n", ("unconfined", False)),
    ],
)
def test_a_process_has_a_profile(tmp_path: Path, text: str, found: tuple[str, bool]) -> None:
    current(tmp_path, "current", text)
    assert apparmor.current_profile(7, tmp_path) == found


def test_its_own_file_tells_better_than_the_one_that_is_shared(tmp_path: Path) -> None:
    current(tmp_path, "current", "system_u:system_r:svirt_t:s0")
    current(tmp_path, "apparmor/current", "guest (enforce)")
    assert apparmor.current_profile(7, tmp_path) == ("guest", True)
    assert apparmor.current_profile(8, tmp_path) is None
