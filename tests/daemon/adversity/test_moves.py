"""A guest that moves between two real daemons: whoever is killed, it runs at one of them alone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import counterparts
import pytest
from bootsectors import CHECKED, boot_image
from daemonprocess import DaemonProcess, daemon_process
from guests import none_left_running
from movingguests import checked_config

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

BOUND_S = 50


def until(holds: Callable[[], bool]) -> None:
    """Wait for something in other processes that tells nobody when it happens."""
    end = time.monotonic() + BOUND_S
    while not holds():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.05)


def virsh(daemon: DaemonProcess, *words: str) -> str:
    """Return what virsh prints; it may fail."""
    command = ["virsh", "-c", daemon.uri, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def running(daemon: DaemonProcess) -> list[str]:
    """Return the names of the guests whose processors go."""
    return virsh(daemon, "list", "--name", "--state-running").split()


def known(daemon: DaemonProcess) -> list[str]:
    """Return the names of all guests."""
    return virsh(daemon, "list", "--name", "--all").split()


@contextmanager
def moving(a: DaemonProcess, b: DaemonProcess, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Let virsh move the guest so slowly that it does not end, from its second pass on."""
    virsh(a, "migrate-setspeed", "mig1", "1")
    virsh(a, "migrate-setmaxdowntime", "mig1", "1")
    image = str(b.folder / "two.qcow2")
    document = b.folder / "there.xml"
    xml = virsh(a, "dumpxml", "--security-info", "--migratable", "mig1")
    document.write_text(xml.replace(str(a.folder / "one.qcow2"), image), encoding="utf-8")
    command = [
        *("virsh", "-c", a.uri, "migrate", "--live", "mig1", b.uri, "--copy-storage-all"),
        *("--xml", str(document), "--migrateuri", "tcp://127.0.0.1", *words),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as client:
        try:
            until(lambda: _passes(a) > 1)
            assert Path(image).exists()
            yield client
        finally:
            client.kill()


def _passes(daemon: DaemonProcess) -> int:
    for line in virsh(daemon, "domjobinfo", "mig1").splitlines():
        if line.startswith("Iteration:"):
            return int(line.split()[1])
    return 0


def goes_on_here_alone(a: DaemonProcess, b: DaemonProcess) -> None:
    """See that the guest runs at its source, changeable, and that nothing is at the other host."""
    until(lambda: running(a) == ["mig1"] and known(b) == [])
    until(lambda: not (b.folder / "two.qcow2").exists())
    until(lambda: "None" in virsh(a, "domjobinfo", "mig1"))
    nodes = '{"execute": "query-named-block-nodes", "arguments": {"flat": true}}'
    until(lambda: '"move-' not in virsh(a, "qemu-monitor-command", "mig1", nodes))
    assert "suspended" in virsh(a, "suspend", "mig1")
    until(lambda: "resumed" in virsh(a, "resume", "mig1"))  # once nothing is left of the move


def test_it_runs_at_one_of_them(tmp_path: Path, qemu: Path) -> None:
    assert qemu.exists()
    counterparts.program("virsh")
    with (
        none_left_running(tmp_path / "a/state/qemu"),
        none_left_running(tmp_path / "b/state/qemu"),
        daemon_process(tmp_path / "a") as a,
        daemon_process(tmp_path / "b") as b,
    ):
        config = checked_config(boot_image(a.folder / "one.qcow2", CHECKED))
        document = tmp_path / "mig1.xml"
        document.write_text(config.to_xml(), encoding="utf-8")
        virsh(a, "define", str(document))
        virsh(a, "start", "mig1")
        try:
            with moving(a, b) as client:
                client.kill()  # it calls both hosts
                goes_on_here_alone(a, b)
            with moving(a, b, "--p2p"):
                a.kill()  # it calls the other host
                until(lambda: known(b) == [])
                a.start()
                goes_on_here_alone(a, b)
            with moving(a, b, "--p2p"):
                b.kill()
                until(lambda: running(a) == ["mig1"])
                b.start()
                goes_on_here_alone(a, b)
        finally:
            for daemon in (a, b):
                virsh(daemon, "destroy", "mig1")
