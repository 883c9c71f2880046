"""The profile that is made for a guest, compiled by the real parser, on a made-up host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import anyio
import pytest
from apparmorhost import AppArmorHost, patterns
from guests import bare_config

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.process.notes import Kind, notes
from aiovirt.drivers.qemu.process.ownprofile import GuestProfile, make_profile, noted_profile
from aiovirt.drivers.qemu.process.profiles import choose_profile
from aiovirt.drivers.qemu.process.undo import clear_away
from aiovirt.errors import Busy, HostError, ProcessFailed
from aiovirt.host.labels.rules import Rule

pytestmark = [pytest.mark.anyio, pytest.mark.real]

GUEST = UUID("0b716737-758a-489e-8169-54f5159afcde")
NAME = f"libvirt-{GUEST}"
QEMU = Rule("/usr/bin/qemu-system-x86_64", "rm", "qemu")
ODD = Rule('/images/a "b" {c}.img', "rwk", "libvirt-1-storage")


@pytest.fixture(params=[True, False], ids=["libvirt", "own"])
def host(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AppArmorHost:
    """Return a host with libvirt's template, and one without."""
    made = AppArmorHost(tmp_path / "host", with_libvirt=request.param)
    made.use(monkeypatch.setattr)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the guest's folder, in one whose name needs quotation marks."""
    path = tmp_path / "run of\na guest" / str(GUEST)
    (path / "qemu").mkdir(parents=True)
    return path


def config() -> DomainConfig:
    made = bare_config()
    made.uuid = GUEST
    assert choose_profile(made)
    return made


async def made(folder: Path, *rules: Rule) -> GuestProfile:
    return await make_profile(config(), folder, lambda: iter((QEMU, *rules)))


async def test_it_allows_what_it_was_made_for(host: AppArmorHost, folder: Path) -> None:
    own = Rule(str(folder / "qemu"), "rwk", "qemu", below=True)
    await made(folder, own, ODD)
    assert NAME.encode() in host.taken()
    allowed = patterns(folder / NAME)
    assert set(allowed(ODD.path)) == set("rwak")
    assert set(allowed(f"{folder}/qemu/secret")) == set("rwak")
    assert "m" in allowed(QEMU.path)
    assert allowed(f"{folder}/status.json") == allowed("/images/b") == allowed("/etc/shadow") == ""


async def test_it_becomes_wider_and_narrower(host: AppArmorHost, folder: Path) -> None:
    profile = await made(folder)
    host.taken()
    await profile.widen([ODD])
    assert host.taken()
    assert "w" in patterns(folder / NAME)(ODD.path)
    await profile.narrow({ODD.user}.__contains__)
    assert host.taken()
    assert patterns(folder / NAME)(ODD.path) == ""


@pytest.mark.usefixtures("host")
async def test_a_file_of_two_users_stays_until_both_are_gone(folder: Path) -> None:
    base = Rule("/images/base", "rk", "libvirt-2-storage")
    profile = await made(folder, base)
    await profile.widen([Rule(base.path, "rk", "libvirt-5-storage")])
    await profile.narrow({"libvirt-2-storage"}.__contains__)
    assert "r" in patterns(folder / NAME)(base.path)


async def test_nothing_is_loaded_that_is_in_force(host: AppArmorHost, folder: Path) -> None:
    profile = await made(folder, ODD)
    host.taken()
    await profile.widen([ODD, Rule(str(folder / "qemu/key"), "r", "key")])
    await profile.narrow({"nobody"}.__contains__)
    await profile.permit("query-status", {}, ())
    assert host.taken() == b""


@pytest.mark.usefixtures("host")
async def test_what_words_and_commands_name_is_allowed(folder: Path) -> None:
    profile = await made(folder)
    await profile.allow(("-chardev", "file,id=a,path=/one"))
    await profile.allow(("-chardev", "file,id=a,path=/two"), leaving_out=frozenset({"/two"}))
    await profile.permit("migrate", {"uri": "unix:/three"}, ())
    allowed = patterns(folder / NAME)
    assert [bool(allowed(path)) for path in ("/one", "/two", "/three")] == [True, False, True]


@pytest.mark.usefixtures("host")
async def test_what_it_is_handed_open_is_its_own_for_a_while(folder: Path) -> None:
    profile = await made(folder)
    path = folder / "dump"
    with path.open("wb") as file:
        await profile.permit("getfd", {"fdname": "dump"}, (file.fileno(),))
    assert set(patterns(folder / NAME)(str(path))) == set("awk")
    await profile.narrow({"fd-dump"}.__contains__)
    assert patterns(folder / NAME)(str(path)) == ""


@pytest.mark.usefixtures("host")
async def test_nothing_is_told_of_a_guest_that_has_ended(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profile = await made(folder)
    await clear_away(folder)
    await profile.narrow({"anybody"}.__contains__)
    assert not caplog.records


@pytest.mark.usefixtures("host")
async def test_what_the_parser_refuses_changes_nothing(folder: Path) -> None:
    profile = await made(folder)
    text = (folder / NAME).read_text()
    (folder / NAME).write_text(text.replace("#include <abs", "nonsense\n#include <abs", 1))
    before = (folder / f"{NAME}.files").read_bytes()
    with pytest.raises(ProcessFailed):
        await profile.widen([ODD])
    assert (folder / f"{NAME}.files").read_bytes() == before


@pytest.mark.usefixtures("host")
async def test_what_cannot_be_narrowed_stays(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profile = await made(folder, ODD)
    (folder / NAME).write_text("nonsense")
    await profile.narrow({ODD.user}.__contains__)
    assert "wider than it need be" in caplog.text
    assert "images" in (folder / f"{NAME}.files").read_text()


@pytest.mark.usefixtures("host")
async def test_changes_at_once_are_all_made(folder: Path) -> None:
    profile = await made(folder)
    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(profile.widen, [Rule(f"/images/{number}", "r", f"disk{number}")])
    allowed = patterns(folder / NAME)
    assert all(allowed(f"/images/{number}") for number in range(8))


async def test_who_gives_up_leaves_what_is_in_force(host: AppArmorHost, folder: Path) -> None:
    profile = await made(folder)
    host.taken()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await profile.widen([ODD])
    changed = "images" in (folder / f"{NAME}.files").read_text()
    assert bool(host.taken()) is changed


async def test_it_goes_with_the_guest(host: AppArmorHost, folder: Path) -> None:
    await made(folder)
    assert [(each.kind, each.what) for each in notes(folder)] == [(Kind.PROFILE, NAME)]
    await clear_away(folder)
    assert host.removed == NAME
    assert not folder.exists()


async def test_one_that_was_never_made_is_cleared_away_as_well(
    host: AppArmorHost, folder: Path
) -> None:
    """As after the end of the process between its note and the profile."""

    def look() -> Iterator[Rule]:
        raise HostError("the storage is gone")

    with pytest.raises(HostError, match="gone"):
        await make_profile(config(), folder, look)
    await clear_away(folder)
    assert host.removed == NAME


async def test_who_takes_the_guest_over_finds_its_profile(host: AppArmorHost, folder: Path) -> None:
    assert noted_profile(folder) is None
    await made(folder)
    found = noted_profile(folder)
    assert found is not None
    host.taken()
    await found.widen([ODD])
    assert host.taken()


async def test_rules_that_were_written_and_perhaps_not_loaded_are_loaded(
    host: AppArmorHost, folder: Path
) -> None:
    """As after the end of the process between the one and the other."""
    await made(folder, ODD)
    found = noted_profile(folder)
    assert found is not None
    host.taken()
    await found.widen([ODD])
    assert host.taken()
    await found.widen([ODD])
    assert host.taken() == b""


@pytest.mark.usefixtures("host")
async def test_a_host_whose_own_rules_are_broken_is_told_what_to_do(folder: Path) -> None:
    with pytest.raises(HostError, match="'web1' cannot have a profile") as caught:
        await make_profile(config(), folder, lambda: iter((QEMU,)), ("../nonsense>\n  nonsense",))
    assert caught.value.hint is not None
    assert "type='none'" in caught.value.hint


async def test_a_guest_of_the_same_uuid_that_runs_is_let_alone(
    host: AppArmorHost, folder: Path
) -> None:
    host.holds(NAME)
    host.confines(77, NAME)
    with pytest.raises(Busy, match="pid 77"):
        await made(folder)
    assert not notes(folder)
    assert host.taken() == b""


async def test_what_nobody_runs_in_is_made_anew(host: AppArmorHost, folder: Path) -> None:
    host.holds(NAME)
    await made(folder)
    assert host.taken()


async def test_who_watches_in_a_profile_of_his_own_may_go_on(
    host: AppArmorHost, folder: Path
) -> None:
    host.confines(os.getpid(), "/usr/sbin/aiovirtd")
    await made(folder)
    assert 'peer="/usr/sbin/aiovirtd"' in (folder / f"{NAME}.files").read_text()
    assert host.taken()


async def test_sound_and_graphics_are_included(host: AppArmorHost, folder: Path) -> None:
    await make_profile(config(), folder, lambda: iter((QEMU,)), ("dri-common", "no-such"))
    assert host.taken()
    assert patterns(folder / NAME)("/dev/dri/card0")
