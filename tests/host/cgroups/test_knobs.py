"""What is set of groups: in the real kernel's version 1, and as version 2 wants it written."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.cgroups import Group, Hierarchies
from aiovirt.host.cgroups.knobs import get, get_devices, put, put_devices, set_cpuset

MIB = 1 << 20


@pytest.mark.parametrize(
    ("name", "value"),
    [("shares", 2048), ("period", 50000), ("quota", 20000), ("memory", 64 * MIB), ("weight", 700)],
)
def test_the_kernel_has_what_was_put(group: Group, name: str, value: int) -> None:
    put(group, name, value)
    assert get(group, name) == value


@pytest.mark.parametrize("name", ["quota", "memory", "soft_memory", "swap"])
def test_a_limit_is_taken_back(group: Group, name: str) -> None:
    put(group, name, None)
    assert get(group, name) is None


def test_a_number_that_the_kernel_refuses_is_named(group: Group) -> None:
    with pytest.raises(ConfigError, match=r"'1' for cpu\.cfs_quota_us"):
        put(group, "quota", 1)


def test_a_controller_that_the_host_lacks_is_named(tmp_path: Path) -> None:
    lacking = Group(Hierarchies({"cpu": tmp_path}), PurePosixPath("one"))
    with pytest.raises(ResourceUnavailable, match="'memory'"):
        put(lacking, "memory", MIB)


def test_a_file_that_the_kernel_lacks_is_named(tmp_path: Path) -> None:
    lacking = Group(Hierarchies({"blkio": tmp_path}), PurePosixPath("one"))
    with pytest.raises(ResourceUnavailable, match=r"blkio\.weight"):
        put(lacking, "weight", 500)


def test_a_disk_is_throttled_by_its_number(group: Group) -> None:
    disk = next((path for path in map(Path, ("/dev/vda", "/dev/sda")) if path.exists()), None)
    if disk is None:
        pytest.skip("this host has no disk of a known name")
    put_devices(group, "read_bytes_sec", {disk: MIB})
    assert get_devices(group, "read_bytes_sec", [disk]) == {disk: MIB}
    put_devices(group, "read_bytes_sec", {disk: 0})
    assert get_devices(group, "read_bytes_sec", [disk]) == {}


def test_what_is_no_disk_cannot_be_throttled(group: Group, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no disk"):
        put_devices(group, "read_bytes_sec", {tmp_path: 1})


def test_processors_that_the_host_lacks_are_refused(group: Group) -> None:
    set_cpuset(group, cpus="0", nodes="0", migrate=True)
    with pytest.raises(ConfigError, match=r"cpuset\.cpus"):
        set_cpuset(group, cpus="4000")


def test_version_2_keeps_quota_and_period_in_one_file(unified: Group) -> None:
    path = unified.file("cpu", "cpu.max")
    path.write_text("max 100000\n")
    assert get(unified, "quota") is None
    put(unified, "period", 50000)
    assert path.read_text().startswith("max 50000")
    path.write_text("20000 50000\n")
    assert (get(unified, "quota"), get(unified, "period")) == (20000, 50000)


def test_version_2_has_words_beside_numbers(unified: Group) -> None:
    put(unified, "memory", None)
    put(unified, "weight", 300)
    assert unified.file("memory", "memory.max").read_text() == "max"
    assert unified.file("blkio", "io.weight").read_text() == "default 300"
    assert get(unified, "weight") == 300


def test_version_2_has_all_limits_of_a_disk_in_one_line(unified: Group) -> None:
    null = Path("/dev/null")
    path = unified.file("blkio", "io.max")
    put_devices(unified, "write_iops_sec", {null: 0})
    assert path.read_text() == "1:3 wiops=max"
    path.write_text("1:3 rbps=max wbps=max riops=70 wiops=max\n")
    assert get_devices(unified, "read_iops_sec", [null]) == {null: 70}
    assert get_devices(unified, "read_bytes_sec", [null]) == {}
