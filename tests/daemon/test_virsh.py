"""virsh, unchanged, against the daemon's own process and the host in memory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import counterparts
import pytest
from daemonprocess import DaemonProcess, daemon_process

pytestmark = pytest.mark.real

DOCUMENT = """
<domain type='test'>
  <name>web1</name>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type>hvm</type></os>
</domain>
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    with daemon_process(tmp_path_factory.mktemp("daemon"), hosts={"qemu": False}) as running:
        yield running


def virsh(daemon: DaemonProcess, *words: str, status: int = 0) -> str:
    """Run one command; its output, and its errors where it is to fail."""
    program = counterparts.program("virsh")
    done = subprocess.run(
        [program, "-c", daemon.test_uri, *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def test_a_life(daemon: DaemonProcess, tmp_path: Path) -> None:
    document = tmp_path / "web1.xml"
    document.write_text(DOCUMENT)
    assert "defined from" in virsh(daemon, "define", str(document))
    assert "started" in virsh(daemon, "start", "web1")
    assert virsh(daemon, "domstate", "web1").split() == ["running"]
    assert "CPU(s):         2" in virsh(daemon, "dominfo", "web1")
    assert "web1" in virsh(daemon, "list", "--name").split()
    assert "destroyed" in virsh(daemon, "destroy", "web1")
    assert "web1" in virsh(daemon, "list", "--inactive", "--name").split()
    assert "undefined" in virsh(daemon, "undefine", "web1")


def test_what_is_not_there(daemon: DaemonProcess) -> None:
    assert "failed to get domain 'none'" in virsh(daemon, "dominfo", "none", status=1)


def test_bad_xml_names_its_place(daemon: DaemonProcess, tmp_path: Path) -> None:
    document = tmp_path / "bad.xml"
    document.write_text("<domain><name>x</name>")
    assert "line 1" in virsh(daemon, "define", str(document), status=1)


def test_a_reader_changes_nothing(daemon: DaemonProcess) -> None:
    assert "read only" in virsh(daemon, "-r", "destroy", "test", status=1)


def test_a_domain_ends_with_its_virsh(daemon: DaemonProcess, tmp_path: Path) -> None:
    document = tmp_path / "brief.xml"
    document.write_text(DOCUMENT.replace("web1", "brief"))
    virsh(daemon, "create", "--autodestroy", str(document))
    assert "brief" not in virsh(daemon, "list", "--all", "--name").split()
