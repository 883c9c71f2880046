"""The host's devices that a guest may use."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from aiovirt.drivers.qemu.process.devices import admit, named_devices, permit
from aiovirt.drivers.qemu.process.notes import Kind, notes
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.host.cgroups import Group, Hierarchies

pytestmark = pytest.mark.anyio


@pytest.fixture
def group(tmp_path: Path) -> Group:
    """Return a group of plain files."""
    made = Group(Hierarchies({"devices": tmp_path / "devices"}), PurePosixPath("one"))
    made.folders()[0].mkdir(parents=True)
    for name in ("devices.allow", "devices.deny"):
        (made.folders()[0] / name).touch()
    return made


@pytest.mark.parametrize(
    ("word", "paths"),
    [
        ('{"driver":"host_device","filename":"/dev/sda","node-name":"x"}', ["/dev/sda"]),
        ("file=/dev/vg0/lv-1,if=none", ["/dev/vg0/lv-1"]),
        ("guest=/devices/x", []),
        ("path=/dev/ttyS0", ["/dev/ttyS0"]),
        ("-chardev", []),
    ],
)
def test_devices_are_found_in_the_words_of_a_command_line(word: str, paths: list[str]) -> None:
    assert list(named_devices([word])) == list(map(Path, paths))


def test_a_folder_stands_for_all_in_it() -> None:
    assert (
        Path("/dev/net/tun") in list(named_devices(["/dev/net"])) or not Path("/dev/net").exists()
    )


def test_a_guest_may_open_what_its_command_line_names(group: Group) -> None:
    permit(group, ["filename=/dev/null"])
    folder = group.folders()[0]
    assert (folder / "devices.deny").read_text() == "a"
    assert "c 1:3 rw" in (folder / "devices.allow").read_text()


async def test_what_it_gets_later_is_noted_and_allowed(group: Group, tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as process:  # noqa: ASYNC220  it starts at once
        await admit(Settings(tmp_path), tmp_path, group, process.pid, ["path=/dev/zero"])
        process.kill()
    assert (group.folders()[0] / "devices.allow").read_text() == "c 1:5 rw"
    assert [(each.kind, each.what) for each in notes(tmp_path)] == [(Kind.DEVICE, "/dev/zero")]


async def test_without_devices_nothing_is_done(group: Group, tmp_path: Path) -> None:
    await admit(Settings(tmp_path), tmp_path, group, os.getpid(), ["-device", "virtio-net"])
    assert notes(tmp_path) == []
