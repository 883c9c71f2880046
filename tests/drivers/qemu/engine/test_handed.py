"""Files that a client hands over for disks: at the start, and plugged in."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu import open_driver
from aiovirt.drivers.qemu.engine.handed import HandedFiles
from aiovirt.errors import CallerError, ResourceUnavailable, XMLError
from aiovirt.interfaces import Definition, Devices, Lifecycle, Monitor
from aiovirt.model.uri import URI

OWNER = UUID(int=7)
DISK = (
    "<disk type='file'><driver name='qemu' type='raw'/><source file='/not/there' fdgroup='{0}'/>"
    "<target dev='vd{0}' bus='virtio'/></disk>"
)
GUEST = f"""
<domain type='qemu'><name>web1</name><memory unit='MiB'>16</memory>
  <os><type machine='pc'>hvm</type></os><features><acpi/></features>
  <devices>{DISK.format("a")}</devices></domain>"""


def config() -> DomainConfig:
    found = DomainConfig.parse(GUEST)
    found.uuid = OWNER
    return found


def test_what_is_lent_is_a_copy_that_ends_with_its_use(tmp_path: Path) -> None:
    handed = HandedFiles()
    own = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    handed.put(OWNER, "a", [own])
    with ExitStack() as use:
        ((lent,),) = handed.lend(config(), use).values()
        assert os.path.sameopenfile(lent, own)
    handed.close()
    os.close(own)


def test_a_domain_that_is_no_more_has_none(tmp_path: Path) -> None:
    handed, own = HandedFiles(), os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    for owner in (OWNER, UUID(int=8)):
        handed.put(owner, "a", [own])
    handed.drop(UUID(int=8))
    with ExitStack() as use:
        assert list(handed.lend(config(), use)) == ["a"]
    handed.drop(OWNER)
    with pytest.raises(XMLError, match="no files were handed over"), ExitStack() as use:
        handed.lend(config(), use)
    os.close(own)


def test_a_group_that_is_taken_back_is_not_known(tmp_path: Path) -> None:
    handed = HandedFiles()
    own = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    handed.put(OWNER, "a", [own])
    os.close(own)
    handed.put(OWNER, "a", [])
    with ExitStack() as use, pytest.raises(XMLError, match="no files were handed over"):
        handed.lend(config(), use)


def test_a_file_must_be_open() -> None:
    with pytest.raises(CallerError, match="group 'a' is not open"):
        HandedFiles().put(OWNER, "a", [1 << 20])


@pytest.fixture
def one_more(tmp_path: Path) -> Iterator[int]:
    """A file beside which this process may open one more."""
    own = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield own
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    os.close(own)


def leave_one(own: int) -> None:
    """Let only one file more be opened: below the lowest free number all are taken."""
    os.close(free := os.dup(own))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))


def test_out_of_files_nothing_is_lent_nor_kept(one_more: int) -> None:
    handed = HandedFiles()
    handed.put(OWNER, "a", [one_more] * 2)
    leave_one(one_more)
    with pytest.raises(ResourceUnavailable, match="group 'a' open"), ExitStack() as use:
        handed.lend(config(), use)
    with pytest.raises(ResourceUnavailable, match="group 'b' open"):
        handed.put(OWNER, "b", [one_more] * 2)
    os.close(os.dup(one_more))
    handed.close()


def test_disks_of_one_group_share_what_they_are_lent(one_more: int) -> None:
    handed = HandedFiles()
    handed.put(OWNER, "a", [one_more])
    both = config()
    both.disks = [both.disks[0], both.disks[0].copy()]
    leave_one(one_more)
    with ExitStack() as use:
        assert list(handed.lend(both, use)) == ["a"]
    handed.close()


@pytest.mark.anyio
@pytest.mark.real
async def test_disks_are_files_that_a_client_has_opened(root: Path, tmp_path: Path) -> None:
    files = {}
    for name in "ab":
        (tmp_path / name).write_bytes(bytes(65536))
        files[name] = os.open(tmp_path / name, os.O_RDWR)
        (tmp_path / name).unlink()
    async with open_driver(URI.parse(f"qemu:///embed?root={root}")) as driver:
        definition, devices = driver.ability(Definition), driver.ability(Devices)
        key = await definition.define(DomainConfig.parse(GUEST))
        with pytest.raises(XMLError, match="'a'"):
            await driver.ability(Lifecycle).start(key)
        for name, each in files.items():
            await definition.associate_files(key, name, [each])
            os.close(each)
        await driver.ability(Lifecycle).start(key, paused=True)
        await devices.attach_device(key, DISK.format("b"))
        told = await driver.ability(Monitor).monitor_command(key, "query-fdsets")
        assert isinstance(told, list)
        assert sorted(each["fds"][0]["opaque"] for each in told) == ["a", "b"]
        await driver.ability(Lifecycle).destroy(key)
