"""One daemon process for each file of tests, a guest in it, and programs run against it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import counterparts
import pytest
from daemonprocess import DaemonProcess, daemon_process
from labsamples import guest_xml

SCRIPTS = Path(__file__).with_name("scripts")
SYSTEM_PYTHON = "/usr/bin/python3"
LIMIT_S = 55

Run = Callable[..., str]


def run(*argv: str | Path, folder: Path) -> str:
    """Run a program at home in a folder; what it printed."""
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, f"{argv}: {done.stderr or done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """Run a daemon."""
    with daemon_process(tmp_path_factory.mktemp("d")) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Run:
    """Run a program that must succeed; give what it printed."""
    return lambda *argv: run(*argv, folder=tmp_path)


@pytest.fixture
def ask(program: Run) -> Callable[..., Any]:
    """Run one of the scripts by the system's Python; give what it answers."""
    counterparts.libvirt_python()

    def asked(script: str, *arguments: str) -> Any:  # noqa: ANN401 - what the script says
        return json.loads(program(SYSTEM_PYTHON, SCRIPTS / script, *arguments))

    return asked


@pytest.fixture
def guest(daemon: DaemonProcess, tmp_path: Path) -> Iterator[str]:
    """Run a guest on the daemon's QEMU; give its name."""
    counterparts.program("qemu-system-x86_64")
    document = tmp_path / "asked.xml"
    document.write_text(
        guest_xml("asked", devices="<memballoon model='virtio'/><video><model type='vga'/></video>")
    )
    virsh = (counterparts.program("virsh"), "-q", "-c", daemon.uri)
    run(*virsh, "define", document, folder=tmp_path)
    run(*virsh, "start", "asked", folder=tmp_path)
    yield "asked"
    run(*virsh, "destroy", "asked", folder=tmp_path)
    run(*virsh, "undefine", "asked", folder=tmp_path)
