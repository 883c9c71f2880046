"""AppArmor, as the kernel shows it, in files of a made-up host."""

from __future__ import annotations

from pathlib import Path

import pytest
from apparmorhost import AppArmorHost

from aiovirt.errors import HostError, ProcessFailed, ResourceUnavailable
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


# --- coming and going -----------------------------------------------------------------------------

PROFILE = "#include <tunables/global>\nprofile guest {\n  #include <guest.files>\n}\n"


@pytest.fixture
def made(tmp_path: Path) -> AppArmorHost:
    return AppArmorHost(tmp_path / "made up")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "a folder/guest"
    path.parent.mkdir()
    path.write_text(PROFILE)
    (path.parent / "guest.files").write_text('"/images/a" rw,\n')
    return path


@pytest.mark.anyio
@pytest.mark.real
async def test_the_kernel_is_given_a_profile(made: AppArmorHost, profile: Path) -> None:
    assert apparmor.can_load(made.root)
    await apparmor.load(profile, made.root)
    assert b"guest\0" in made.taken()


@pytest.mark.anyio
@pytest.mark.real
async def test_a_profile_with_a_fault_is_told_in_the_parsers_words(
    made: AppArmorHost, profile: Path
) -> None:
    profile.write_text(PROFILE.replace("}", "  nonsense,\n}"))
    with pytest.raises(ProcessFailed, match="AppArmor parser error"):
        await apparmor.load(profile, made.root)
    assert made.taken() == b""


@pytest.mark.real
def test_a_profile_is_taken_from_the_kernel_by_its_name(made: AppArmorHost) -> None:
    apparmor.unload("libvirt-1", made.root)
    assert made.removed == "libvirt-1"


def test_one_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    apparmor.unload("libvirt-1", tmp_path)


def test_one_that_cannot_be_taken_is_told(tmp_path: Path) -> None:
    (tmp_path / "sys/kernel/security/apparmor/.remove").mkdir(parents=True)
    with pytest.raises(HostError, match="libvirt-1"):
        apparmor.unload("libvirt-1", tmp_path)


@pytest.mark.anyio
@pytest.mark.real
async def test_a_parser_that_is_not_there_is_named(
    made: AppArmorHost, profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apparmor, "_PATH", str(tmp_path))
    assert not apparmor.can_load(made.root)
    with pytest.raises(ResourceUnavailable, match="apparmor_parser"):
        await apparmor.load(profile, made.root)


@pytest.mark.real
def test_processes_of_a_profile_are_found(made: AppArmorHost) -> None:
    for pid, name in ((70, "guest"), (8, "guest"), (9, "other")):
        made.confines(pid, name)
    assert apparmor.confined("guest", made.root) == [8, 70]
    assert apparmor.confined("none", made.root) == []
