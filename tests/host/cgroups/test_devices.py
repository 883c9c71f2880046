"""Devices that may be opened, by a list and by a program."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from aiovirt.host.cgroups import Group, Hierarchies
from aiovirt.host.cgroups.devices import (
    PTY_SLAVES,
    Allowed,
    allow,
    allow_only,
    device_at,
    program,
)

NULL, ZERO = Allowed("c", 1, 3), Allowed("c", 1, 5)
READ = 'for path; do head -c 0 "$path" 2>/dev/null && echo "$path"; done'


def opened_in(folder: Path, *paths: str) -> list[str]:
    """Which paths a process of a group can open."""
    script = f'echo $$ >"{folder}/cgroup.procs"; exec 2>&1; {READ}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *paths], check=False, capture_output=True, text=True
    )
    return done.stdout.split()


def test_a_path_leads_to_its_device(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    assert device_at(tmp_path / "link") == NULL
    assert device_at(tmp_path) is None
    assert device_at(tmp_path / "nothing") is None


def test_only_what_is_allowed_can_be_opened(group: Group) -> None:
    allow_only(group, [NULL, PTY_SLAVES])
    folder = group.folder("devices")
    assert folder is not None
    assert opened_in(folder, "/dev/null", "/dev/zero") == ["/dev/null"]
    allow(group, [ZERO])
    assert opened_in(folder, "/dev/null", "/dev/zero") == ["/dev/null", "/dev/zero"]


@pytest.fixture
def ruled() -> Iterator[Group]:
    """Return a group of the real kernel's version 2, whatever controllers it has."""
    mounts = Path("/proc/mounts").read_text().splitlines()
    top = next((Path(line.split()[1]) for line in mounts if " cgroup2 " in line), None)
    if top is None or not os.access(top, os.W_OK):
        pytest.skip("no control group of version 2 may be made here")
    made = Group(Hierarchies({}, top), PurePosixPath(f"aiovirt-test-{os.getpid()}"))
    folder = top / made.path
    folder.mkdir()
    yield made
    folder.rmdir()


def test_a_program_refuses_what_it_does_not_name(ruled: Group) -> None:
    folder = ruled.folders()[0]
    allow_only(ruled, [NULL, PTY_SLAVES])
    assert opened_in(folder, "/dev/null", "/dev/zero") == ["/dev/null"]
    allow(ruled, [ZERO], [NULL])
    assert opened_in(folder, "/dev/null", "/dev/zero") == ["/dev/null", "/dev/zero"]


def run(code: bytes, context: tuple[int, int, int]) -> int:
    """Carry a program out, as the kernel does."""
    registers, place = [0] * 5, 0
    words: list[tuple[int, int, int, int]] = list(struct.iter_unpack("=BBhi", code))
    while True:
        operation, which, offset, value = words[place]
        place += 1
        to = which & 15
        if operation == 0x61:
            registers[to] = context[offset // 4]
        elif operation == 0x54:
            registers[to] &= value
        elif operation == 0xB7:
            registers[to] = value
        elif operation == 0x55:
            place += offset if registers[to] != value else 0
        else:
            return registers[0]


@pytest.mark.parametrize(
    ("devices", "asked", "answer"),
    [
        ([NULL], (2, 1, 3), 1),
        ([NULL], (2, 1, 5), 0),
        ([NULL], (1, 1, 3), 0),
        ([PTY_SLAVES], (2, 136, 77), 1),
        ([NULL, ZERO], (2 | 6 << 16, 1, 5), 1),
        ([], (2, 1, 3), 0),
    ],
)
def test_a_program_says_yes_to_what_it_names(
    devices: Iterable[Allowed], asked: tuple[int, int, int], answer: int
) -> None:
    assert run(program(devices), asked) == answer
