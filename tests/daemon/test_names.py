"""Under libvirt's own names: clients that know nothing of us find the daemon."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import counterparts
import pytest
from daemonprocess import DaemonProcess

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """Return a daemon with a /run of its own, where no libvirtd is."""
    apart = [str(counterparts.program("unshare")), "--user", "--map-root-user", "--mount"]
    script = 'mount -t tmpfs none /run && exec "$@"'
    settings: dict[str, dict[str, str | bool]] = {
        "sockets": {"folder": "/run/libvirt", "libvirt_names": True}
    }
    folder = tmp_path_factory.mktemp("daemon")
    with DaemonProcess(folder, settings, prefix=[*apart, "sh", "-c", script, "sh"]) as running:
        running.start()
        yield running


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("virsh -c test+unix:///default list --name", "test\n\n"),
        ("virsh -c qemu:///system uri", "qemu:///system\n\n"),
        ("virsh -r -c qemu:///system list --all --name", "\n"),
        ("virt-admin srv-list", " Id   Name\n----------------\n 0    libvirtd\n 1    admin\n\n"),
    ],
)
def test_libvirts_programs_find_it_unmodified(
    daemon: DaemonProcess, command: str, shown: str
) -> None:
    name, *words = command.split()
    there = ["-t", str(daemon.pid), "--user", "--mount", "--preserve-credentials"]
    found = subprocess.run(
        [counterparts.program("nsenter"), *there, counterparts.program(name), *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.stdout == shown, found.stderr
