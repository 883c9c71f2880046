"""virt-install, virt-xml and virt-clone drive the daemon's process as they do libvirtd's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import counterparts
import pytest
from daemonprocess import DaemonProcess
from labsamples import disk

from aiovirt.config import DomainConfig
from aiovirt.model.units import MiB
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = pytest.mark.real

NAME, COPY = "installed", "installed-clone"
Run = Callable[..., str]


@pytest.fixture
def virsh(daemon: DaemonProcess, program: Run) -> Run:
    """Run virsh against the daemon's QEMU."""
    return lambda *words: program(counterparts.program("virsh"), "-q", "-c", daemon.uri, *words)


@pytest.fixture
def installed(
    daemon: DaemonProcess, program: Run, virsh: Run, tiny_guest: TinyGuest, tmp_path: Path
) -> Iterator[str]:
    """Import a guest, whose disk is empty and which boots by its kernel; it runs."""
    install = counterparts.program("virt-install")
    image = disk(tmp_path / "disk.qcow2")
    program(
        *(install, "--connect", daemon.uri, "--import", "--name", NAME),
        *("--memory", "128", "--vcpus", "1", "--osinfo", "detect=off,require=off"),
        *("--disk", f"{image},format=qcow2", "--network", "none", "--graphics", "vnc"),
        "--boot",
        f"kernel={tiny_guest.kernel},initrd={tiny_guest.initrd},kernel_args={tiny_guest.cmdline}",
        *("--noautoconsole", "--virt-type", "qemu"),
    )
    yield NAME
    if NAME in virsh("list", "--name").split():
        virsh("destroy", NAME)
    for name in virsh("list", "--all", "--name").split():
        virsh("undefine", name)
    for name in virsh("pool-list", "--all", "--name").split():
        virsh("pool-destroy", name)  # made on the way, as on every host that has pools


def test_a_guest_is_imported_edited_and_cloned(
    daemon: DaemonProcess, program: Run, virsh: Run, installed: str, tmp_path: Path
) -> None:
    assert virsh("domstate", installed).strip() == "running"
    edit = (counterparts.program("virt-xml"), "--connect", daemon.uri, installed)
    program(*edit, "--edit", "--memory", "100", "--define")
    program(*edit, "--add-device", "--rng", "/dev/urandom", "--define")
    config = DomainConfig.parse(virsh("dumpxml", installed, "--inactive"))
    assert config.current_memory == MiB(100)
    assert [rng.backend.path for rng in config.rngs] == ["/dev/urandom"]

    virsh("destroy", installed)
    program(
        *(counterparts.program("virt-clone"), "--connect", daemon.uri, "--original", installed),
        *("--name", COPY, "--file", tmp_path / "copy.qcow2"),
    )
    assert (tmp_path / "copy.qcow2").exists()
    assert set(virsh("list", "--all", "--name").split()) == {installed, COPY}
