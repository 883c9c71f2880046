"""The status of a running domain: the newest that is whole tells."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.store.status import Status, read_status, text_of, write_status
from aiovirt.errors import ProtocolError

pytestmark = pytest.mark.anyio


def status(number: int, phase: Literal["starting", "running"] = "running") -> Status:
    return Status(phase, number, "<domain/>", 0.0)


def read_number(folder: Path) -> int:
    found = read_status(folder)
    assert found is not None
    return found.id


async def test_the_newest_status_tells(tmp_path: Path) -> None:
    for number in range(3):
        await write_status(tmp_path, status(number))
    assert read_number(tmp_path) == 2


async def test_one_that_was_cut_off_does_not_tell_and_spoils_none_after_it(tmp_path: Path) -> None:
    await write_status(tmp_path, status(1))
    file = tmp_path / "status.json"
    with file.open("ab") as cut:
        cut.write(b'\n{"phase":"run')
    assert read_number(tmp_path) == 1
    await write_status(tmp_path, status(2))
    assert read_number(tmp_path) == 2


async def test_a_start_is_not_believed_whose_end_is_damaged(tmp_path: Path) -> None:
    await write_status(tmp_path, status(1, "starting"))
    await write_status(tmp_path, status(1))
    file = tmp_path / "status.json"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(ProtocolError, match="is damaged"):
        read_status(tmp_path)


async def test_the_file_begins_anew_when_it_is_long(tmp_path: Path) -> None:
    long = Status("running", 7, "x" * 100_000, 0.0)
    for _ in range(4):
        await write_status(tmp_path, long)
    assert (tmp_path / "status.json").stat().st_size < 2 * 100_000
    assert read_number(tmp_path) == 7


def test_a_configuration_is_read_back_with_its_secrets_and_what_stands_around_it() -> None:
    text = (
        "<!-- mine -->\n<domain type='qemu'>\n  <devices>\n"
        "    <graphics type='vnc' passwd='&quot;x'/>\n  </devices>\n</domain>\n"
    )
    again = DomainConfig.parse(text_of(DomainConfig.parse(text)))
    assert again.to_xml(secure=True) == text
