"""A ``/dev`` of a process's own."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiovirt.errors import HostError
from aiovirt.host.namespaces import add_device, make_dev

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
SCRIPT = "echo ready; read go; echo $(cd /dev; find . -type c | sort)"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """Return a process that waits in a mount namespace of its own, then lists its devices."""
    command = ["unshare", "--mount", "--propagation", "unchanged", "/bin/sh", "-c", SCRIPT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
        started.kill()


def devices(process: subprocess.Popen[str]) -> list[str]:
    said, _ = process.communicate("go\n")
    return [name for name in said.split() if not name.startswith("./pts/")]


def test_a_process_sees_only_its_devices(process: subprocess.Popen[str], tmp_path: Path) -> None:
    before = Path("/proc/self/mounts").read_text()
    wanted = [Path("/dev/null"), Path("/dev/zero"), Path("/dev/no-such")]
    make_dev(process.pid, tmp_path, wanted, (4001, 4002))
    add_device(process.pid, Path("/dev/full"), None)
    add_device(process.pid, Path("/dev/full"), None)
    inside = Path(f"/proc/{process.pid}/root/dev")
    assert stat.S_IMODE((inside / "zero").stat().st_mode) == 0o666
    assert devices(process) == ["./full", "./null", "./zero"]
    assert Path("/proc/self/mounts").read_text() == before
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_not_all_may_use_is_given_to_its_user(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    private = next(
        (each for each in Path("/dev").iterdir() if each.is_char_device() and _private(each)), None
    )
    if private is None:
        pytest.skip("this host has no device for root alone")
    make_dev(process.pid, tmp_path, [private], (4001, 4002))
    found = Path(f"/proc/{process.pid}/root{private}").stat()
    assert (found.st_uid, found.st_gid) == (4001, 4002)


def _private(path: Path) -> bool:
    return not path.is_symlink() and not path.stat().st_mode & stat.S_IWOTH


def test_a_process_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="4194305"):
        make_dev(2**22 + 1, tmp_path, [], None)


def test_a_process_without_a_namespace_of_its_own_is_let_alone(tmp_path: Path) -> None:
    before = Path("/proc/self/mounts").read_text()
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        with pytest.raises(HostError, match="of its own"):
            make_dev(process.pid, tmp_path, [], None)
        process.kill()
    assert Path("/proc/self/mounts").read_text() == before
