"""The initramfs format, read back by the tool that everybody reads it with."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import counterparts
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.testing._cpio import Entry, archive, directory, regular, symlink


def listed(data: bytes) -> list[str]:
    busybox = counterparts.program("busybox")
    done = subprocess.run([busybox, "cpio", "-t"], input=data, capture_output=True, check=True)
    return done.stdout.decode().split()


@pytest.mark.real
def test_a_reader_finds_every_member_and_its_parents() -> None:
    data = archive([regular("etc/acpi/off", b"#!"), symlink("bin/sh", "busybox")])
    assert listed(data) == ["etc", "etc/acpi", "etc/acpi/off", "bin", "bin/sh"]


@pytest.mark.real
def test_content_and_mode_survive(tmp_path: Path) -> None:
    data = archive([regular("init", b"#!/bin/sh\n", executable=True)])
    busybox = counterparts.program("busybox")
    subprocess.run([busybox, "cpio", "-i"], input=data, cwd=tmp_path, check=True)
    assert (tmp_path / "init").read_bytes() == b"#!/bin/sh\n"
    assert stat.S_IMODE((tmp_path / "init").stat().st_mode) == 0o755


def test_the_same_entries_give_the_same_bytes() -> None:
    entries = [directory("dev"), regular("a", b"1")]
    assert archive(entries) == archive(entries)


def fields(member: bytes) -> list[int]:
    return [int(member[at : at + 8], 16) for at in range(6, 110, 8)]


@given(st.binary(max_size=9), st.text("abc", min_size=1, max_size=9))
def test_name_and_data_stand_at_multiples_of_four(data: bytes, name: str) -> None:
    made = archive([Entry(name, stat.S_IFREG, data)])
    size, name_size = fields(made)[6], fields(made)[11]
    begin = -(-(110 + name_size) // 4) * 4
    assert made[110 : 110 + name_size] == name.encode() + b"\0"
    assert made[begin : begin + size] == data
    assert made[-(-(begin + size) // 4) * 4 :].startswith(b"070701")
